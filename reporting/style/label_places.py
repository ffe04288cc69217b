"""Where to write names beside points so that they cover neither each other, nor points, nor lines."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

# Right, left, above, below, then the corners; the second ring is twice as far away.
DIRECTIONS = np.array([(1, 0), (-1, 0), (0, 1), (0, -1), (1, 1), (-1, 1), (1, -1), (-1, -1)], dtype=float)
RINGS = (1.0, 2.2, 3.6)
LINE_SAMPLES = 24


def label_places(
    points: NDArray[np.float64],
    sizes: NDArray[np.float64],
    segments: Sequence[tuple[int, int]],
    *,
    clearance: float = 5.0,
) -> NDArray[np.float64]:
    """The centre of each label, (points, 2), in the units of `points`, which must be those of `sizes` (points, 2).

    Greedy: points in the densest places choose first, each the place among 24 around it that covers least of labels
    already placed, of points, and of lines (`segments` join points by number). Nearer places win ties.
    """
    centres = np.array(points, dtype=float)
    marks = samples_of(points, segments)
    placed: list[int] = []
    for index in crowded_first(points):
        places = candidates(points[index], sizes[index], clearance)
        costs = np.repeat(np.arange(len(RINGS)) * 0.6, len(DIRECTIONS)) + np.tile(np.arange(8) * 0.01, len(RINGS))
        costs = (
            costs + 8.0 * covered(places, sizes[index], points, 2.5) + 1.0 * covered(places, sizes[index], marks, 0.5)
        )
        for other in placed:
            costs = costs + 40.0 * overlap(places, sizes[index], centres[other], sizes[other])
        centres[index] = places[np.argmin(costs)]
        placed.append(index)
    return centres


def candidates(point: NDArray[np.float64], size: NDArray[np.float64], clearance: float) -> NDArray[np.float64]:
    """Centres of a label of that size in each direction and ring around a point, (candidates, 2)."""
    rings = [point + DIRECTIONS * (size / 2 + clearance * ring) for ring in RINGS]
    return np.concatenate(rings)


def covered(
    places: NDArray[np.float64], size: NDArray[np.float64], marks: NDArray[np.float64], margin: float
) -> NDArray[np.float64]:
    """How many marks lie under a label at each place."""
    inside = np.abs(places[:, None, :] - marks[None, :, :]) < size / 2 + margin
    return inside.all(axis=2).sum(axis=1).astype(float)


def overlap(
    places: NDArray[np.float64], size: NDArray[np.float64], other: NDArray[np.float64], other_size: NDArray[np.float64]
) -> NDArray[np.float64]:
    """The share of a label that another one covers, at each place."""
    common = np.clip((size + other_size) / 2 + 1.0 - np.abs(places - other), 0.0, np.minimum(size, other_size))
    return common.prod(axis=1) / max(float(np.minimum(size, other_size).prod()), 1e-9)


def crowded_first(points: NDArray[np.float64]) -> NDArray[np.int64]:
    """Points by the distance of their nearest neighbour."""
    gaps = np.linalg.norm(points[:, None] - points[None], axis=2)
    np.fill_diagonal(gaps, np.inf)
    return np.argsort(gaps.min(axis=1, initial=np.inf), kind="stable")


def samples_of(points: NDArray[np.float64], segments: Sequence[tuple[int, int]]) -> NDArray[np.float64]:
    """Points along each line, to know what a label would cover."""
    shares = np.linspace(0.08, 0.92, LINE_SAMPLES)[:, None]
    lines = [points[a] * (1 - shares) + points[b] * shares for a, b in segments]
    return np.concatenate(lines) if lines else np.empty((0, 2))
