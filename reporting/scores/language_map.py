"""Languages as points of a map, near each other where a model treats them alike."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib import colormaps
from matplotlib.axes import Axes
from numpy.typing import ArrayLike

from treeprobe.reporting.style.axes import add_colorbar, clean_axes
from treeprobe.reporting.style.palette import BLACK, SEQUENTIAL
from treeprobe.reporting.style.point_labels import write_point_labels

_MARGIN = 0.22
"""Room around the points, as a share of the map's width, for labels."""


def language_map(
    points: ArrayLike, ax: Axes, *, names: Sequence[str], values: ArrayLike, label: str, unit: str = ""
) -> Axes:
    """Draw languages as labelled points, shaded by a score; both axes have one scale, so that distances can be read.

    Args:
        points: (languages, 2), of which only distances mean anything.
        ax: The axes, returned.
        names: What the languages are called, in any script.
        values: The score of each, (languages,); points without one (NaN) are hollow.
        label: What the score is, at the colour bar.
        unit: What distances are measured in, at the axes.

    Raises:
        ValueError: Points, names and values are not as many.
    """
    places, scores = np.asarray(points, dtype=float), np.asarray(values, dtype=float)
    if places.shape != (len(names), 2) or scores.shape != (len(names),):
        raise ValueError(
            f"points of shape {places.shape} and values of shape {scores.shape} for {len(names)} names; expected "
            "(languages, 2), and one value a language"
        )
    known = np.isfinite(scores)
    marks: dict[str, Any] = {"s": 46, "edgecolors": BLACK, "linewidths": 0.6, "zorder": 3}
    x, y = places.T
    shown = ax.scatter(x[known], y[known], c=scores[known], cmap=colormaps[SEQUENTIAL], **marks)
    ax.scatter(x[~known], y[~known], facecolors="none", **marks)
    middle, half = (places.max(axis=0) + places.min(axis=0)) / 2, float(np.ptp(places, axis=0).max()) / 2 or 0.5
    reach = half * (1 + 2 * _MARGIN)
    ax.set_xlim(middle[0] - reach, middle[0] + reach)
    ax.set_ylim(middle[1] - reach, middle[1] + reach)
    ax.set_aspect("equal")
    ax.set_xlabel(unit)
    clean_axes(ax, grid="")
    ax.locator_params(nbins=5)
    if known.any():
        add_colorbar(shown, ax, label=label)
    return write_point_labels(list(names), places, ax, fontsize=8, clearance=7.0)
