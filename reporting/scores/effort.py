"""Is it the representation or the probe: what a layer adds to a baseline, and what it takes to read as much."""

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator, NullLocator

from treeprobe.reporting.style.axes import SMALL_FONTSIZE, clean_axes
from treeprobe.reporting.style.palette import BLACK, BLUE, GREY, PALE, VERMILLION

AXES = {"rank": "rank of the probe", "nuclear norm": "nuclear norm of the probe", "sentences": "training sentences"}
"""What little of is given to probes, and what the axis is called."""
_LOGARITHMIC = ("rank", "sentences")
_ASIDE = 0.22
"""How far the points of other probes stand from the middle of a bar."""


def effort_by_layer(table: pd.DataFrame, ax: Axes, *, family: str) -> Axes:
    """Draw what a family of probe finds in the baseline alone, and what each layer adds to it, as bars.

    Grey is the baseline's part, which the probe and the words account for; blue is what the layer adds, with its 95 %
    interval; a layer that takes away has a hatched part. Points are the probe of the layer without the baseline, and
    crosses the same probe on control trees: what it memorises.

    Args:
        table: The table `effort.csv` of `treeprobe effort`.
        ax: The axes, returned.
        family: One of the table's.

    Raises:
        ValueError: The table has nothing of this family.
    """
    own = table[table["family"] == family]
    if own.empty:
        raise ValueError(f"no family {family!r}; found {', '.join(map(str, table['family'].unique()))}")
    alone = float(own.loc[own["measure"] == "baseline_uuas", "value"].iloc[0])
    added = own[own["measure"] == "conditional_uuas"].sort_values("layer")
    layers, gains = added["layer"].to_numpy(int), added["value"].to_numpy(float)
    errors = np.stack([gains - added["low"].to_numpy(float), added["high"].to_numpy(float) - gains]).clip(min=0)
    ax.bar(layers, np.full(len(layers), alone), color=PALE, width=0.8, label="in the baseline alone")
    ax.bar(layers, gains.clip(min=0), bottom=alone, color=BLUE, width=0.8, label="added by the layer")
    ax.bar(
        layers,
        gains.clip(max=0),
        bottom=alone,
        width=0.8,
        facecolor="none",
        edgecolor=VERMILLION,
        hatch="////",
        linewidth=0.0,
        label="taken away" if (gains < 0).any() else None,
    )
    ax.errorbar(layers, alone + gains, yerr=errors, color=BLACK, linestyle="none", elinewidth=1.0, capsize=2)
    beside = (("uuas", "o", "layer without baseline", -_ASIDE), ("control_uuas", "x", "control trees", _ASIDE))
    for measure, marker, name, shift in beside:
        rows = own[own["measure"] == measure].dropna(subset="layer").sort_values("layer")
        ax.plot(
            rows["layer"].to_numpy(int) + shift,
            rows["value"],
            color=BLACK,
            marker=marker,
            markersize=4,
            linestyle="none",
            label=name,
            markerfacecolor="white",
        )
    chain = table[(table["family"] == "chain") & (table["measure"] == "uuas")]["value"]
    if len(chain):
        ax.axhline(float(chain.iloc[0]), color=GREY, linewidth=1.0, linestyle=(0, (6, 3)), label="chain")
    ax.xaxis.set_major_locator(MaxNLocator(integer=True))
    ax.set(xlabel="layer", ylabel="UUAS", title=family)
    ax.title.set_fontsize(9)
    return clean_axes(ax)


def effort_curve(points: pd.DataFrame, ax: Axes, *, axis: str, family: str, layer: int, baseline: int | None) -> Axes:
    """Draw UUAS of one layer's probes, and of the baseline layer's, by rank, by norm or by training sentences.

    A gap that stays is the representation's; one that closes to the right is bought with a larger probe, or with data.

    Args:
        points: The table `points.csv` of `treeprobe effort`.
        ax: The axes, returned.
        axis: `rank`, `nuclear norm` or `sentences`.
        family: One of the table's.
        layer: The layer.
        baseline: The baseline's layer; None where it is of another encoder.

    Raises:
        ValueError: The table has no such points.
    """
    own = points[(points["axis"] == axis) & (points["family"] == family)]
    if own.empty:
        raise ValueError(f"no points of {family} by {axis}; found axes {', '.join(map(str, points['axis'].unique()))}")
    for which, color, marker in ((layer, BLUE, "o"), (baseline, GREY, "s")):
        rows = own[own["layer"] == which].sort_values("at") if which is not None else own.iloc[:0]
        if rows.empty or (which == layer and color == GREY):
            continue
        at, values = rows["at"].to_numpy(float), rows["value"].to_numpy(float)
        ax.fill_between(
            at, rows["low"].to_numpy(float), rows["high"].to_numpy(float), color=color, alpha=0.15, linewidth=0
        )
        name = f"layer {which}" + (" (baseline)" if which == baseline else "")
        dashes = "solid" if color == BLUE else (0, (5, 2))
        ax.plot(at, values, color=color, marker=marker, markersize=4, linestyle=dashes, linewidth=1.4, label=name)
    if axis in _LOGARITHMIC:
        ax.set_xscale("log", base=2)
        ticks = sorted(own["at"].unique())
        ax.set_xticks(ticks[:: max(1, -(-len(ticks) // 6))])
        ax.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.0f}"))
        ax.xaxis.set_minor_locator(NullLocator())
    ax.set(xlabel=AXES[axis], ylabel="UUAS")
    return clean_axes(ax)


def effort_figure(table: pd.DataFrame, points: pd.DataFrame, *, layer: int, baseline: int | None) -> Figure:
    """`effort_by_layer` of every family above; below, `effort_curve` of the first family along every axis.

    Args:
        table: The table `effort.csv` of `treeprobe effort`.
        points: Its table `points.csv`.
        layer: The layer of the curves.
        baseline: The baseline's layer; None where it is of another encoder.
    """
    families = [name for name in dict.fromkeys(table["family"]) if name != "chain"]
    axes = [name for name in AXES if ((points["axis"] == name) & (points["family"] == families[0])).any()]
    columns = max(len(families), len(axes))
    figure = Figure(figsize=(3.1 * columns, 5.6), layout="constrained")
    parts: Any = figure.subfigures(2, 1, height_ratios=(1.15, 1))
    above, below = parts
    bars = above.subplots(1, len(families), sharey=True, squeeze=False)[0]
    for ax, family in zip(bars, families):
        effort_by_layer(table, ax, family=family)
        ax.set_ylabel("UUAS" if ax is bars[0] else "")
    handles, labels = bars[0].get_legend_handles_labels()
    above.legend(handles, labels, loc="outside upper center", ncols=len(labels), frameon=False, fontsize=SMALL_FONTSIZE)
    lines = below.subplots(1, len(axes), sharey=True, squeeze=False)[0]
    for ax, axis in zip(lines, axes):
        effort_curve(points, ax, axis=axis, family=families[0], layer=layer, baseline=baseline)
        ax.set_ylabel(f"UUAS ({families[0]})" if ax is lines[0] else "")
    handles, labels = lines[0].get_legend_handles_labels()
    below.legend(handles, labels, loc="outside upper center", ncols=len(labels), frameon=False, fontsize=SMALL_FONTSIZE)
    return figure
