"""Values with their intervals in rows, each with its name on the left and a note on the right."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

from treeprobe.reporting.style.axes import SMALL_FONTSIZE, clean_axes
from treeprobe.reporting.style.palette import BLUE, GREY
from treeprobe.reporting.style.text_fonts import PLAIN, font_families


def interval_row(ax: Axes, place: float, value: float, low: float, high: float, *, filled: bool, note: str) -> None:
    """Draw a value with its interval at a height of the axes, and a note to their right."""
    ax.plot([low, high], [place, place], color=BLUE, linewidth=1.6, solid_capstyle="butt")
    ax.plot(value, place, "o", markersize=5.5, color=BLUE, markerfacecolor=BLUE if filled else "white")
    ax.annotate(
        note, xy=(1.02, place), xycoords=("axes fraction", "data"), va="center", fontsize=SMALL_FONTSIZE, color=GREY
    )


def name_rows(ax: Axes, names: Sequence[str], places: NDArray[np.integer]) -> Axes:
    """Name the rows at their heights, and rule the axes for values that run from left to right."""
    ax.set_yticks(places, names, fontsize=8, fontfamily=font_families(names), **PLAIN)
    ax.set_ylim(-0.6, len(names) - 0.4)
    ax.xaxis.set_major_locator(MaxNLocator(nbins=5))
    clean_axes(ax, grid="x")
    ax.tick_params(axis="y", length=0)
    return ax
