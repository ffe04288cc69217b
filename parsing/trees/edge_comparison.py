"""Two trees over the same words, compared edge by edge."""

from typing import Literal

import numpy as np
from numpy.typing import NDArray

EdgeStatus = Literal["correct", "missed", "spurious", "unscored"]


def compare_edges(
    edges: NDArray[np.int64], others: NDArray[np.int64], *, other: EdgeStatus, scored: NDArray[np.bool_]
) -> list[EdgeStatus]:
    """Status of each edge of one tree with respect to another, directions ignored.

    Args:
        edges: The edges to classify, (edges, 2), words counted from 0.
        others: The edges of the other tree, (edges, 2).
        other: The status of an edge that only `edges` has: "missed" for gold edges, "spurious" for predicted ones.
        scored: Whether each word is scored, (words,).

    Returns:
        One status for each edge: "correct" when both trees have it, else `other`; "unscored" when a word at either end
        is not scored.
    """
    shared = {frozenset(pair) for pair in others.tolist()}
    statuses: list[EdgeStatus] = []
    for pair in edges.tolist():
        status: EdgeStatus = "correct" if frozenset(pair) in shared else other
        statuses.append(status if scored[pair].all() else "unscored")
    return statuses
