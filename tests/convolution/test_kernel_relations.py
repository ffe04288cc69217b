"""Relations that heads find beyond what any kernel could."""

import numpy as np
import pytest
from known_attention import Toy, batches

from convolution import fit_kernels, measure_offsets, measure_relations, relation_table
from convolution.relations import kernel_hits, number_arcs


def trees(sentences: int, seed: int) -> list[Toy]:
    """Words whose heads stand anywhere, and one word a sentence that hangs from its left neighbour."""
    generator = np.random.default_rng(seed)
    made = []
    for _ in range(sentences):
        count = int(generator.integers(6, 12))
        heads = [int(generator.integers(i)) if i else -1 for i in range(count)]
        heads[-1] = count - 2
        made.append(Toy(tuple(heads), ("root", *["far"] * (count - 2), "next")))
    return made


def looking_at_heads(toys: list[Toy]) -> list[np.ndarray]:
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


@pytest.fixture(scope="module")
def toys() -> list[Toy]:
    return trees(60, seed=0)


def test_accuracies_are_those_of_a_slow_loop(toys):
    generator = np.random.default_rng(1)
    attentions = [generator.dirichlet(np.ones(len(t.heads) + 2), (2, 3, len(t.heads) + 2)) for t in toys]
    hits = measure_relations(batches(attentions), toys)
    expected = np.zeros_like(hits.heads)
    for toy, attention in zip(toys, attentions):
        for i, head in enumerate(toy.heads):
            if head < 0:
                continue
            number = hits.relations.index(toy.relations[i])
            for side, (query, answer) in enumerate([(i, head), (head, i)]):
                row = attention[:, :, query + 1, 1:-1].copy()
                row[..., query] = -1
                expected[side, number] += row.argmax(-1) == answer
    np.testing.assert_array_equal(hits.heads, expected)


def test_a_head_that_knows_trees_is_beyond_every_kernel_and_one_that_knows_neighbours_is_not(toys):
    attentions = looking_at_heads(toys)
    fit = fit_kernels(measure_offsets(batches(attentions)))
    table = relation_table(measure_relations(batches(attentions), toys), fit.free, toys)
    to_head = table[table.direction == "to head"].set_index("relation")
    assert to_head.loc["far", "accuracy"] == 1.0
    assert (to_head.loc["far", ["layer", "head"]] == [1, 1]).all()
    assert to_head.loc["far", "beyond"] > 0.3
    assert to_head.loc["next", "fixed_offset"] == to_head.loc["next", "best_kernel"] == 1.0
    assert to_head.loc["next", "offset"] == -1
    assert to_head.loc["next", "beyond"] == 0
    assert (table.best_kernel >= table.fixed_offset).all()


def test_a_kernel_guesses_as_its_head_where_the_head_is_a_kernel(toys):
    attentions = [a[:, 1:] for a in looking_at_heads(toys)]
    fit = fit_kernels(measure_offsets(batches(attentions)))
    hits, theirs = measure_relations(batches(attentions), toys), kernel_hits(fit.free, toys)
    number = hits.relations.index("next")
    assert theirs.accuracy[0, number] == hits.accuracy[0, number] == 1.0


def test_roots_are_no_arcs_and_attention_of_other_sentences_is_refused(toys):
    names, arcs = number_arcs(toys)
    assert names == ("far", "next")
    assert all(len(a.relations) == a.words - 1 for a in arcs)
    with pytest.raises(ValueError, match="its attention"):
        measure_relations(batches(looking_at_heads(toys)), trees(60, seed=5))
