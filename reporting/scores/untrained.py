"""Trees without training beside the chain: their scores, and how they go with the layer; from `untrained.csv`."""

from collections.abc import Hashable, Mapping
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from treeprobe.reporting.style.axes import SMALL_FONTSIZE, clean_axes, legend_above
from treeprobe.reporting.style.names import metric_name
from treeprobe.reporting.style.palette import BLUE, GREY, series_styles
from treeprobe.reporting.style.text_fonts import PLAIN, font_families

_TITLES = {"uuas": "UUAS", "uas": "UAS", "bracket_f1": "F1 of brackets"}


def untrained_points(table: pd.DataFrame, ax: Axes, *, metric: str = "uuas") -> Axes:
    """Draw the score of each kind of trees with its 95 % interval, the best method's first, baselines last and grey.

    Args:
        table: The table `untrained.csv` of one checkpoint.
        ax: The axes, returned.
        metric: uuas, uas or bracket_f1.

    Raises:
        ValueError: The table has no scores of this metric.
    """
    rows = _shown(table)
    rows = rows[rows["metric"].isin([metric, f"best_binary_{metric.removeprefix('bracket_')}"])]
    if rows.empty:
        raise ValueError(f"no scores of {metric!r}; found {', '.join(map(str, table['metric'].unique()))}")
    model = rows["layer"].notna() | rows["trees"].str.contains("masking")
    rows = pd.concat([own.sort_values("value", ascending=False) for own in (rows[model], rows[~model])])
    places = np.arange(len(rows))[::-1]
    for place, row, method in zip(places, rows.to_dict("records"), model.loc[rows.index]):
        colour = BLUE if method else GREY
        ax.plot([row["low"], row["high"]], [place, place], color=colour, linewidth=1.6, solid_capstyle="butt")
        ax.plot(row["value"], place, "o" if method else "D", color=colour, markersize=5 if method else 4)
    names = [_name(row) for row in rows.to_dict("records")]
    ax.set_yticks(places, names, fontsize=SMALL_FONTSIZE, fontfamily=font_families(names), **PLAIN)
    ax.set_ylim(-0.6, len(rows) - 0.4)
    ax.set_xlim(left=0)
    ax.set_xlabel(_TITLES.get(metric, metric_name(metric)))
    ax.xaxis.set_major_locator(MaxNLocator(nbins=5))
    clean_axes(ax, grid="x")
    ax.tick_params(axis="y", length=0)
    return ax


def untrained_layers(table: pd.DataFrame, ax: Axes) -> Axes:
    """Draw the UUAS of every method's undirected trees by layer, and the chain's as a dashed line.

    Args:
        table: The table `untrained.csv` of one checkpoint.
        ax: The axes, returned.
    """
    split = _split(table)
    rows = table[(table["split"] == split) & (table["metric"] == "uuas")]
    rows = rows[rows["decoder"].isin(["spanning tree", "brackets"])]
    layered = rows[rows["layer"].notna()]
    for (name, own), style in zip(layered.groupby("trees", sort=False), series_styles()):
        # Of several rules of one layer, the better one.
        best = own.sort_values("value").groupby("layer").tail(1).sort_values("layer")
        at, value, low, high = (best[column].to_numpy(float) for column in ("layer", "value", "low", "high"))
        ax.fill_between(at, low, high, color=style.color, alpha=0.16, linewidth=0)
        ax.plot(at, value, **style.line, marker=style.marker, markersize=4.5, label=str(name), zorder=3)
    chain = rows.loc[rows["trees"] == "chain", "value"]
    ax.axhline(float(chain.iloc[0]), color=GREY, linewidth=1.0, linestyle=(0, (5, 3)), label="chain", zorder=0)
    ax.set(xlabel="layer (0: embeddings)", ylabel="UUAS")
    ax.set_ylim(bottom=0)
    ax.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
    return clean_axes(legend_above(ax, ncols=1))


def untrained_figure(table: pd.DataFrame) -> Figure:
    """UUAS, UAS and F1 of every kind of trees, where there are such scores, and UUAS by layer.

    Args:
        table: The table `untrained.csv` of one checkpoint.
    """
    metrics = [metric for metric in _TITLES if (table["metric"] == metric).any()]
    sizes = [int((_shown(table)["metric"] == metric).sum()) for metric in metrics]
    figure = Figure(figsize=(9.4, 1.6 + 0.2 * (sum(sizes) + len(sizes))), layout="constrained")
    grid = figure.add_gridspec(len(metrics), 2, width_ratios=[1.0, 0.8], height_ratios=[size + 2 for size in sizes])
    for row, metric in enumerate(metrics):
        untrained_points(table, figure.add_subplot(grid[row, 0]), metric=metric)
    untrained_layers(table, figure.add_subplot(grid[:, 1]))
    return figure


def _split(table: pd.DataFrame) -> str:
    """Test where there is one, or else dev."""
    return "test" if (table["split"] == "test").any() else "dev"


def _shown(table: pd.DataFrame) -> pd.DataFrame:
    """The rows of the reported split whose settings dev chose."""
    return table[(table["split"] == _split(table)) & table["chosen"]]


def _name(row: Mapping[Hashable, Any]) -> str:
    """What a row is called: the trees, the layer or head, and how they were decoded."""
    place = str(row["setting"]).partition(", ")[0]
    about = " ".join(filter(None, (str(row["trees"]), place)))
    decoded = row["decoder"] in ("projective", "arborescence") or (row["decoder"] == "spanning tree" and place)
    return f"{about}: {row['decoder']}" if decoded else about
