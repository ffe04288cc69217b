"""What two probes read of the same states: angles between the directions that they stretch most, and alike metrics."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import subspace_angles

SHARE = 0.9
"""Share of the squared norm of B that its leading directions have."""


@dataclass(frozen=True)
class Angles:
    """Principal angles between the leading directions of two probes, in degrees, 0 to 90; `directions` are compared."""

    mean: float
    largest: float
    directions: int


def leading_directions(matrix: NDArray[np.floating[Any]], *, share: float = SHARE) -> int:
    """How many right singular vectors of B, (rank, dim), carry a share of its squared norm, the longest first."""
    squares = np.square(np.linalg.svd(np.asarray(matrix, dtype=np.float64), compute_uv=False))
    return min(int(np.searchsorted(np.cumsum(squares), share * squares.sum())) + 1, len(squares))


def probe_subspace_angles(
    first: NDArray[np.floating[Any]], second: NDArray[np.floating[Any]], *, share: float = SHARE
) -> Angles:
    """Principal angles between the subspaces that two matrices B read, (rank, dim) each.

    Of each row space, only the leading directions are compared, as many in both as both need to carry `share` of their
    squared norm: training leaves small rows of its random start in every direction, and where the rank is the width of
    the states, whole row spaces are all of space. Angles are those of Björck & Golub (1973).

    Raises:
        ValueError: the matrices read vectors of other widths.
    """
    if first.shape[1] != second.shape[1]:
        raise ValueError(f"B of states {first.shape[1]} and {second.shape[1]} wide; expected the same width")
    directions = max(leading_directions(each, share=share) for each in (first, second))
    directions = min(directions, len(first), len(second))
    leading = [
        np.linalg.svd(np.asarray(each, dtype=np.float64), full_matrices=False)[2][:directions].T
        for each in (first, second)
    ]
    angles = np.degrees(subspace_angles(*leading))
    return Angles(float(angles.mean()), float(angles.max()), directions)


def metric_similarity(first: NDArray[np.floating[Any]], second: NDArray[np.floating[Any]]) -> float:
    """Cosine between the metrics BᵀB of two probes, from 0 to 1: ‖B₁B₂ᵀ‖² / (‖B₁B₁ᵀ‖ ‖B₂B₂ᵀ‖).

    1 where all distances are the same up to one factor, however each B turns them; directions count by their length.

    Raises:
        ValueError: the matrices read vectors of other widths.
    """
    if first.shape[1] != second.shape[1]:
        raise ValueError(f"B of states {first.shape[1]} and {second.shape[1]} wide; expected the same width")
    across, ours, theirs = (
        np.linalg.norm(np.asarray(a, dtype=np.float64) @ np.asarray(b, dtype=np.float64).T)
        for a, b in ((first, second), (first, first), (second, second))
    )
    return float(across**2 / (ours * theirs))
