"""Behaviour and relations of planted heads, against slow sums one word at a time."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from tests.attention.planted import batches_of, noise, to_heads
from treeprobe.attention import RelationError, survey_heads
from treeprobe.attention.behaviour import correlation_ratio
from treeprobe.attention.relations import LONGEST_OFFSET, relations_of
from treeprobe.parsing import Sentence


def shifted(offset: int):
    return lambda sentence: 50.0 * np.eye(len(sentence), k=offset)


PLANTED = [[to_heads, shifted(1), noise(0)], [lambda s: to_heads(s).T, lambda s: to_heads(s, "obj"), shifted(-1)]]


def slow_accuracy(batches, sentences, relation, direction, layer, head):
    right = total = 0
    for batch in batches:
        for row, index in enumerate(batch.indices):
            sentence = sentences[index]
            weights = batch.attention[layer, row, head, 1 : 1 + len(sentence), 1 : 1 + len(sentence)].numpy().copy()
            np.fill_diagonal(weights, -1)
            for dependent, governor in enumerate(sentence.heads):
                if governor >= 0 and sentence.relations[dependent] == relation:
                    query, key = (dependent, governor) if direction == 0 else (governor, dependent)
                    right += int(weights[query].argmax() == key)
                    total += 1
    return right / total


def test_every_accuracy_is_that_of_counting_one_edge_at_a_time(sentences) -> None:
    batches = batches_of(sentences, PLANTED)
    counts = survey_heads(batches, sentences).relations
    for place, relation in enumerate(counts.relations):
        for direction, layer, head in np.ndindex(2, 2, 3):
            expected = slow_accuracy(batches, sentences, relation, direction, layer, head)
            assert counts.accuracy[place, direction, layer, head] == pytest.approx(expected)


def test_a_planted_head_is_always_right_and_noise_is_not(sentences) -> None:
    counts = survey_heads(batches_of(sentences, PLANTED), sentences).relations
    assert (counts.accuracy[:, 0, 0, 0] == 1).all()
    assert counts.accuracy[counts.relations.index("obj"), 0, 1, 1] == 1
    assert (counts.accuracy[:, :, 0, 2] < 0.6).all()


def test_subtypes_are_cut() -> None:
    sentence = Sentence(("a", "b"), (1, -1), ("nsubj:pass", "root"), ("X",) * 2, ("X",) * 2, (True,) * 2)
    assert relations_of([sentence]) == ("nsubj",)


def test_results_do_not_depend_on_batches(sentences) -> None:
    one, many = (survey_heads(batches_of(sentences, PLANTED, size=size), sentences) for size in (120, 3))
    np.testing.assert_array_equal(one.relations.correct, many.relations.correct)
    for name, values in vars(one.behaviour).items():
        np.testing.assert_allclose(values, getattr(many.behaviour, name), rtol=1e-4, err_msg=name)


def test_behaviour_is_that_of_summing_one_word_at_a_time(sentences) -> None:
    batches = batches_of(sentences, PLANTED)
    found = survey_heads(batches, sentences).behaviour
    rows, weights, offsets = [], [], []
    for batch in batches:
        for row, index in enumerate(batch.indices):
            sentence = sentences[index]
            marks = np.array([tag == "." for tag in sentence.xpos])
            for query in range(len(sentence)):
                p = batch.attention[0, row, 2, 1 + query, : len(sentence) + 2].double().numpy()
                inner = p[1:-1]
                rows.append(
                    {
                        "entropy": -(p * np.log(p)).sum(),
                        "first_special": p[0],
                        "last_special": p[-1],
                        "punctuation": inner[marks].sum(),
                        "same": inner[query],
                        "previous": inner[query - 1] if query else 0.0,
                        "next": inner[query + 1] if query + 1 < len(inner) else 0.0,
                    }
                )
                weights += inner.tolist()
                offsets += (np.arange(len(inner)) - query).tolist()
    for name in rows[0]:
        assert getattr(found, name)[0, 2] == pytest.approx(np.mean([row[name] for row in rows]), rel=1e-5), name
    assert found.offset[0, 2] == pytest.approx(np.average(offsets, weights=weights), rel=1e-4)
    assert found.reach[0, 2] == pytest.approx(np.average(np.abs(offsets), weights=weights), rel=1e-4)
    values, groups = np.array(weights), np.array(offsets)
    means = {offset: values[groups == offset].mean() for offset in np.unique(groups)}
    explained = np.array([means[offset] for offset in groups]).var() / values.var()
    assert found.position_share[0, 2] == pytest.approx(explained, rel=1e-3)


def test_position_explains_a_shifted_head_and_not_a_syntactic_one(sentences) -> None:
    share = survey_heads(batches_of(sentences, PLANTED), sentences).behaviour.position_share
    assert share[0, 1] > 0.9
    assert share[0, 2] < 0.5


def test_the_mask_of_a_decoder_is_not_explained_by_position(sentences) -> None:
    """Random weights over the words before: offsets explain little, though none of the words after is looked at."""

    def back(sentence: Sentence) -> np.ndarray:
        return np.tril(noise(4)(sentence)) ** 4

    batches = [
        replace(batch, attention=batch.attention.tril() / batch.attention.tril().sum(-1, keepdim=True).clamp_min(1e-9))
        for batch in batches_of(sentences, [[back, shifted(-1)]])
    ]
    values, offsets = [], []
    for batch in batches:
        for row, length in enumerate(batch.lengths.tolist()):
            for query in range(length):
                values += batch.attention[0, row, 0, 1 + query, 1 : 2 + query].tolist()
                offsets += range(-query, 1)
    values, offsets = np.array(values), np.array(offsets)
    means = {offset: values[offsets == offset].mean() for offset in np.unique(offsets)}
    explained = np.array([means[offset] for offset in offsets]).var() / values.var()
    found = survey_heads(batches, sentences).behaviour.position_share
    assert found[0, 0] == pytest.approx(explained, rel=1e-3)
    assert found[0, 0] < 0.2
    assert found[0, 1] > 0.9


def test_constant_weights_have_no_share() -> None:
    assert np.isnan(correlation_ratio(np.array([2.0, 3.0]), np.array([2.0, 3.0]), np.array(5.0)))


def test_one_word_sentences_have_behaviour_but_no_edges(sentences) -> None:
    alone = [sentences[0]]
    with pytest.raises(RelationError, match="no edge between two words"):
        survey_heads(batches_of(alone, PLANTED), alone)
    both = [sentences[0], sentences[5]]
    assert np.isfinite(survey_heads(batches_of(both, PLANTED), both).behaviour.entropy).all()


def test_treebank_without_relations_is_refused(sentences) -> None:
    bare = [replace(s, relations=("_",) * len(s)) for s in sentences]
    with pytest.raises(RelationError, match="names no relations"):
        survey_heads(batches_of(bare, PLANTED), bare)


def test_attention_of_other_sentences_is_refused(sentences) -> None:
    with pytest.raises(ValueError, match=r"has .* words but its attention has"):
        survey_heads(batches_of(sentences, PLANTED), sentences[::-1])


def test_memory_is_of_one_size_whatever_the_treebank(sentences) -> None:
    small = survey_heads(batches_of(sentences[:40], PLANTED), sentences[:40]).relations
    large = survey_heads(batches_of(sentences * 3, PLANTED), sentences * 3).relations
    assert small.correct.nbytes == large.correct.nbytes
    assert large.offsets.shape[2] == 2 * LONGEST_OFFSET + 1


def test_words_without_subwords_are_not_counted(sentences) -> None:
    batch = batches_of(sentences[5:6], PLANTED)[0]
    attention = batch.attention.clone()
    attention[..., 1, :] = 0
    attention[..., :, 1] = 0
    attention /= attention.sum(-1, keepdim=True).clamp_min(1e-9)
    full = survey_heads([replace(batch, attention=attention, indices=np.array([0]))], sentences[5:6]).behaviour
    assert torch.isfinite(torch.from_numpy(full.entropy)).all()
    inner = attention[0, 0, 2, 2 : 1 + len(sentences[5]), 0]
    assert full.first_special[0, 2] == pytest.approx(float(inner.mean()), rel=1e-5)
