"""Statistics of heads on a GPU, beside the CPU."""

import copy
from dataclasses import fields
from itertools import chain

import numpy as np
import pytest

from treeprobe.attention import (
    ChosenHead,
    ablation_effects,
    best_head_sentences,
    best_heads,
    ensemble_trees,
    head_divergences,
    head_tree_tallies,
    offset_baseline,
    pair_features,
    survey_heads,
    weighted_norms,
)
from treeprobe.extraction import Encoder, extract, stream_attention
from treeprobe.parsing import Sentence

pytestmark = pytest.mark.cuda


@pytest.fixture(scope="module")
def on_cuda(small_encoder: Encoder) -> Encoder:
    model = copy.deepcopy(small_encoder.model)
    return Encoder.from_parts(model, small_encoder.tokenizer, name="small", device="cuda")


def words(sentences: list[Sentence]) -> list[tuple[str, ...]]:
    return [sentence.words for sentence in sentences]


def test_the_survey_is_the_same(small_encoder: Encoder, on_cuda: Encoder, sentences: list[Sentence]) -> None:
    here, there = (survey_heads(stream_attention(e, words(sentences)), sentences) for e in (small_encoder, on_cuda))
    for field in fields(here.behaviour):
        expected, found = (getattr(survey.behaviour, field.name) for survey in (here, there))
        np.testing.assert_allclose(found, expected, atol=2e-3, err_msg=field.name)
    np.testing.assert_array_equal(there.relations.totals, here.relations.totals)
    np.testing.assert_array_equal(there.relations.offsets, here.relations.offsets)
    # The most-attended word may turn on the last digit.
    assert np.abs(there.relations.accuracy - here.relations.accuracy).max() < 0.02
    best = best_heads(there.relations, offset_baseline(there.relations))
    assert best_head_sentences(stream_attention(on_cuda, words(sentences)), sentences, best)


def test_trees_divergences_and_features_are_the_same(
    small_encoder: Encoder, on_cuda: Encoder, sentences: list[Sentence]
) -> None:
    def stream(encoder: Encoder):
        return stream_attention(encoder, words(sentences))

    here, there = (head_tree_tallies(stream(e), sentences) for e in (small_encoder, on_cuda))
    for expected, found in zip(chain(*here), chain(*there)):
        assert found.value == pytest.approx(expected.value, abs=0.01)
    expected, found = (head_divergences(stream(e)) for e in (small_encoder, on_cuda))
    np.testing.assert_allclose(found, expected, atol=1e-3)
    for one, other in zip(pair_features(stream(small_encoder)), pair_features(stream(on_cuda))):
        assert one.index == other.index
        np.testing.assert_allclose(other.attention, one.attention, atol=2e-3)
    heads = [ChosenHead(0, 0, "to head"), ChosenHead(1, 1, "to dependent")]
    assert ensemble_trees(stream(on_cuda), sentences, heads).keys() == set(range(len(sentences)))
    for one, other in zip(
        weighted_norms(small_encoder, words(sentences)[:5]), weighted_norms(on_cuda, words(sentences)[:5])
    ):
        np.testing.assert_allclose(other.attention.cpu(), one.attention, rtol=1e-3, atol=1e-3)


def test_ablations_have_the_same_effects(small_encoder: Encoder, on_cuda: Encoder, sentences: list[Sentence]) -> None:
    def mean_of_states(encoder: Encoder) -> float:
        return float(extract(encoder, words(sentences)).read(slice(None), [2])[..., :3].mean())

    for ablation in ("zero", "uniform"):
        here, there = (
            ablation_effects(encoder, lambda encoder=encoder: mean_of_states(encoder), ablation=ablation)
            for encoder in (small_encoder, on_cuda)
        )
        np.testing.assert_allclose(there["value"], here["value"], atol=1e-3)
        assert np.ptp(here["value"]) > 0
