"""Accuracy of sentence-level probes by layer, from the table `sentence_probes.csv`."""

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from treeprobe.reporting.style.axes import SMALL_FONTSIZE, clean_axes
from treeprobe.reporting.style.palette import baseline_styles, series_styles

_COLUMNS = 3


def sentence_accuracy_figure(table: pd.DataFrame, *, split: str | None = None) -> Figure:
    """A panel for each task, and one legend for all.

    Args:
        table: The table `sentence_probes.csv` of one checkpoint.
        split: Which split; test where there is one, or else dev.
    """
    tasks = list(dict.fromkeys(table["task"]))
    rows = -(-len(tasks) // _COLUMNS)
    columns = min(_COLUMNS, len(tasks))
    figure = Figure(figsize=(2.6 * columns + 0.4, 2.3 * rows + 0.4), layout="constrained")
    panels = figure.subplots(rows, columns, squeeze=False).ravel()
    for ax, task in zip(panels, tasks):
        sentence_accuracy(table, ax, task=task, split=split)
        ax.set_title(str(task).replace("_", " "), fontsize=9)
    for ax in panels[len(tasks) :]:
        ax.set_axis_off()
    handles, labels = panels[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside upper center", ncols=3, frameon=False, fontsize=SMALL_FONTSIZE)
    return figure


def sentence_accuracy(table: pd.DataFrame, ax: Axes, *, task: str, split: str | None = None) -> Axes:
    """Draw the accuracy of one task by layer, a curve for each way of pooling, with bands of 95 %.

    Curves of random weights have the same colours and are dashed; baselines without states are grey lines.

    Raises:
        ValueError: The table has no such task.
    """
    wanted = split or ("test" if (table["split"] == "test").any() else "dev")
    rows = table[(table["task"] == task) & (table["split"] == wanted)]
    if rows.empty:
        raise ValueError(f"no task {task!r} on {wanted}; found {', '.join(map(str, table['task'].unique()))}")
    own = rows[rows["layer"].notna()]
    for pooling, style in zip(dict.fromkeys(own["pooling"]), series_styles()):
        for probe, curve in own[own["pooling"] == pooling].sort_values("layer").groupby("probe", sort=False):
            at, value, low, high = (curve[name].to_numpy(dtype=float) for name in ("layer", "value", "low", "high"))
            trained = probe == "linear"
            dashes = style.dashes if trained else (0, (2, 1.5))
            ax.fill_between(at, low, high, color=style.color, alpha=0.16 if trained else 0.06, linewidth=0)
            ax.plot(
                at,
                value,
                color=style.color,
                linestyle=dashes,
                linewidth=1.4 if trained else 1.0,
                marker=style.marker if trained else "",
                markersize=4,
                label=str(pooling) if trained else f"{pooling}, {probe}",
            )
    for (_, baseline), style in zip(rows[rows["layer"].isna()].iterrows(), baseline_styles()):
        ax.axhline(float(baseline["value"]), **style.line, zorder=1, label=str(baseline["probe"]))
    ax.set_xlabel("layer (0: embeddings)")
    ax.set_ylabel("accuracy")
    ax.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
    return clean_axes(ax)
