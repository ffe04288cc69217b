"""How what is found in a model's trees goes with what the model chooses, by layer or by training step."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from treeprobe.reporting.style.axes import clean_axes, legend_above
from treeprobe.reporting.style.palette import BLUE, GREY, LineStyle

_COLUMNS = ("measure", "value", "low", "high")
_ODDS: dict[str, tuple[str, LineStyle]] = {
    "log_odds_ratio": ("by itself", LineStyle(GREY, (0, (5, 2)), "s", width=1.2)),
    "adjusted_log_odds_ratio": ("beside the covariates", LineStyle(BLUE, "solid", "o")),
}
_TICKS = (1 / 16, 1 / 8, 1 / 4, 1 / 2, 1, 2, 4, 8, 16, 32, 64)
_SHIFT = 0.12
"""How far apart the two points of a layer stand, so that their intervals do not cover each other."""


def association_by_layer(association: pd.DataFrame, ax: Axes, *, along: str = "layer") -> Axes:
    """Draw by how much the odds of a right choice rise where the tree has the edges in question, with 95 % intervals.

    Grey squares are the odds ratio by itself, blue circles that beside the covariates, filled where the interval
    excludes 1; where only the grey ones do, the covariates explain the association. The axis is logarithmic.

    Args:
        association: The table of `treeprobe.behaviour.association_table`, of one source of pairs.
        ax: The axes, returned.
        along: The column of the horizontal axis: layer, or a column `step`.

    Raises:
        ValueError: A column is missing, or there is no odds ratio.
    """
    if lacking := [name for name in (*_COLUMNS, along) if name not in association]:
        raise ValueError(f"no column {', '.join(lacking)}; found {', '.join(association.columns)}")
    rows = association[association["measure"].isin(list(_ODDS))].dropna(subset="value")
    if rows.empty:
        raise ValueError(f"no odds ratio; found {', '.join(association['measure'].unique()) or 'a table without rows'}")
    places = sorted(rows[along].unique().tolist())
    for (measure, (label, style)), shift in zip(_ODDS.items(), (-_SHIFT, _SHIFT)):
        series = rows[rows["measure"] == measure].sort_values(along)
        at = np.array([places.index(place) for place in series[along]]) + shift
        values, low, high = (series[name].to_numpy(dtype=float) for name in ("value", "low", "high"))
        ax.plot(at, values, **{**style.line, "linewidth": 0.8}, zorder=2)
        ax.vlines(at, low, high, color=style.color, linewidth=1.3, zorder=2)
        filled = (low > 0) | (high < 0)
        for chosen, face in ((filled, style.color), (~filled, "white")):
            ax.plot(
                at[chosen],
                values[chosen],
                style.marker,
                color=style.color,
                markerfacecolor=face,
                markersize=5,
                zorder=3,
            )
        ax.plot([], [], **style.line, marker=style.marker, markersize=5, label=label)
    ax.axhline(0.0, color=GREY, linewidth=1.0, linestyle=(0, (5, 3)), zorder=0)
    ax.set_xticks(range(len(places)), [f"{place:g}" for place in places])
    if len(places) > 13:
        ax.xaxis.set_major_locator(MaxNLocator(nbins=13, integer=True))
    bottom, top = ax.get_ylim()
    ticks = [tick for tick in _TICKS if bottom <= np.log(tick) <= top]
    ax.set_yticks(np.log(ticks), [f"{tick:g}" if tick >= 1 else f"1/{1 / tick:g}" for tick in ticks])
    ax.set_xlabel("layer (0: embeddings)" if along == "layer" else "training step")
    ax.set_ylabel("odds ratio of a right choice")
    return clean_axes(legend_above(ax))
