"""Minimum spanning trees: one for people as a networkx graph, thousands at once for scores.

All functions give the tree that Kruskal's algorithm gives when edges of equal weight are taken in the order
(smaller word, larger word); with that rule the tree is unique, ties and zero distances included.
"""

from collections.abc import Sequence
from typing import Any

import networkx as nx
import numpy as np
from numpy.typing import NDArray

from treeprobe.parsing.decoding.checks import TOLERANCE, DistanceError, check_distances, groups_of_one_length


def minimum_spanning_tree(distances: NDArray[Any], *, words: Sequence[str] | None = None) -> nx.Graph:
    """The minimum spanning tree as a networkx graph with weights, nodes named by `words` when given.

    Edges are added one by one, because `networkx.from_numpy_array` reads a distance of 0 as "no edge".

    Raises DistanceError when the distances, (words, words), are not symmetric, finite and at least 0.
    """
    array = check_distances(distances)
    graph = nx.Graph()
    graph.add_nodes_from(range(len(array)))
    upper = np.triu_indices(len(array), k=1)
    graph.add_weighted_edges_from(zip(upper[0].tolist(), upper[1].tolist(), array[upper].tolist()))
    tree = nx.minimum_spanning_tree(graph, algorithm="kruskal")
    if words is not None:
        nx.set_node_attributes(tree, dict(enumerate(words)), "word")
    return tree


def minimum_spanning_edges(distances: NDArray[Any]) -> NDArray[np.int64]:
    """The edges of the minimum spanning tree of one sentence, sorted, smaller end first, (words - 1, 2).

    Raises DistanceError when the distances, (words, words), are not symmetric, finite and at least 0.
    """
    return edges_of_heads(prim(check_distances(distances)[None]))[0]


def minimum_spanning_edges_bulk(distances: Sequence[NDArray[Any]]) -> list[NDArray[np.int64]]:
    """The minimum spanning trees of many sentences, as `minimum_spanning_edges` gives them one at a time.

    Matrices of one size are solved together by Prim's algorithm, a word a step for all of them. They are trusted to be
    distances: check them once, where they come in.
    """
    edges: list[NDArray[np.int64]] = [np.empty((0, 2), dtype=np.int64)] * len(distances)
    for group in groups_of_one_length([len(matrix) for matrix in distances]):
        solved = edges_of_heads(prim(np.stack([distances[index] for index in group])))
        for index, tree in zip(group, solved):
            edges[index] = tree
    return edges


def spanning_tree(scores: NDArray[Any], roots: NDArray[Any]) -> NDArray[np.int64]:
    """Decoder of symmetric scores: the undirected tree of the highest sum, hung up at the word that is likeliest root.

    A distance probe's tree is that of scores -distances and roots -depths. Both directions of an edge have one score,
    so the root alone decides which way edges point: away from it. Ties are settled in Kruskal's order.

    Raises DistanceError when the scores are not symmetric.
    """
    asymmetry = np.abs(scores - scores.transpose(0, 2, 1)).max(initial=0)
    if asymmetry > TOLERANCE * np.abs(scores).max(initial=0):
        raise DistanceError(f"scores differ by up to {asymmetry:.4g} between an edge's two directions; expected none")
    return prim(-scores, start=roots.argmax(axis=1))


def prim(
    distances: NDArray[Any], start: NDArray[np.int64] | None = None, *, left_out: NDArray[np.bool_] | None = None
) -> NDArray[np.int64]:
    """Prim's algorithm on a stack of matrices: heads of trees that grow from `start`, (sentences, words).

    `distances` are (sentences, words, words), `start` is a word of each sentence, (sentences,); its head is -1. Each
    word outside the tree remembers its cheapest edge into it. Ties are settled by the pair's place in the upper
    triangle, which is Kruskal's order, so the tree does not depend on where it starts. Words `left_out`,
    (sentences, words), take no part: the tree is that of the others, from the first of them, and their head is -1 too.
    """
    sentences, words, _ = distances.shape
    heads = np.full((sentences, words), -1, dtype=np.int64)
    if words < 2:
        return heads
    left_out = np.zeros((sentences, words), dtype=bool) if left_out is None else left_out
    each, every = np.arange(sentences), np.arange(words)
    chosen = left_out.argmin(axis=1) if start is None else start
    places = np.minimum.outer(every, every) * words + np.maximum.outer(every, every)
    # A word inside the tree has weight -inf, which nothing undercuts, and infinity where its weight would be chosen.
    # So has a word left out. A sentence whose words have all been chosen chooses one again, to no effect.
    weight = np.where(left_out, -np.inf, np.inf)
    open_weight = np.full((sentences, words), np.inf)
    order = np.full((sentences, words), words * words)
    for _ in range(int((~left_out).sum(axis=1).max(initial=1)) - 1):
        weight[each, chosen] = -np.inf
        open_weight[each, chosen] = np.inf
        candidate, place = distances[each, chosen], places[chosen]
        better = (candidate < weight) | ((candidate == weight) & (place < order))
        for known, new in ((weight, candidate), (open_weight, candidate), (order, place), (heads, chosen[:, None])):
            np.copyto(known, new, where=better)
        tied = open_weight == open_weight.min(axis=1, keepdims=True)
        chosen = np.where(tied, order, words * words + 1).argmin(axis=1)
    return heads


def edges_of_heads(heads: NDArray[np.int64]) -> NDArray[np.int64]:
    """Sorted edges of a stack of trees, smaller end first: (sentences, words) to (sentences, words - 1, 2)."""
    sentences, words = heads.shape
    rows, dependents = np.nonzero(heads >= 0)
    pairs = np.stack([heads[rows, dependents], dependents], axis=1).reshape(sentences, max(words - 1, 0), 2)
    pairs.sort(axis=2)
    code = pairs[..., 0] * words + pairs[..., 1]
    return np.take_along_axis(pairs, code.argsort(axis=1)[..., None], axis=1)
