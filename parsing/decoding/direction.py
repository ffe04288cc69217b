"""From an undirected tree to heads: rooted at the shallowest word."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import breadth_first_order

from treeprobe.parsing.decoding.checks import check_distances
from treeprobe.parsing.decoding.spanning import minimum_spanning_edges


def direct_edges(edges: NDArray[np.int64], depths: NDArray[Any]) -> NDArray[np.int64]:
    """Heads of an undirected tree hung up at its shallowest word, (words,); the root's head is -1.

    A tree has one direction for every root, so the depths choose only the root (the first of the shallowest); every
    edge then points away from it.

    Raises ValueError when the edges are not a tree over as many words as there are depths.
    """
    words = len(depths)
    if words == 0:
        return np.empty(0, dtype=np.int64)
    if edges.shape != (words - 1, 2):
        raise ValueError(f"{words} words make a tree of {words - 1} edges; found edges of shape {edges.shape}")
    root = int(np.argmin(depths))
    ones = np.ones(len(edges), dtype=np.int8)
    graph = coo_array((ones, (edges[:, 0], edges[:, 1])), shape=(words, words)).tocsr()
    reached, heads = breadth_first_order(graph, root, directed=False)
    if len(reached) != words:
        raise ValueError(f"the edges join only {len(reached)} of {words} words; expected a tree")
    heads = heads.astype(np.int64)
    heads[root] = -1
    return heads


def complete_tree(
    distances: NDArray[Any], depths: NDArray[Any], *, left_out: NDArray[np.bool_] | None = None
) -> NDArray[np.int64]:
    """Heads of a whole sentence, (words,): the spanning tree of the words that count, the others hung on it.

    Words `left_out` (punctuation) take no part in the spanning tree or in the choice of the root; each hangs, a leaf,
    from the word nearest to it by predicted distance. When every word is left out, none is.

    Raises DistanceError when the distances, (words, words), are not symmetric, finite and at least 0.
    """
    array = check_distances(distances)
    out = np.zeros(len(array), dtype=bool) if left_out is None or left_out.all() else left_out
    kept, hung = np.flatnonzero(~out), np.flatnonzero(out)
    inner = direct_edges(minimum_spanning_edges(array[np.ix_(kept, kept)]), np.asarray(depths)[kept])
    heads = np.full(len(array), -1, dtype=np.int64)
    heads[kept] = np.where(inner >= 0, kept[inner], -1)
    if hung.size:
        heads[hung] = kept[array[np.ix_(hung, kept)].argmin(axis=1)]
    return heads
