"""Labels beside points, placed where they cover neither each other nor points nor lines."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import ArrayLike, NDArray

from treeprobe.reporting.style.palette import BLACK
from treeprobe.reporting.style.text_fonts import PLAIN, font_families, text_width

# Right, left, above, below, then the corners, each at three distances.
_DIRECTIONS = np.array([(1, 0), (-1, 0), (0, 1), (0, -1), (1, 1), (-1, 1), (1, -1), (-1, -1)], dtype=float)
_RINGS = (1.0, 2.2, 3.6)
_LINE_SAMPLES = 24
_INSIDE = 2.0
"""Points between a label and the frame."""


def write_point_labels(
    labels: Sequence[str],
    points: NDArray[np.float64],
    ax: Axes,
    *,
    fontsize: float,
    segments: ArrayLike = (),
    clearance: float = 5.0,
    color: str = BLACK,
) -> Axes:
    """Write a label beside each point, inside the frame; call it last, since places are chosen for the current limits.

    Args:
        labels: One for each point; points with an empty label stay unlabelled.
        points: (points, 2), in data coordinates.
        ax: The axes, returned.
        fontsize: In points.
        segments: Pairs of indices of the points between which lines are drawn, (segments, 2).
        clearance: Smallest distance from a point to its label, in points.
        color: Text colour.
    """
    families = font_families(labels)
    figure = ax.get_figure(root=True)
    if figure is not None:
        figure.draw_without_rendering()  # lays the axes out: the frame has its final size
    on_page = ax.transData.transform(points) * 72 / ax.figure.dpi
    widths = [text_width(label, fontsize=fontsize, families=families) for label in labels]
    sizes = np.array([(width, fontsize if label else 0.0) for label, width in zip(labels, widths, strict=True)])
    frame = ax.get_window_extent().get_points() * 72 / ax.figure.dpi + np.array([[_INSIDE], [-_INSIDE]])
    places = label_places(on_page, sizes.reshape(-1, 2), segments, clearance=clearance, frame=frame)
    for label, point, offset in zip(labels, points, places - on_page, strict=True):
        if label:
            ax.annotate(
                label,
                xy=tuple(point),
                xytext=tuple(offset),
                textcoords="offset points",
                ha="center",
                va="center",
                fontsize=fontsize,
                fontfamily=families,
                color=color,
                zorder=4,
                **PLAIN,
            )
    return ax


def label_places(
    points: NDArray[np.float64],
    sizes: NDArray[np.float64],
    segments: ArrayLike,
    *,
    clearance: float = 5.0,
    frame: NDArray[np.float64] | None = None,
) -> NDArray[np.float64]:
    """Choose the centre of each label greedily, starting with the points whose nearest neighbour is closest.

    Of 24 candidates around its point, a label takes the one that covers least of the labels placed before it, of the
    points and of the lines; nearer candidates win ties.

    Args:
        points: (points, 2).
        sizes: Widths and heights of the labels, (points, 2), in the units of `points`.
        segments: Pairs of indices of the points between which lines are drawn, (segments, 2).
        clearance: Smallest distance from a point to its label, in the units of `points`.
        frame: The lower left and upper right corners, (2, 2), of a rectangle in which labels stay.

    Returns:
        The centres of the labels, (points, 2).
    """
    centres = np.array(points, dtype=float)
    samples = _line_samples(points, segments)
    preference = np.repeat(np.arange(len(_RINGS)) * 0.6, len(_DIRECTIONS)) + np.tile(np.arange(8) * 0.01, len(_RINGS))
    placed: list[int] = []
    for index in _crowded_first(points):
        size = sizes[index]
        places = np.concatenate([points[index] + _DIRECTIONS * (size / 2 + clearance * ring) for ring in _RINGS])
        if frame is not None:
            places = np.maximum(np.minimum(places, frame[1] - size / 2), frame[0] + size / 2)
        costs = preference + 8.0 * _covered(places, size, points, 2.5) + 1.0 * _covered(places, size, samples, 0.5)
        for other in placed:
            costs = costs + 40.0 * _overlap(places, size, centres[other], sizes[other])
        centres[index] = places[np.argmin(costs)]
        placed.append(index)
    return centres


def _covered(
    places: NDArray[np.float64], size: NDArray[np.float64], marks: NDArray[np.float64], margin: float
) -> NDArray[np.float64]:
    """The number of marks under a label at each place."""
    inside = np.abs(places[:, None, :] - marks[None, :, :]) < size / 2 + margin
    return inside.all(axis=2).sum(axis=1).astype(float)


def _overlap(
    places: NDArray[np.float64], size: NDArray[np.float64], other: NDArray[np.float64], other_size: NDArray[np.float64]
) -> NDArray[np.float64]:
    """The overlap of a label at each place with another one, as a fraction of the smaller of the two."""
    common = np.clip((size + other_size) / 2 + 1.0 - np.abs(places - other), 0.0, np.minimum(size, other_size))
    return common.prod(axis=1) / max(float(np.minimum(size, other_size).prod()), 1e-9)


def _crowded_first(points: NDArray[np.float64]) -> NDArray[np.int64]:
    """The indices of the points, sorted by the distance to the nearest neighbour."""
    gaps = np.linalg.norm(points[:, None] - points[None], axis=2)
    np.fill_diagonal(gaps, np.inf)
    return np.argsort(gaps.min(axis=1, initial=np.inf), kind="stable")


def _line_samples(points: NDArray[np.float64], segments: ArrayLike) -> NDArray[np.float64]:
    """Points along each line, (samples, 2), by which to count what a label covers of it."""
    shares = np.linspace(0.08, 0.92, _LINE_SAMPLES)[:, None]
    lines = [
        points[a] * (1 - shares) + points[b] * shares for a, b in np.asarray(segments, dtype=np.int64).reshape(-1, 2)
    ]
    return np.concatenate(lines) if lines else np.empty((0, 2))
