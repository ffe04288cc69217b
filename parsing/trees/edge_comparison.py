"""What each edge of a tree is when the tree is held against another over the same words."""

from typing import Literal

import numpy as np
from numpy.typing import NDArray

EdgeStatus = Literal["correct", "missed", "spurious", "unscored"]


def compare_edges(
    edges: NDArray[np.int64], others: NDArray[np.int64], *, other: EdgeStatus, scored: NDArray[np.bool_]
) -> list[EdgeStatus]:
    """What each of `edges` is: in both trees, in this one only (`other`), or at a word that is not scored.

    Both trees are (edges, 2), words from 0, compared without direction; `scored` is (words,).
    """
    shared = {frozenset(pair) for pair in others.tolist()}
    kinds: list[EdgeStatus] = []
    for pair in edges.tolist():
        found: EdgeStatus = "correct" if frozenset(pair) in shared else other
        kinds.append(found if scored[pair].all() else "unscored")
    return kinds
