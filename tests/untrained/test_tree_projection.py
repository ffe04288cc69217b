"""Contextual invariance is that of spans read one by one, and the projection the planted constituents."""

import numpy as np
import pytest

from tests.extraction import zoo
from tests.untrained import pair_by_pair
from tests.untrained.planted import WORDS, planted_encoder
from treeprobe.untrained import project, span_invariance


@pytest.mark.parametrize("name", ["bert", "roberta", "distilbert", "deberta-v2", "gpt2"])
def test_invariance_is_that_of_one_span_at_a_time(name: str) -> None:
    encoder = zoo.encoder(name)
    found = span_invariance(encoder, zoo.SENTENCES)
    for words, chart in zip(zoo.SENTENCES, found, strict=True):
        assert chart == pytest.approx(pair_by_pair.invariance(encoder, words), abs=1e-5)
    # Embeddings see no context, the blocks do: except for what stands left of all else in a causal model.
    assert found[0][0].max() < 1e-5
    assert found[0][-1].max() > 1e-4


def test_a_span_without_a_subword_is_left_out() -> None:
    encoder = zoo.encoder("bert")
    (chart,) = span_invariance(encoder, [["the", "", "", "cabinet"]])
    assert not chart[:, 1, 2].any()
    assert chart == pytest.approx(pair_by_pair.invariance(encoder, ["the", "", "", "cabinet"]), abs=1e-5)


def constituents(words: int) -> np.ndarray:
    """The levels at which two words meet in the tree ((0 1) (2 3)) ((4 5) (6 7)): 1 in a pair, 2, 3."""
    places = np.arange(words)
    return np.array([[int(a ^ b).bit_length() for b in places] for a in places])


def test_the_planted_constituents_are_the_projection() -> None:
    levels = constituents(8)
    encoder, _ = planted_encoder(-3.0 * levels)
    generator = np.random.default_rng(0)
    sentences = [generator.choice(WORDS, 8).tolist() for _ in range(10)]
    for chart in span_invariance(encoder, sentences):
        ignorant, found = project(chart)
        spans = {tuple(span) for span in found.brackets.tolist()}
        assert spans == {(0, 1), (2, 3), (4, 5), (6, 7), (0, 3), (4, 7), (0, 7)}
        assert found.score > 0.1
        assert abs(ignorant.score) < 1e-5  # embeddings: every tree is as good
