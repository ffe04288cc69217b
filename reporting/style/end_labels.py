"""Labels at the right ends of lines, in place of a legend."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import NDArray
from scipy.optimize import isotonic_regression

from treeprobe.reporting.style.axes import SMALL_FONTSIZE, size_in_points
from treeprobe.reporting.style.text_fonts import PLAIN


@dataclass(frozen=True)
class EndLabel:
    """The label of a line: its text, the height of the line's right end in data units, and its colour."""

    text: str
    y: float
    color: str


def write_end_labels(labels: Sequence[EndLabel], ax: Axes, *, fontsize: float = SMALL_FONTSIZE) -> Axes:
    """Write each label to the right of the axes, at the end of its line, spread apart where labels would overlap.

    Call it last: labels are spread for the current limits of the axes. Labels whose height is not finite are left out.
    """
    found = [label for label in labels if np.isfinite(label.y)]
    if not found:
        return ax
    ends = [(ax.get_xlim()[1], label.y) for label in found]
    # Whatever the scale of the axis is, linear or logarithmic.
    wanted = (ax.transScale + ax.transLimits).transform(ends)[:, 1] * size_in_points(ax)[1]
    # Anchored to the height of its line, a label follows it when the limits change.
    for label, rise in zip(found, spread_apart(wanted, fontsize * 1.25) - wanted, strict=True):
        ax.annotate(
            label.text,
            xy=(1.0, label.y),
            xytext=(9.0, rise),
            xycoords=("axes fraction", "data"),
            textcoords="offset points",
            color=label.color,
            fontsize=fontsize,
            va="center",
            ha="left",
            annotation_clip=False,
            # From the left edge of the text: from its middle the connector would cross the neighbouring labels.
            arrowprops={
                "arrowstyle": "-",
                "color": label.color,
                "linewidth": 0.5,
                "shrinkA": 1,
                "shrinkB": 1,
                "relpos": (0.0, 0.5),
            },
            **PLAIN,
        )
    return ax


def spread_apart(wanted: NDArray[np.float64], gap: float) -> NDArray[np.float64]:
    """The positions nearest to `wanted` in least squares that keep its order and are at least `gap` apart.

    Once a running multiple of the gap is subtracted, this is isotonic regression.
    """
    order = np.argsort(wanted, kind="stable")
    offsets = gap * np.arange(len(wanted))
    placed = np.empty(len(wanted))
    placed[order] = isotonic_regression(wanted[order] - offsets).x + offsets
    return placed
