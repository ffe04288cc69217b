"""Distances, depths, edges and projectivity of trees against networkx and plain definitions."""

import networkx as nx
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.parsing.decoding.all_trees import all_trees, crosses
from tests.parsing.toys import path_lengths, random_heads, trees
from treeprobe.parsing import head_edges, tree_depths, tree_distances
from treeprobe.parsing.drawing import arc_heights
from treeprobe.parsing.trees import chain_distances, check_heads, projective_arcs, tree_edges


@given(trees())
def test_distances_and_depths_are_path_lengths(heads: list[int]) -> None:
    lengths = path_lengths(heads)
    np.testing.assert_array_equal(tree_distances(heads), lengths)
    np.testing.assert_array_equal(tree_depths(heads), lengths[heads.index(-1)])


@given(st.integers(1, 9), st.lists(st.integers(0, 2**32 - 1), max_size=4))
def test_a_stack_of_trees_has_the_distances_of_each(words: int, seeds: list[int]) -> None:
    stack = np.array([random_heads(words, seed) for seed in seeds]).reshape(-1, words)
    found = tree_distances(stack)
    assert found.shape == (len(seeds), words, words)
    for heads, distances in zip(stack, found):
        np.testing.assert_array_equal(distances, tree_distances(heads))


def test_a_cycle_in_a_stack_of_trees_is_refused() -> None:
    with pytest.raises(ValueError, match="words 2 → 3 → 2 form a cycle"):
        tree_distances([[-1, 0, 1], [-1, 2, 1]])


@given(trees())
def test_edges_are_the_pairs_at_distance_one(heads: list[int]) -> None:
    near = np.argwhere(np.triu(tree_distances(heads) == 1))
    np.testing.assert_array_equal(sorted(tree_edges(heads).tolist()), near.tolist())


def test_a_tree_is_projective_exactly_when_no_arcs_cross() -> None:
    for words in range(1, 6):
        found = [projective_arcs(heads).all() for heads in all_trees(words)]
        assert found == [not crosses(heads) for heads in all_trees(words)]


@given(trees())
def test_an_arc_is_projective_when_its_head_is_above_all_between(heads: list[int]) -> None:
    graph = nx.DiGraph([(head, word) for word, head in enumerate(heads) if head >= 0])
    graph.add_nodes_from(range(len(heads)))
    for word, head in enumerate(heads):
        between = set(range(min(head, word) + 1, max(head, word)))
        expected = head < 0 or between <= nx.descendants(graph, head)
        assert projective_arcs(heads)[word] == expected


@given(st.lists(st.integers(-2, 6), min_size=1, max_size=6))
def test_heads_are_accepted_exactly_when_they_are_a_tree(heads: list[int]) -> None:
    if tuple(heads) in all_trees(len(heads)):
        check_heads(heads)
    else:
        with pytest.raises(ValueError, match="expected"):
            check_heads(heads)


@pytest.mark.parametrize(
    ("heads", "message"),
    [
        ([-1, 5], "word 2 has head 6; expected 0 .* or a word from 1 to 2"),
        ([-1, -1, 0], "expected one root .*; found 1, 2"),
        ([1, 0], "expected one root .*; found none"),
        ([-1, 2, 3, 1], "words 2 → 3 → 4 → 2 form a cycle"),
        ([-1, 1], "words 2 → 2 form a cycle"),
        ([0.5, -1.0], r"heads have shape \(2,\) and type float64; expected one integer for each word"),
        ([[-1]], r"heads have shape \(1, 1\) and type int64"),
    ],
)
def test_what_is_no_tree_is_named(heads: list, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        check_heads(heads)


@given(trees(2))
def test_arcs_over_a_common_stretch_never_share_a_level(heads: list[int]) -> None:
    edges = tree_edges(heads)
    heights = arc_heights(edges)
    for (a, b), level in zip(edges, heights):
        for (c, d), other in zip(edges, heights):
            assert b <= c or d <= a or (a == c and b == d) or level != other


def test_heads_become_edges() -> None:
    assert head_edges((1, -1, 1)).tolist() == [[1, 0], [1, 2]]


def test_chain_distances_are_those_of_a_chain_of_heads() -> None:
    for words in (0, 1, 2, 7):
        np.testing.assert_array_equal(chain_distances(words), tree_distances(range(-1, words - 1)))


@pytest.mark.parametrize("heads", [[1, 0], [-1, 2, 1], [0]])
def test_heads_in_a_cycle_are_refused_instead_of_followed_for_ever(heads: list[int]) -> None:
    for measure in (tree_depths, tree_distances):
        with pytest.raises(ValueError, match=r"expected (a tree|one root)"):
            measure(heads)
