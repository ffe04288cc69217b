"""Paired differences between checkpoints, layers or probes on the same sentences, with their intervals."""

from collections.abc import Mapping

import numpy as np
from matplotlib.axes import Axes

from treeprobe.parsing import Difference
from treeprobe.reporting.style.names import metric_name
from treeprobe.reporting.style.palette import GREY
from treeprobe.reporting.style.rows import interval_row, name_rows
from treeprobe.reporting.style.text_fonts import PLAIN


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
        interval_row(
            ax,
            place,
            found.value,
            found.low,
            found.high,
            filled=found.low > 0 or found.high < 0,
            note=f"{found.value:+.3f}  (p {relation}{found.p_text})",
        )
    metric = next(iter(differences.values())).metric
    ax.set_xlabel(f"difference in {metric_name(metric)}" + (f" from {baseline}" if baseline else ""), **PLAIN)
    return name_rows(ax, names, places)
