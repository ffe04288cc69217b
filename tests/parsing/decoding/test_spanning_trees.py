"""The bulk minimum spanning trees against networkx, ties and zero distances included."""

import networkx as nx
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray

from tests.parsing.decoding.networkx_trees import minimum_spanning_tree
from tests.parsing.toys import trees
from treeprobe.parsing import tree_distances
from treeprobe.parsing.decoding import (
    DistanceError,
    check_distances,
    complete_tree,
    direct_edges,
    minimum_spanning_edges,
)
from treeprobe.parsing.decoding.checks import check_distances_bulk
from treeprobe.parsing.decoding.spanning import edges_of_heads, prim
from treeprobe.parsing.trees import tree_edges


@st.composite
def distances(draw: st.DrawFn, words: int | None = None) -> NDArray[np.float64]:
    """Symmetric matrices whose entries are often equal and often 0."""
    words = draw(st.integers(1, 12)) if words is None else words
    entries = st.one_of(st.integers(0, 3).map(float), st.floats(0, 10, width=32))
    upper = np.triu(draw(arrays(np.float64, (words, words), elements=entries)), k=1)
    return upper + upper.T


def sorted_edges(graph: nx.Graph) -> list[list[int]]:
    return sorted(sorted(edge) for edge in graph.edges)


@given(st.integers(1, 12).flatmap(lambda words: st.lists(distances(words), min_size=1, max_size=6)))
def test_trees_found_together_and_one_by_one_are_networkxs_edge_for_edge(matrices: list[NDArray[np.float64]]) -> None:
    together = edges_of_heads(prim(np.stack(matrices)))
    for matrix, edges in zip(matrices, together, strict=True):
        assert edges.tolist() == sorted_edges(minimum_spanning_tree(matrix))
        assert edges.tolist() == minimum_spanning_edges(matrix).tolist()


def test_a_zero_distance_is_an_edge_where_dense_networkx_sees_none() -> None:
    matrix = np.array([[0, 0, 5], [0, 0, 5], [5, 5, 0]])
    assert minimum_spanning_edges(matrix).tolist() == [[0, 1], [0, 2]]
    assert sorted_edges(nx.minimum_spanning_tree(nx.from_numpy_array(matrix))) != [[0, 1], [0, 2]]


@given(trees())
def test_the_minimum_spanning_tree_of_tree_distances_is_the_tree(heads: list[int]) -> None:
    expected = sorted(tree_edges(heads).tolist())
    assert minimum_spanning_edges(tree_distances(heads)).tolist() == expected


@given(trees(), st.randoms())
def test_directing_a_tree_from_its_root_gives_its_heads(heads: list[int], random) -> None:  # type: ignore[no-untyped-def]
    edges = tree_edges(heads)
    depths = np.arange(1.0, len(heads) + 1)
    depths[heads.index(-1)] = 0
    np.testing.assert_array_equal(direct_edges(edges, depths), heads)


def test_words_left_out_hang_as_leaves_from_their_nearest() -> None:
    matrix = tree_distances([-1, 0, 1, 2])
    heads = complete_tree(matrix, np.arange(4), left_out=np.array([False, True, False, False]))
    assert heads.tolist() == [-1, 0, 0, 2]
    everything = complete_tree(matrix, np.arange(4), left_out=np.ones(4, dtype=bool))
    assert everything.tolist() == [-1, 0, 1, 2]


def spoilt(row: int, column: int, value: float) -> NDArray[np.float64]:
    matrix = np.ones((3, 3)) - np.eye(3)
    matrix[row, column] = value
    return matrix


BAD = [
    (np.ones((2, 3)), r"have shape \(2, 3\); expected \(words, words\)"),
    (np.ones(3), r"have shape \(3,\)"),
    (spoilt(0, 2, np.nan), "between words 1 and 3 are nan; expected finite numbers"),
    (spoilt(0, 2, np.inf), "between words 1 and 3 are inf"),
    (spoilt(1, 2, -0.5), "between words 2 and 3 are -0.5; expected no value below 0"),
    (spoilt(1, 2, 7), "are not symmetric: 7 from word 2 to word 3, 1 back"),
]


@pytest.mark.parametrize(("matrix", "message"), BAD)
def test_what_is_no_distance_is_named_alone_and_in_bulk(matrix: NDArray[np.float64], message: str) -> None:
    with pytest.raises(DistanceError, match=f"distances {message}"):
        check_distances(matrix)
    fine = spoilt(0, 0, 0)
    with pytest.raises(DistanceError, match=f"third: distances {message}"):
        check_distances_bulk([fine, np.zeros((1, 1)), matrix, fine], ["first", "second", "third", "fourth"])


@given(st.lists(distances(), max_size=5), st.integers(0, 2**32 - 1))
def test_the_bulk_check_refuses_exactly_what_the_single_check_refuses(matrices: list, seed: int) -> None:
    generator = np.random.default_rng(seed)
    for matrix in matrices:
        if generator.random() < 0.3:
            matrix[generator.integers(len(matrix)), generator.integers(len(matrix))] += generator.choice(
                [np.nan, -3, 1e-6]
            )
    refused = []
    for index, matrix in enumerate(matrices):
        try:
            check_distances(matrix)
        except DistanceError:
            refused.append(index)
    names = [f"<{index}>" for index in range(len(matrices))]
    if refused:
        with pytest.raises(DistanceError, match=f"<{refused[0]}>"):
            check_distances_bulk(matrices, names)
    else:
        check_distances_bulk(matrices, names)


def test_rounding_is_no_fault() -> None:
    check_distances(spoilt(1, 2, 1.00001))
    check_distances(spoilt(1, 1, -0.00001))


@pytest.mark.parametrize(
    ("edges", "message"),
    [
        (np.array([[0, 1]]), r"3 words make a tree of 2 edges; found edges of shape \(1, 2\)"),
        (np.array([[0, 1], [0, 1]]), "join only 2 of 3 words; expected a tree"),
    ],
)
def test_edges_that_are_no_tree_cannot_be_directed(edges: NDArray[np.int64], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        direct_edges(edges, np.arange(3))
