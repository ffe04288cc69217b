"""Relations that heads find beyond what any kernel could."""

import numpy as np
import pytest

from tests.convolution.known_attention import batches, toy_sentence
from treeprobe.attention import best_heads, count_relations, offset_baseline
from treeprobe.convolution import Kernels, beyond_kernels, fit_kernels, measure_offsets
from treeprobe.convolution.relations import edges_by_relation, kernel_accuracy, kernel_predictions
from treeprobe.parsing import Sentence


def trees(sentences: int, seed: int) -> list[Sentence]:
    """Words whose heads stand anywhere, and one word a sentence that hangs from its left neighbour."""
    generator = np.random.default_rng(seed)
    made = []
    for _ in range(sentences):
        count = int(generator.integers(6, 12))
        heads = [int(generator.integers(i)) if i else -1 for i in range(count)]
        heads[-1] = count - 2
        made.append(toy_sentence(heads, ("root", *["far:sub"] * (count - 2), "next")))
    return made


def looking_at_heads(toys: list[Sentence]) -> list[np.ndarray]:
    """Two heads: one looks where each word's head is, the other at the previous word."""
    attentions = []
    for toy in toys:
        words = len(toy.heads)
        attention = np.full((1, 2, words + 2, words + 2), 0.01)
        for i, head in enumerate(toy.heads):
            attention[0, 0, i + 1, (head if head >= 0 else i) + 1] = 1
            attention[0, 1, i + 1, max(i - 1, 0) + 1] = 1
        attentions.append(attention / attention.sum(-1, keepdims=True))
    return attentions


def best_of(attentions: list[np.ndarray], toys: list[Sentence]):
    counts = count_relations(batches(attentions), toys)
    return best_heads(counts, offset_baseline(counts))


@pytest.fixture(scope="module")
def toys() -> list[Sentence]:
    return trees(60, seed=0)


def test_a_head_that_knows_trees_is_beyond_every_kernel_and_one_that_knows_neighbours_is_not(toys):
    attentions = looking_at_heads(toys)
    fit = fit_kernels(measure_offsets(batches(attentions)))
    best = best_of(attentions, toys)
    table = beyond_kernels(best, fit.free, toys)
    assert table.columns.tolist() == [*best.columns, "kernel_accuracy", "best_kernel", "beyond"]
    to_head = table[table.direction == "to head"].set_index("relation")
    assert to_head.loc["far", "accuracy"] == 1.0
    assert to_head.loc["far", "name"] == "1-1"
    assert to_head.loc["far", "beyond"] > 0.3
    assert to_head.loc["next", "baseline"] == to_head.loc["next", "best_kernel"] == 1.0
    assert to_head.loc["next", "offset"] == -1
    assert to_head.loc["next", "beyond"] == 0
    assert (table.best_kernel >= table.baseline).all()
    assert (table.best_kernel >= table.kernel_accuracy).all()


def test_kernels_guess_as_a_slow_loop_does(toys):
    generator = np.random.default_rng(1)
    span = 11
    kernels = Kernels(generator.standard_normal((2, 3, 2 * span + 1)), np.zeros((2, 3, 0)), None, 0)
    predictions = {len(toy): kernel_predictions(kernels.log_offsets, len(toy)) for toy in toys}
    edges = edges_by_relation(toys)["far"]
    hits = np.zeros((2, 3))
    for toy in toys:
        for dependent, head in enumerate(toy.heads):
            if toy.relations[dependent] == "far:sub":
                # The word asks from its head's place: the dependent is to be found.
                row = kernels.log_offsets[..., np.arange(len(toy)) - head + span].copy()
                row[..., head] = -np.inf
                hits += row.argmax(-1) == dependent
    np.testing.assert_allclose(kernel_accuracy(predictions, edges.reversed), hits / len(edges.queries))


def test_a_kernel_guesses_as_its_head_where_the_head_is_a_kernel(toys):
    attentions = [a[:, 1:] for a in looking_at_heads(toys)]
    fit = fit_kernels(measure_offsets(batches(attentions)))
    table = beyond_kernels(best_of(attentions, toys), fit.free, toys).set_index(["relation", "direction"])
    assert table.loc[("next", "to head"), "kernel_accuracy"] == table.loc[("next", "to head"), "accuracy"] == 1.0


def test_heads_and_kernels_are_scored_on_the_same_sentences(toys):
    """The stream left two sentences out; one of them has a relation that no other has."""
    rare = toy_sentence((-1, 0), ("root", "rare"))
    bank = [*toys, toys[0], rare]
    attentions = looking_at_heads(toys)
    counts = count_relations(batches(attentions), bank)
    best = best_heads(counts, offset_baseline(counts))
    fit = fit_kernels(measure_offsets(batches(attentions)))
    with pytest.raises(ValueError, match=r"have .* edges of far, the table .* `report.skipped`"):
        beyond_kernels(best, fit.free, bank)
    table = beyond_kernels(best, fit.free, toys)
    assert set(table.relation) == {"far", "next"}
    assert table.notna().all()[["accuracy", "kernel_accuracy", "best_kernel", "beyond"]].all()


def test_the_first_word_of_a_decoder_guesses_none():
    """It can look at no other word, so it does not find its head although that is the only other word."""
    pairs = [toy_sentence((1, -1, 1), ("det", "root", "obj"))] * 4
    attention = np.tril(np.ones((3, 3))) / np.arange(1, 4)[:, None]
    attentions = [attention[None, None]] * 4
    counts = count_relations(batches(attentions, leading=0, trailing=0), pairs)
    accuracy = dict(zip(counts.relations, counts.accuracy[:, :, 0, 0].tolist()))
    assert accuracy == {"det": [0.0, 1.0], "obj": [0.0, 0.0]}
    fit = fit_kernels(measure_offsets(batches(attentions, leading=0, trailing=0)))
    assert kernel_predictions(fit.free.log_offsets, 3)[0, 0, 0] == -1
    assert kernel_predictions(fit.free.uniform().log_offsets, 3)[0, 0].tolist() == [-1, 0, 0]


def test_kernels_of_shorter_sentences_are_refused(toys):
    attentions = looking_at_heads(toys)
    short = [toy for toy in toys if len(toy) < 8]
    fit = fit_kernels(measure_offsets(batches(looking_at_heads(short))))
    with pytest.raises(ValueError, match="fitted to offsets up to 6, found a sentence of"):
        beyond_kernels(best_of(attentions, toys), fit.free, toys)
