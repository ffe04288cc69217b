"""What the axes of all figures have in common: spines, grid lines, colour bars, legends above, sizes in points."""

from typing import Any

from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.ticker import MaxNLocator

from treeprobe.reporting.style.palette import PALE
from treeprobe.reporting.style.text_fonts import PLAIN

SMALL_FONTSIZE = 7.5


def clean_axes(ax: Axes, *, grid: str = "y") -> Axes:
    """Remove the top and right spines and draw faint grid lines behind the data, along `grid` ("x", "y" or "")."""
    ax.spines[["top", "right"]].set_visible(False)
    if grid == "x":
        ax.grid(axis="x", color=PALE, linewidth=0.6)
    elif grid == "y":
        ax.grid(axis="y", color=PALE, linewidth=0.6)
    ax.set_axisbelow(True)
    ax.tick_params(labelsize=8)
    ax.xaxis.label.set_fontsize(9)
    ax.yaxis.label.set_fontsize(9)
    return ax


def add_colorbar(
    image: ScalarMappable, ax: Axes, *, label: str, integer: bool = False, logarithmic: bool = False
) -> Axes:
    """Add a colour bar of the height of the axes to their right and return its axes."""
    place = ax.inset_axes((1.03, 0.0, 0.045, 1.0))
    ticks = None if logarithmic else MaxNLocator(nbins=6, integer=integer)
    bar = ax.figure.colorbar(image, cax=place, ticks=ticks)
    bar.set_label(label, fontsize=8, **PLAIN)
    bar.outline.set_visible(False)
    place.tick_params(labelsize=7, length=2)
    return place


def legend_above(ax: Axes, **options: Any) -> Axes:
    """Place the legend above the axes, where it covers no data; `options` are those of `Axes.legend`."""
    placed = {"loc": "lower center", "bbox_to_anchor": (0.5, 1.0), "ncols": 3, "frameon": False}
    legend = ax.legend(**{**placed, "fontsize": SMALL_FONTSIZE, **options})
    for text in legend.get_texts():  # names of checkpoints, in which "$" is a character
        text.set(**PLAIN)
    return ax


def size_in_points(ax: Axes) -> tuple[float, float]:
    """The current width and height of the axes in points."""
    extent = ax.get_window_extent().transformed(ax.figure.dpi_scale_trans.inverted())
    return float(extent.width * 72), float(extent.height * 72)
