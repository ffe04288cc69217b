"""Minimum spanning trees of many sentences at a time.

Ties are broken as by Kruskal's algorithm when edges of equal weight are taken in the order (smaller word, larger word).
With that rule the tree is unique, whatever the weights.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from treeprobe.parsing.decoding.checks import TOLERANCE, DistanceError, check_distances


def minimum_spanning_edges(distances: NDArray[Any]) -> NDArray[np.int64]:
    """Edges of the minimum spanning tree of one sentence.

    Args:
        distances: Distances, (words, words).

    Returns:
        Edges, (words - 1, 2), sorted, words counted from 0 and the smaller first.

    Raises:
        DistanceError: If the distances are not symmetric, finite and non-negative.
    """
    return edges_of_heads(prim(check_distances(distances)[None]))[0]


def spanning_tree(scores: NDArray[Any], roots: NDArray[Any]) -> NDArray[np.int64]:
    """Decoder of symmetric scores: the maximum spanning tree, rooted at the word with the highest root score.

    The tree of a distance and a depth probe is that of scores -distances and roots -depths. Edges point away from the
    root, since both of their directions score the same.

    Args:
        scores: Symmetric arc scores, (sentences, words, words).
        roots: Root scores, (sentences, words).

    Returns:
        Heads, (sentences, words); -1 for the root.

    Raises:
        DistanceError: If the scores are not symmetric.
    """
    asymmetry = np.abs(scores - scores.transpose(0, 2, 1)).max(initial=0)
    if asymmetry > TOLERANCE * np.abs(scores).max(initial=0):
        raise DistanceError(
            f"scores of an edge's two directions differ by up to {asymmetry:.4g}; expected none to differ"
        )
    return prim(-scores, start=roots.argmax(axis=1))


def prim(
    distances: NDArray[Any], start: NDArray[np.int64] | None = None, *, left_out: NDArray[np.bool_] | None = None
) -> NDArray[np.int64]:
    """Minimum spanning trees of equally long sentences by Prim's algorithm, one word a step in all of them.

    Each word outside the tree keeps its cheapest edge into it. Ties are broken by an edge's position in the upper
    triangle, which is Kruskal's order, so that the tree does not depend on the word it starts from.

    Args:
        distances: Distances, (sentences, words, words); they are not checked.
        start: The root of each tree, (sentences,); by default the first word that is not left out.
        left_out: Whether each word is left out of the tree, (sentences, words); no word is by default.

    Returns:
        Heads, (sentences, words); -1 for roots and words left out.
    """
    sentences, words, _ = distances.shape
    heads = np.full((sentences, words), -1, dtype=np.int64)
    if words < 2:
        return heads
    left_out = np.zeros((sentences, words), dtype=bool) if left_out is None else left_out
    each, every = np.arange(sentences), np.arange(words)
    chosen = left_out.argmin(axis=1) if start is None else start
    places = np.minimum.outer(every, every) * words + np.maximum.outer(every, every)
    # A word inside the tree, or left out, has weight -inf, below which no edge lies, and open weight inf, so that it is
    # not chosen. A sentence whose words have all been chosen chooses one again, without effect.
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
    """Sorted edges, smaller end first, (sentences, words - 1, 2), of trees given by their heads, (sentences, words)."""
    sentences, words = heads.shape
    rows, dependents = np.nonzero(heads >= 0)
    pairs = np.stack([heads[rows, dependents], dependents], axis=1).reshape(sentences, max(words - 1, 0), 2)
    pairs.sort(axis=2)
    code = pairs[..., 0] * words + pairs[..., 1]
    return np.take_along_axis(pairs, code.argsort(axis=1)[..., None], axis=1)
