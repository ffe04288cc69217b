"""Where the arcs of a tree go when they are drawn over a row of words: how high, and from where on each word.

Pure numbers, so that every way of drawing (SVG, matplotlib, text) shows the same picture.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray


def arc_heights(edges: NDArray[Any]) -> NDArray[np.int64]:
    """The level of each arc, from 1 up, (edges,): arcs over a common stretch of words never share a level.

    Shorter arcs lie below longer ones that cover them, and each lies as low as that allows. `edges` are pairs of word
    numbers, (edges, 2), in either order; arcs that merely meet at a word may share a level.
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
    """Where each arc touches its two words, (edges, 2), in the order of `edges`: from -1 (left edge) to 1 (right edge).

    The arcs of a word leave it side by side, so that no two start in one point: those to the left on its left, those
    to the right on its right, and the longest of either nearest the middle, so that they do not cross on the way up.
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
