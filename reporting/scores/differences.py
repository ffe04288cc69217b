"""Paired differences between checkpoints, layers or probes on the same sentences, with their intervals."""

from collections.abc import Mapping

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from treeprobe.parsing import Difference
from treeprobe.reporting.style.axes import SMALL_FONTSIZE, clean_axes
from treeprobe.reporting.style.names import metric_name
from treeprobe.reporting.style.palette import BLUE, GREY
from treeprobe.reporting.style.text_fonts import PLAIN, font_families


def paired_differences(differences: Mapping[str, Difference], ax: Axes, *, baseline: str = "") -> Axes:
    """Draw each difference with its 95 % interval and p-value in a row of its own.

    Filled points: the 95 % interval excludes zero.

    Args:
        differences: By the name of the comparison.
        ax: The axes, returned.
        baseline: What everything is compared with, for the axis label.

    Raises:
        ValueError: No differences.
    """
    if not differences:
        raise ValueError("no comparison to draw; expected at least one named Difference")
    names = list(differences)
    places = np.arange(len(names))[::-1]
    ax.axvline(0.0, color=GREY, linewidth=1.0, linestyle=(0, (5, 3)))
    for place, found in zip(places, differences.values(), strict=True):
        relation = "" if found.p_text.startswith("<") else "= "
        filled = found.low > 0 or found.high < 0
        ax.plot([found.low, found.high], [place, place], color=BLUE, linewidth=1.6, solid_capstyle="butt")
        ax.plot(found.value, place, "o", markersize=5.5, color=BLUE, markerfacecolor=BLUE if filled else "white")
        ax.annotate(
            f"{found.value:+.3f}  (p {relation}{found.p_text})",
            xy=(1.02, place),
            xycoords=("axes fraction", "data"),
            va="center",
            fontsize=SMALL_FONTSIZE,
            color=GREY,
        )
    ax.set_yticks(places, names, fontsize=8, fontfamily=font_families(names), **PLAIN)
    ax.set_ylim(-0.6, len(names) - 0.4)
    metric = next(iter(differences.values())).metric
    ax.set_xlabel(f"difference in {metric_name(metric)}" + (f" from {baseline}" if baseline else ""), **PLAIN)
    ax.xaxis.set_major_locator(MaxNLocator(nbins=5))
    clean_axes(ax, grid="x")
    ax.tick_params(axis="y", length=0)
    return ax
