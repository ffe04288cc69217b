"""How much syntax survives when attention is replaced, such as by convolutions."""

import math

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from treeprobe.reporting.style.axes import clean
from treeprobe.reporting.style.end_labels import EndLabel, write_end_labels
from treeprobe.reporting.style.names import metric_name
from treeprobe.reporting.style.palette import GREY, baseline_styles, series_styles


def survival_curves(
    scores: pd.DataFrame,
    ax: Axes,
    *,
    metric: str = "uuas",
    intact: str = "intact",
    floor: float | None = None,
    floor_name: str = "chain",
) -> Axes:
    """How much syntax is left when attention is replaced: a probe's score by layer, one curve a condition.

    `scores` has the columns condition, layer, value, low and high. With a `floor`, such as the chain's score, an
    upright line marks the layer where the `intact` model is best, and each name says which share of what that has above
    the floor is left there. Raises ValueError when `intact` is not among the conditions.
    """
    conditions = list(dict.fromkeys(scores["condition"]))
    if intact not in conditions:
        raise ValueError(f"no condition {intact!r}; found {', '.join(map(str, conditions))}")
    untouched = scores[scores["condition"] == intact]
    highest = int(untouched["value"].to_numpy().argmax())
    best, at = (float(untouched[column].to_numpy()[highest]) for column in ("value", "layer"))
    ends = []
    for condition, style in zip(conditions, series_styles(), strict=False):
        rows = scores[scores["condition"] == condition].sort_values("layer")
        layers, values = rows["layer"].to_numpy(dtype=float), rows["value"].to_numpy(dtype=float)
        low, high = rows["low"].to_numpy(dtype=float), rows["high"].to_numpy(dtype=float)
        ax.fill_between(layers, low, high, color=style.color, alpha=0.15, linewidth=0)
        ax.plot(layers, values, **style.line, marker=style.marker, markersize=4)
        there = float(values[layers == at][0]) if (layers == at).any() else math.nan
        share = "" if floor is None else f"  {(there - floor) / (best - floor):.0%}"
        ends.append(EndLabel(f"{condition}{share}", float(values[-1]), style.color))
    if floor is not None:
        style = next(baseline_styles())
        ax.axvline(at, color=GREY, linewidth=0.6, linestyle=(0, (2, 2)), zorder=0)
        ax.axhline(floor, **style.line, zorder=1)
        ends.append(EndLabel(floor_name, floor, style.color))
    ax.set_xlabel("layer")
    ax.set_ylabel(metric_name(metric))
    ax.xaxis.set_major_locator(MaxNLocator(integer=True))
    clean(ax)
    return write_end_labels(ends, ax)
