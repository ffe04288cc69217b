"""Layout of a tree's arcs over a row of words: their heights, and where they meet the words.

SVG and matplotlib share it, so that their drawings agree.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray


def arc_heights(edges: NDArray[Any]) -> NDArray[np.int64]:
    """Level of each arc, counted from 1, such that arcs over overlapping spans of words differ in level.

    Shorter arcs lie below longer arcs that cover them, and every arc lies as low as that allows. Arcs that only meet at
    a word may share a level.

    Args:
        edges: Pairs of words in either order, (edges, 2).

    Returns:
        Levels, (edges,).
    """
    spans = np.sort(np.asarray(edges, dtype=np.int64).reshape(-1, 2), axis=1)
    heights = np.zeros(len(spans), dtype=np.int64)
    order = np.lexsort((spans[:, 0], spans[:, 1] - spans[:, 0]))
    for position, arc in enumerate(order):
        placed = order[:position]
        left, right = spans[arc]
        over = placed[(spans[placed, 0] < right) & (spans[placed, 1] > left)]
        heights[arc] = 1 + heights[over].max(initial=0)
    return heights


def arc_ports(edges: NDArray[Any]) -> NDArray[np.float64]:
    """Where each arc meets its two words, from -1, a word's left edge, to 1, its right edge.

    The arcs of a word are spread over it: leftward arcs on the left, rightward arcs on the right, the longest of either
    nearest to the middle, so that they do not cross on the way up.

    Args:
        edges: Pairs of words in either order, (edges, 2).

    Returns:
        Positions in the order of `edges`, (edges, 2).
    """
    pairs = np.asarray(edges, dtype=np.int64).reshape(-1, 2)
    ports = np.zeros(pairs.shape)
    for word in np.unique(pairs):
        ends = np.argwhere(pairs == word)
        others = pairs[ends[:, 0], 1 - ends[:, 1]] - word
        # From left to right: leftward arcs, short ones first, then rightward arcs, long ones first.
        order = np.lexsort((-others, others > 0))
        places = np.arange(1, len(ends) + 1) / (len(ends) + 1) * 2 - 1
        for place, end in zip(places, ends[order], strict=True):
            ports[end[0], end[1]] = place
    return ports
