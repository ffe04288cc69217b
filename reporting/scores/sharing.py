"""What ways of sharing between tasks gain, by the number of training sentences."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from treeprobe.reporting.style.axes import clean_axes, legend_above
from treeprobe.reporting.style.names import metric_name
from treeprobe.reporting.style.palette import ASH, GREY, LineStyle, series_styles

TASKS = {"uuas": "distance", "nspr": "depth", "relation_accuracy": "relation"}
"""The task of each headline score."""
_CONTROL = LineStyle(GREY, (0, (6, 3)), "o", width=1.2)
_APART = 0.05
"""Distance of neighbouring series, as a share of their place on the logarithmic axis."""


def sharing_curves(table: pd.DataFrame, ax: Axes, *, metric: str = "uuas") -> Axes:
    """Draw the differences of one metric from separate probes by training sentences, with their 95 % intervals.

    Each way of sharing is a series, with the weighting that dev chose at each size; separate probes with a penalty of
    their own are grey. Series stand side by side, so that intervals can be told apart.

    Args:
        table: The table `sharing.csv` of `treeprobe multitask`, of one layer and rank.
        ax: The axes, returned.
        metric: One of the table's.

    Raises:
        ValueError: The table has no differences of this metric.
    """
    rows = table[(table["metric"] == metric) & table["chosen"] & table["difference"].notna()]
    if rows.empty:
        raise ValueError(f"no differences of {metric!r}; found {', '.join(map(str, table['metric'].unique()))}")
    names = list(dict.fromkeys(rows["sharing"]))
    colours = series_styles()
    for number, name in enumerate(names):
        style = _CONTROL if name.startswith("separate") else next(colours)
        own = rows[rows["sharing"] == name].sort_values("sentences")
        values, low, high = (
            own[column].to_numpy(float) for column in ("difference", "difference_low", "difference_high")
        )
        ax.errorbar(
            own["sentences"].to_numpy(float) * (1 + _APART * (number - (len(names) - 1) / 2)),
            values,
            yerr=np.stack([values - low, high - values]).clip(min=0),
            marker=style.marker,
            markersize=4,
            capsize=2,
            elinewidth=1.0,
            label=name,
            **style.line,
        )
    ax.axhline(0.0, color=ASH, linewidth=1.0, linestyle=(0, (5, 3)), zorder=0)
    sizes = sorted(rows["sentences"].unique().tolist())
    ax.set_xscale("log")
    ax.set_xticks(sizes, [f"{size:,}" for size in sizes])
    ax.minorticks_off()
    ax.set(xlabel="training sentences", ylabel=f"{metric_name(metric)} less separate")
    return clean_axes(legend_above(ax), grid="y")


def sharing_figure(table: pd.DataFrame) -> Figure:
    """`sharing_curves` of the headline score of every task, a panel each, with one legend.

    Args:
        table: The table `sharing.csv` of `treeprobe multitask`, of one layer and rank.
    """
    figure = Figure(figsize=(3.2 * len(TASKS), 3.0), layout="constrained")
    panels = figure.subplots(1, len(TASKS))
    for ax, (metric, task) in zip(panels, TASKS.items()):
        sharing_curves(table, ax, metric=metric)
        ax.set_title(f"{task}: {metric_name(metric)}", fontsize=9)
        ax.get_legend().remove()
        ax.set_ylabel("difference from separate probes" if ax is panels[0] else "")
    handles, labels = panels[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside upper center", ncols=len(labels), frameon=False, fontsize=8)
    return figure
