"""What the axes of all figures have in common."""

from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.ticker import MaxNLocator

from treeprobe.reporting.style.palette import PALE

SMALL = 7.5


def clean(ax: Axes, *, grid: str = "y") -> Axes:
    """Only the two axis lines that carry a scale, and faint lines behind the data along `grid` ("x", "y" or "")."""
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


def scale_beside(
    image: ScalarMappable, ax: Axes, *, label: str, integer: bool = False, logarithmic: bool = False
) -> Axes:
    """A colour bar as high as the picture, to its right."""
    place = ax.inset_axes((1.03, 0.0, 0.045, 1.0))
    ticks = None if logarithmic else MaxNLocator(nbins=6, integer=integer)
    bar = ax.figure.colorbar(image, cax=place, ticks=ticks)
    bar.set_label(label, fontsize=8)
    bar.outline.set_visible(False)
    place.tick_params(labelsize=7, length=2)
    return place


def room_in(ax: Axes) -> tuple[float, float]:
    """The width and height of the axes in points, as the figure stands now."""
    extent = ax.get_window_extent().transformed(ax.figure.dpi_scale_trans.inverted())
    return float(extent.width * 72), float(extent.height * 72)
