"""Undirected trees to heads, rooted at the shallowest word."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import breadth_first_order

from treeprobe.parsing.decoding.checks import check_distances
from treeprobe.parsing.decoding.spanning import minimum_spanning_edges


def direct_edges(edges: NDArray[np.int64], depths: NDArray[Any]) -> NDArray[np.int64]:
    """Direct the edges of an undirected tree away from its shallowest word.

    The root determines the direction of every edge, so that depths only choose the root.

    Args:
        edges: Edges of the tree, (words - 1, 2), words counted from 0.
        depths: Depth of each word, (words,); the first of the shallowest words becomes the root.

    Returns:
        Heads, (words,); -1 for the root.

    Raises:
        ValueError: If the edges do not form a tree over the words.
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
    """Decode a whole sentence from predicted distances and depths.

    The tree is the minimum spanning tree of the words that are not left out, rooted at the shallowest of them. Each
    word left out is attached as a leaf to the nearest of them by predicted distance.

    Args:
        distances: Predicted distances, (words, words).
        depths: Predicted depths, (words,).
        left_out: Whether each word is left out, as punctuation is, (words,). If every word is, none is.

    Returns:
        Heads, (words,), words counted from 0; -1 for the root.

    Raises:
        DistanceError: If the distances are not symmetric, finite and non-negative.
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
