"""Minimum spanning trees: one for people as a networkx graph, thousands at once for scores.

All functions give the tree that Kruskal's algorithm gives when edges of equal weight are taken in the order
(smaller word, larger word); with that rule the tree is unique, ties and zero distances included.
"""

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

import networkx as nx
import numpy as np
from numpy.typing import NDArray

# Sentences of one length are solved together; this bounds the numbers held at once (about 64 MB).
GROUP_ENTRIES = 8_000_000


class DistanceError(ValueError):
    """A matrix that is not one of distances between words."""


def check_distances(distances: NDArray[Any], *, name: str = "distances") -> NDArray[np.float64]:
    """The matrix as float64, once it is square, symmetric, finite and not negative.

    Raises DistanceError that says what was found. Asymmetry is judged relative to the largest distance, at 1e-4,
    so that matrices computed in half precision pass.
    """
    array = np.asarray(distances, dtype=np.float64)
    if array.ndim != 2 or array.shape[0] != array.shape[1]:
        raise DistanceError(f"{name} have shape {array.shape}; expected (words, words)")
    if not np.isfinite(array).all():
        row, column = (int(k) for k in np.argwhere(~np.isfinite(array))[0])
        raise DistanceError(f"{name} between words {row + 1} and {column + 1} are {array[row, column]}")
    if array.size and array.min() < 0:
        row, column = (int(k) for k in np.argwhere(array < 0)[0])
        raise DistanceError(f"{name} between words {row + 1} and {column + 1} are {array[row, column]:.4g}, below 0")
    if array.size and np.abs(array - array.T).max() > 1e-4 * array.max():
        row, column = (int(k) for k in np.unravel_index(np.abs(array - array.T).argmax(), array.shape))
        raise DistanceError(
            f"{name} are not symmetric: {array[row, column]:.4g} from word {row + 1} to word {column + 1}, "
            f"{array[column, row]:.4g} back"
        )
    return array


def minimum_spanning_tree(distances: NDArray[Any], *, words: Sequence[str] | None = None) -> nx.Graph:
    """The minimum spanning tree as a networkx graph with weights, nodes named by `words` when given.

    Edges are added one by one, because `networkx.from_numpy_array` reads a distance of 0 as "no edge".
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
    """The edges of the minimum spanning tree of one sentence, sorted, smaller end first, (words - 1, 2)."""
    return prim(check_distances(distances)[None])[0]


def minimum_spanning_edges_bulk(distances: Sequence[NDArray[Any]]) -> list[NDArray[np.int64]]:
    """The minimum spanning trees of many sentences, as `minimum_spanning_edges` gives them one at a time.

    Matrices of one size are solved together by Prim's algorithm, a word a step for all of them. They are trusted to be
    distances: check them once, where they come in.
    """
    by_length: dict[int, list[int]] = defaultdict(list)
    for index, matrix in enumerate(distances):
        by_length[len(matrix)].append(index)
    edges: list[NDArray[np.int64]] = [np.empty((0, 2), dtype=np.int64)] * len(distances)
    for words, indices in by_length.items():
        size = max(1, GROUP_ENTRIES // max(1, words * words))
        for start in range(0, len(indices), size):
            group = indices[start : start + size]
            solved = prim(np.stack([distances[index] for index in group]))
            for index, tree in zip(group, solved):
                edges[index] = tree
    return edges


def prim(distances: NDArray[Any]) -> NDArray[np.int64]:
    """Prim's algorithm on a stack of matrices, (sentences, words, words) to (sentences, words - 1, 2).

    Each word outside the tree remembers its cheapest edge into it. Ties are settled by the pair's place in the upper
    triangle, which is Kruskal's order.
    """
    sentences, words, _ = distances.shape
    if words < 2:
        return np.empty((sentences, 0, 2), dtype=np.int64)
    each, every = np.arange(sentences), np.arange(words)
    outside = np.ones((sentences, words), dtype=bool)
    outside[:, 0] = False
    weight = distances[:, 0, :].astype(np.float64)
    partner = np.zeros((sentences, words), dtype=np.int64)
    order = np.broadcast_to(every, (sentences, words)).copy()
    edges = np.empty((sentences, words - 1, 2), dtype=np.int64)
    for step in range(words - 1):
        open_weight = np.where(outside, weight, np.inf)
        tied = open_weight == open_weight.min(axis=1, keepdims=True)
        chosen = np.where(tied, order, words * words).argmin(axis=1)
        edges[:, step, 0] = partner[each, chosen]
        edges[:, step, 1] = chosen
        outside[each, chosen] = False
        candidate = distances[each, chosen]
        new_order = np.minimum(every, chosen[:, None]) * words + np.maximum(every, chosen[:, None])
        better = (candidate < weight) | ((candidate == weight) & (new_order < order))
        weight = np.where(better, candidate, weight)
        partner = np.where(better, chosen[:, None], partner)
        order = np.where(better, new_order, order)
    edges.sort(axis=2)
    code = edges[..., 0] * words + edges[..., 1]
    return np.take_along_axis(edges, code.argsort(axis=1)[..., None], axis=1)
