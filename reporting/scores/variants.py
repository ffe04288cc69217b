"""Variants of a model's training beside each other: by name, by size, and by training step, with intervals."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import EngFormatter, LogLocator, MaxNLocator, NullFormatter

from treeprobe.reporting.style.axes import SMALL_FONTSIZE, clean_axes
from treeprobe.reporting.style.end_labels import EndLabel, write_end_labels
from treeprobe.reporting.style.names import metric_name
from treeprobe.reporting.style.palette import BLUE, GREY, series_styles
from treeprobe.reporting.style.text_fonts import PLAIN, font_families


def variant_points(
    table: pd.DataFrame, ax: Axes, *, names: Sequence[str], measure: str, label: str | None = None
) -> Axes:
    """Draw a measure of each variant with its 95 % interval, in rows from above; the first is the reference.

    Filled points: the 95 % interval of the difference from the reference, whose value is the dashed line, excludes
    zero. A variant that the measure is not defined for has an empty row.

    Args:
        table: columns variant, measure, value, low, high, separated.
        ax: the axes, returned.
        names: the variants in the order of the rows.
        measure: which one, for a table of several.
        label: what the axis calls it; the measure's own name where None.

    Raises:
        ValueError: the table has no such measure of these variants.
    """
    rows = _rows(table, measure, names)
    places = {name: len(names) - 1 - number for number, name in enumerate(names)}
    reference = rows[rows["variant"] == names[0]]
    if not reference.empty:
        ax.axvline(float(reference["value"].iloc[0]), color=GREY, linewidth=1.0, linestyle=(0, (5, 3)))
    for row in rows.to_dict("records"):
        place, value = places[row["variant"]], row["value"]
        fill = BLUE if row["separated"] is True else "white"
        ax.plot([row["low"], row["high"]], [place, place], color=BLUE, linewidth=1.6, solid_capstyle="butt")
        ax.plot(value, place, "o", markersize=5.5, color=BLUE, markerfacecolor=fill)
    ax.set_yticks(list(places.values()), list(places), fontsize=8, fontfamily=font_families(names), **PLAIN)
    ax.set_ylim(-0.6, len(names) - 0.4)
    ax.set_xlabel(label or metric_name(measure))
    ax.xaxis.set_major_locator(MaxNLocator(nbins=4))
    clean_axes(ax, grid="x")
    ax.tick_params(axis="y", length=0)
    return ax


Point = tuple[float, float, float, float]
"""A number of parameters, and a value with the limits of its interval."""


def size_points(series: Mapping[str, Sequence[Point]], ax: Axes, *, label: str, logarithmic: bool = False) -> Axes:
    """Draw values with intervals by the number of parameters, on a logarithmic axis; a marker for each series.

    Args:
        series: the points of each, by its name.
        ax: the axes, returned.
        label: of the values.
        logarithmic: the axis of the values too.
    """
    for (name, points), style in zip(series.items(), series_styles()):
        size, value, low, high = np.array(points).T
        bars = (value - low, high - value)
        ax.errorbar(
            size, value, yerr=bars, marker=style.marker, markersize=5, linestyle="", color=style.color, label=name
        )
    ax.set_xscale("log")
    for axis in (ax.xaxis, ax.yaxis) if logarithmic else (ax.xaxis,):
        if axis is ax.yaxis:
            ax.set_yscale("log")
        least, most = axis.get_data_interval()
        few = most > 100 * least  # more than two decades
        axis.set_major_locator(LogLocator(subs=(1.0,) if few else (1.0, 2.0, 5.0), numticks=7))
        axis.set_major_formatter(EngFormatter(sep=""))
        axis.set_minor_formatter(NullFormatter())
    ax.set_xlabel("parameters")
    ax.set_ylabel(label)
    if len(series) > 1:
        ax.legend(frameon=False, fontsize=SMALL_FONTSIZE)
    return clean_axes(ax)


def variant_curves(
    table: pd.DataFrame, ax: Axes, *, names: Sequence[str], measure: str, label: str | None = None
) -> Axes:
    """Draw a measure of each variant by training step, with bands for its 95 % intervals.

    Args:
        table: columns variant, measure, step, value, low, high.
        ax: the axes, returned.
        names: the variants, in order.
        measure: which one.
        label: what the axis calls it; the measure's own name where None.

    Raises:
        ValueError: the table has no such measure of these variants.
    """
    rows, ends = _rows(table, measure, names), []
    for name, style in zip(names, series_styles()):
        own = rows[rows["variant"] == name].sort_values("step")
        if own.empty:
            continue
        ax.fill_between(own["step"], own["low"], own["high"], color=style.color, alpha=0.15, linewidth=0)
        ax.plot(own["step"], own["value"], marker=style.marker, markersize=4.5, **style.line)
        ends.append(EndLabel(name, float(own["value"].iloc[-1]), style.color))
    ax.set_xlabel("pre-training step")
    ax.set_ylabel(label or metric_name(measure))
    clean_axes(ax)
    write_end_labels(ends, ax)
    return ax


def _rows(table: pd.DataFrame, measure: str, names: Sequence[str]) -> pd.DataFrame:
    """The rows of a measure of some variants."""
    rows = table[(table["measure"] == measure) & table["variant"].isin(list(names))]
    if rows.empty:
        found = ", ".join(map(str, table["measure"].unique())) or "a table without rows"
        raise ValueError(f"no {measure!r} of these variants; found {found}")
    return rows
