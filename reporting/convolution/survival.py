"""Syntax that survives when attention is replaced, for instance by convolutions."""

import math

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from treeprobe.reporting.style.axes import clean_axes
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
    """Draw the score of a probe by layer, one curve for each condition under which the model was run.

    With a floor, a vertical line marks the layer where the intact model is best, and each label says how much of that
    score above the floor the condition keeps at this layer.

    Args:
        scores: A row for each condition and layer: condition, layer, value, low, high.
        ax: The axes, returned.
        metric: The name of the score.
        intact: The condition of the unchanged model.
        floor: The score of a trivial baseline, drawn as a horizontal line.
        floor_name: What that baseline is called.

    Raises:
        ValueError: The intact model is not among the conditions.
    """
    conditions = list(dict.fromkeys(scores["condition"]))
    if intact not in conditions:
        raise ValueError(f"no condition {intact!r}; found {', '.join(map(str, conditions))}")
    unchanged = scores[scores["condition"] == intact]
    top = int(unchanged["value"].to_numpy().argmax())
    best, best_layer = (float(unchanged[column].to_numpy()[top]) for column in ("value", "layer"))
    ends = []
    for condition, style in zip(conditions, series_styles(), strict=False):
        rows = scores[scores["condition"] == condition].sort_values("layer")
        layers, values = rows["layer"].to_numpy(dtype=float), rows["value"].to_numpy(dtype=float)
        low, high = rows["low"].to_numpy(dtype=float), rows["high"].to_numpy(dtype=float)
        ax.fill_between(layers, low, high, color=style.color, alpha=0.15, linewidth=0)
        ax.plot(layers, values, **style.line, marker=style.marker, markersize=4)
        there = float(values[layers == best_layer][0]) if (layers == best_layer).any() else math.nan
        share = "" if floor is None or math.isnan(there) else f" (keeps {(there - floor) / (best - floor):.0%})"
        ends.append(EndLabel(f"{condition}{share}", float(values[-1]), style.color))
    if floor is not None:
        style = next(baseline_styles())
        ax.axvline(best_layer, color=GREY, linewidth=0.6, linestyle=(0, (2, 2)), zorder=0)
        ax.axhline(floor, **style.line, zorder=1)
        ends.append(EndLabel(floor_name, floor, style.color))
    ax.set_xlabel("layer")
    if floor is not None:
        kept = (
            f"keeps: share of {intact} {metric_name(metric)} above the {floor_name}, at layer {best_layer:.0f} (dotted)"
        )
        ax.set_xlabel(f"layer\n{kept}")
    ax.set_ylabel(metric_name(metric))
    ax.xaxis.set_major_locator(MaxNLocator(integer=True))
    clean_axes(ax)
    return write_end_labels(ends, ax)
