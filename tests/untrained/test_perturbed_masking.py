"""Impacts are those of the slow equations, and give the planted tree."""

import numpy as np
import pytest
import torch

from tests.behaviour.conftest import speaker
from tests.extraction import zoo
from tests.untrained import pair_by_pair
from tests.untrained.planted import neighbours, planted_encoder, planted_heads, sentence_of, tree_bank
from treeprobe.extraction import Encoder
from treeprobe.parsing import score_distances
from treeprobe.untrained import PerturbationError, impact_matrices


def with_head(name: str) -> tuple[Encoder, Encoder]:
    """A random model of a family, and the same with its masked-LM head."""
    head = speaker(name).encoder
    return Encoder.from_parts(head.model.base_model, head.tokenizer, name=name), head


@pytest.mark.parametrize("name", ["bert", "roberta", "deberta-v2"])
def test_impacts_are_those_of_two_passes_a_pair(name: str) -> None:
    encoder, head = with_head(name)
    sentences = [words[:8] for words in zoo.SENTENCES]
    found = impact_matrices(encoder, sentences, head=head)
    for words, matrices in zip(sentences, found):
        distances, falls = pair_by_pair.impacts(encoder, words, head)
        assert matrices.distances == pytest.approx(distances, abs=2e-5)
        assert matrices.probabilities == pytest.approx(falls, abs=1e-6)
    assert np.abs(found[0].distances[-1]).max() > 0.01  # not all of nothing


def test_without_a_head_there_are_distances_alone() -> None:
    encoder, head = with_head("bert")
    (with_it,) = impact_matrices(encoder, zoo.SENTENCES[:1], head=head)
    (without,) = impact_matrices(encoder, zoo.SENTENCES[:1])
    assert without.probabilities is None
    assert without.distances == pytest.approx(with_it.distances, abs=1e-6)


def test_what_else_is_in_the_batch_does_not_matter() -> None:
    encoder, _ = with_head("bert")
    together = impact_matrices(encoder, zoo.SENTENCES)
    for words, matrices in zip(zoo.SENTENCES, together):
        assert matrices.distances == pytest.approx(impact_matrices(encoder, [words])[0].distances, abs=2e-5)


def test_a_sentence_takes_one_pass_for_every_word_and_every_two(monkeypatch: pytest.MonkeyPatch) -> None:
    encoder, _ = with_head("bert")
    passes = []
    inner = Encoder.hidden_states

    def counted(self: Encoder, ids: torch.Tensor, *rest: object, **options: object) -> tuple[torch.Tensor, ...]:
        passes.append(len(ids))
        return inner(self, ids, *rest, **options)

    impact_matrices(encoder, [["the"]])  # the check that the model reads both sides is a pass too
    monkeypatch.setattr(Encoder, "hidden_states", counted)
    impact_matrices(encoder, zoo.SENTENCES[:2])
    sizes = [len(words) for words in zoo.SENTENCES[:2]]
    assert sum(passes) == 2 + sum(size * (size + 1) // 2 for size in sizes)  # 2 of the check


def test_a_word_without_a_subword_has_no_impact() -> None:
    encoder, _ = with_head("bert")
    (found,) = impact_matrices(encoder, [["the", "", "cabinet"]])
    assert not found.distances[:, 1].any()
    assert not found.distances[:, :, 1].any()
    assert found.distances[-1, 0, 2] > 0


def test_the_planted_tree_is_found_where_the_model_has_it() -> None:
    encoder, _ = planted_encoder(neighbours(planted_heads()))
    bank = tree_bank(20)
    found = impact_matrices(encoder, bank.words)

    def uuas(layer: int) -> float:
        both = [np.maximum(one.distances[layer], one.distances[layer].T) for one in found]
        return score_distances(bank, [one.max() - one for one in both], punctuation="none")["uuas"].value

    assert uuas(1) > 0.99
    assert uuas(0) < 0.5  # embeddings know no neighbours


def test_probabilities_fall_where_a_neighbour_is_masked_too() -> None:
    heads = planted_heads()
    encoder, head = planted_encoder(neighbours(heads))
    sentence = sentence_of(["cat"] * len(heads), heads)
    (found,) = impact_matrices(encoder, [sentence.words], head=head)
    assert found.probabilities is not None
    assert ((found.probabilities > 1e-3) == (sentence.distances == 1)).all()


def test_models_without_a_mask_or_a_right_context_are_refused() -> None:
    with pytest.raises(PerturbationError, match="reads from left to right"):
        impact_matrices(zoo.encoder("gpt2"), zoo.SENTENCES)
    encoder = zoo.encoder("bert")
    assert encoder.tokenizer.mask_token is None
    with pytest.raises(PerturbationError, match="no mask token"):
        impact_matrices(encoder, zoo.SENTENCES)


def test_memory_is_bounded_by_reading_in_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    encoder, _ = with_head("bert")
    whole = impact_matrices(encoder, zoo.SENTENCES)
    monkeypatch.setattr("treeprobe.untrained.chunks._PASSES", 30)
    for one, other in zip(whole, impact_matrices(encoder, zoo.SENTENCES)):
        assert one.distances == pytest.approx(other.distances, abs=2e-5)
