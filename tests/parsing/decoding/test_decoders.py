"""Every decoder against all labelled trees of up to six words, and against a second implementation."""

from functools import partial

import networkx as nx
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.parsing.decoding.all_trees import all_trees, best_total, crosses, total
from tests.parsing.decoding.networkx_trees import maximum_arborescence
from treeprobe.parsing.decoding import (
    RandomTrees,
    arborescence,
    chain_from_left,
    chain_from_right,
    decode,
    decode_bulk,
    projective,
    spanning_tree,
)
from treeprobe.parsing.decoding.direction import direct_edges
from treeprobe.parsing.decoding.spanning import minimum_spanning_edges
from treeprobe.parsing.trees import check_heads

SIZES = st.integers(1, 5)
SEEDS = st.integers(0, 2**32 - 1)
DECODERS = [arborescence, projective, spanning_tree, chain_from_left, chain_from_right, RandomTrees(3)]


def random_scores(words: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    generator = np.random.default_rng(seed)
    # A wide range of magnitudes and signs, and often ties.
    scale = 10.0 ** generator.integers(-3, 4)
    whole = generator.integers(-3, 4, size=(words, words)).astype(float)
    scores = whole if seed % 3 == 0 else generator.normal(size=(words, words)) * scale
    return scores, generator.normal(size=words) * scale


def test_there_are_as_many_trees_as_cayley_says() -> None:
    for words in range(1, 6):
        assert len(all_trees(words)) == words ** (words - 1)
        assert len(all_trees(words, single_root=False)) == (words + 1) ** (words - 1)


@given(SIZES, SEEDS, st.booleans())
def test_arborescence_is_the_best_of_all_trees(words: int, seed: int, single_root: bool) -> None:
    scores, roots = random_scores(words, seed)
    heads = tuple(decode(scores, roots=roots, decoder=partial(arborescence, single_root=single_root)).tolist())
    assert heads in all_trees(words, single_root=single_root)
    assert total(heads, scores, roots) == pytest.approx(best_total(scores, roots, single_root=single_root), rel=1e-9)


@given(SIZES, SEEDS, st.booleans())
def test_projective_is_the_best_of_trees_without_crossings(words: int, seed: int, single_root: bool) -> None:
    scores, roots = random_scores(words, seed)
    heads = tuple(decode(scores, roots=roots, decoder=partial(projective, single_root=single_root)).tolist())
    assert heads in all_trees(words, single_root=single_root)
    assert not crosses(heads)
    best = best_total(scores, roots, single_root=single_root, allowed=lambda heads: not crosses(heads))
    assert total(heads, scores, roots) == pytest.approx(best, rel=1e-9)


@given(SIZES, SEEDS)
def test_spanning_tree_is_the_best_of_trees_with_its_root(words: int, seed: int) -> None:
    scores, roots = random_scores(words, seed)
    scores = scores + scores.T
    heads = tuple(decode(scores, roots=roots, decoder=spanning_tree).tolist())
    assert heads.index(-1) == roots.argmax()
    best = best_total(scores, 0 * roots, allowed=lambda heads: heads[roots.argmax()] == -1)
    assert total(heads, scores, 0 * roots) == pytest.approx(best, rel=1e-9)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize(
    ("decoder", "allowed"), [(arborescence, lambda _: True), (projective, lambda h: not crosses(h))]
)
def test_the_best_of_all_7776_trees_of_six_words(decoder, allowed, seed: int) -> None:  # type: ignore[no-untyped-def]
    scores, roots = random_scores(6, 3 * seed + 1)
    heads = tuple(decode(scores, roots=roots, decoder=decoder).tolist())
    assert total(heads, scores, roots) == pytest.approx(best_total(scores, roots, allowed=allowed))


def test_a_second_root_is_refused_where_it_would_pay() -> None:
    scores, roots = np.zeros((3, 3)), np.full(3, 100.0)
    assert (decode(scores, roots=roots, decoder=partial(arborescence, single_root=False)) == -1).all()
    assert (decode(scores, roots=roots, decoder=partial(projective, single_root=False)) == -1).all()
    for decoder in (arborescence, projective):
        assert (decode(scores, roots=roots, decoder=decoder) == -1).sum() == 1


def test_a_crossing_tree_is_found_by_one_decoder_and_refused_by_the_other() -> None:
    crossing = (-1, 3, 0, 0)
    scores = np.zeros((4, 4))
    scores[[3, 0, 0], [1, 2, 3]] = 1.0
    roots = np.array([1.0, 0, 0, 0])
    assert crosses(crossing)
    assert tuple(decode(scores, roots=roots, decoder=arborescence).tolist()) == crossing
    assert tuple(decode(scores, roots=roots, decoder=projective).tolist()) != crossing


@given(st.integers(1, 12), SEEDS)
def test_arborescence_agrees_with_networkx(words: int, seed: int) -> None:
    scores, roots = random_scores(words, 3 * (seed // 3) + 1)
    heads = decode(scores, roots=roots, decoder=arborescence)
    graph = maximum_arborescence(scores, roots)
    assert nx.is_arborescence(graph)
    assert set(graph.edges) == {(head, word) for word, head in enumerate(heads.tolist()) if head >= 0}


@given(st.integers(1, 12), SEEDS)
def test_spanning_tree_hangs_the_minimum_spanning_edges_at_the_shallowest_word(words: int, seed: int) -> None:
    generator = np.random.default_rng(seed)
    distances = np.triu(generator.integers(0, 4, size=(words, words)), k=1)
    distances = distances + distances.T
    depths = generator.random(words)
    heads = decode(-distances, roots=-depths, decoder=spanning_tree)
    np.testing.assert_array_equal(heads, direct_edges(minimum_spanning_edges(distances), depths))


@pytest.mark.parametrize("decoder", DECODERS)
def test_bulk_gives_what_one_at_a_time_gives_and_always_trees(decoder) -> None:  # type: ignore[no-untyped-def]
    generator = np.random.default_rng(5)
    scores = [generator.normal(size=(words, words)) for words in (1, 4, 2, 9, 3, 17, 6)]
    scores = [matrix + matrix.T for matrix in scores]
    roots = [generator.normal(size=len(matrix)) for matrix in scores]
    bulk = decode_bulk(scores, roots=roots, decoder=decoder)
    for heads, matrix, root_scores in zip(bulk, scores, roots):
        check_heads(heads)
        np.testing.assert_array_equal(heads, decode(matrix, roots=root_scores, decoder=decoder))


def test_chains() -> None:
    assert decode(np.zeros((4, 4)), decoder=chain_from_left).tolist() == [-1, 0, 1, 2]
    assert decode(np.zeros((4, 4)), decoder=chain_from_right).tolist() == [1, 2, 3, -1]


def test_random_trees_are_even_over_all_trees() -> None:
    draws = 16_000
    heads = RandomTrees(0)(np.zeros((draws, 4, 4)), np.zeros((draws, 4)))
    found, counts = np.unique(heads, axis=0, return_counts=True)
    assert {tuple(tree) for tree in found.tolist()} == set(all_trees(4))
    # 64 trees, 250 draws each expected; the 99.99 % point of chi-squared with 63 degrees of freedom is 116.
    assert ((counts - 250) ** 2 / 250).sum() < 116
    assert (
        RandomTrees(0)(np.zeros((9, 4, 4)), np.zeros((9, 4))) != RandomTrees(1)(np.zeros((9, 4, 4)), np.zeros((9, 4)))
    ).any()


@pytest.mark.parametrize("decoder", [arborescence, projective, spanning_tree])
@pytest.mark.parametrize(
    ("spoilt", "message"),
    [
        (np.zeros((2, 3)), r"sentence 2: scores have shape \(2, 3\); expected \(words, words\)"),
        (np.array([[0, np.nan], [0, 0]]), "sentence 2: the score of word 1 as head of word 2 is nan"),
        (np.array([[0, 1], [-np.inf, 0]]), "sentence 2: the score of word 2 as head of word 1 is -inf"),
    ],
)
def test_bad_scores_are_named_with_their_sentence(decoder, spoilt: np.ndarray, message: str) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(ValueError, match=message):
        decode_bulk([np.zeros((3, 3)), spoilt], decoder=decoder)


def test_a_spanning_tree_needs_symmetric_scores_and_says_which_are_not() -> None:
    lopsided = np.array([[0.0, 1.0], [2.0, 0.0]])
    with pytest.raises(ValueError, match=r"sentence 2: scores of an edge's two directions differ by up to 1; expected"):
        decode_bulk([np.zeros((2, 2)), lopsided], decoder=spanning_tree)
    with pytest.raises(ValueError, match=r"sentence 1: root scores have shape \(3,\); expected \(2,\)"):
        decode_bulk([lopsided], roots=[np.zeros(3)], decoder=arborescence)
    with pytest.raises(ValueError, match="root scores for 1 sentences, scores for 2"):
        decode_bulk([lopsided, lopsided], roots=[np.zeros(2)], decoder=arborescence)
