"""How what is found in a model's trees goes with what the model chooses, by layer or by training step."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from treeprobe.reporting.style.axes import clean_axes, legend_above
from treeprobe.reporting.style.palette import BLUE, GREY, LineStyle

_COLUMNS = ("measure", "value", "low", "high")
_ODDS = {
    "log_odds_ratio": ("by itself", LineStyle(GREY, (0, (5, 2)), "s", width=1.2)),
    "adjusted_log_odds_ratio": ("beside the covariates", LineStyle(BLUE, "solid", "o")),
}
_GAIN = {"gain": ("with the trees", LineStyle(BLUE, "solid", "o"))}
_TICKS = (1 / 16, 1 / 8, 1 / 4, 1 / 2, 1, 2, 4, 8, 16, 32, 64)
_SHIFT = 0.12
"""How far apart the two points of a layer stand, so that their intervals do not cover each other."""
_MOST_NAMED = 13
_ALONG = {"layer": "layer (0: embeddings)", "step": "training step"}


def association_by_layer(association: pd.DataFrame, ax: Axes, *, along: str = "layer") -> Axes:
    """Draw by how much the odds of a right choice rise where the tree has the edges in question, with 95 % intervals.

    Grey squares are the odds ratio by itself, blue circles that beside the covariates, filled where the interval
    excludes 1; where only the grey ones are, the covariates explain the association. The axis is logarithmic.

    Args:
        association: The table of `treeprobe.behaviour.association_table`, of one source of pairs.
        ax: The axes, returned.
        along: The column of the horizontal axis: layer, or step.

    Raises:
        ValueError: A column is missing, or there is no odds ratio.
    """
    rows = _rows(association, list(_ODDS), along)
    places = sorted(rows[along].unique().tolist())
    for (measure, (label, style)), shift in zip(_ODDS.items(), (-_SHIFT, _SHIFT)):
        _draw(rows[rows["measure"] == measure], places, ax, along=along, style=style, label=label, shift=shift)
    bottom, top = ax.get_ylim()
    ticks = [tick for tick in _TICKS if bottom <= np.log(tick) <= top]
    ax.set_yticks(np.log(ticks), [f"{tick:g}" if tick >= 1 else f"1/{1 / tick:g}" for tick in ticks])
    ax.set_ylabel("odds ratio of a right choice")
    return _finished(ax, places, along=along)


def gain_by_layer(association: pd.DataFrame, ax: Axes, *, along: str = "layer") -> Axes:
    """Draw by how much the trees lower the log loss of held-out choices below that of the covariates alone.

    The dashed line at 0 is the covariate-only baseline; filled points are those whose 95 % interval excludes it.

    Args:
        association: The table of `treeprobe.behaviour.association_table`, of one source of pairs.
        ax: The axes, returned.
        along: The column of the horizontal axis: layer, or step.

    Raises:
        ValueError: A column is missing, or no gain was measured.
    """
    rows = _rows(association, list(_GAIN), along)
    places = sorted(rows[along].unique().tolist())
    label, style = _GAIN["gain"]
    _draw(rows, places, ax, along=along, style=style, label=label)
    ax.plot([], [], color=GREY, linewidth=1.0, linestyle=(0, (5, 3)), label="covariates alone")
    ax.set_ylabel("gain in log loss (nats a pair)")
    return _finished(ax, places, along=along)


def _rows(association: pd.DataFrame, measures: Sequence[str], along: str) -> pd.DataFrame:
    """The rows of some measures that have values. Raises ValueError where there are none, or a column is missing."""
    if lacking := [name for name in (*_COLUMNS, along) if name not in association]:
        raise ValueError(f"no column {', '.join(lacking)}; found {', '.join(association.columns)}")
    rows = association[association["measure"].isin(measures)].dropna(subset="value")
    if rows.empty:
        known = association.dropna(subset="value")["measure"].unique()
        raise ValueError(f"no value of {' or '.join(measures)}; found {', '.join(known) or 'none'}")
    return rows


def _draw(
    series: pd.DataFrame,
    places: Sequence[float],
    ax: Axes,
    *,
    along: str,
    style: LineStyle,
    label: str,
    shift: float = 0.0,
) -> None:
    """Points with their intervals, filled where the interval excludes 0, joined by a thin line."""
    ordered = series.sort_values(along)
    at = np.array([places.index(place) for place in ordered[along]]) + shift
    values, low, high = (ordered[name].to_numpy(dtype=float) for name in ("value", "low", "high"))
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


def _finished(ax: Axes, places: Sequence[float], *, along: str) -> Axes:
    """The axes with the line of no association, names and a legend."""
    ax.axhline(0.0, color=GREY, linewidth=1.0, linestyle=(0, (5, 3)), zorder=0)
    every = -(-len(places) // _MOST_NAMED)
    ax.set_xticks(range(0, len(places), every), [f"{place:g}" for place in places[::every]])
    ax.set_xlim(-0.5, len(places) - 0.5)
    ax.set_xlabel(_ALONG.get(along, along))
    return clean_axes(legend_above(ax))
