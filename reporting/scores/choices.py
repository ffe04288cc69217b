"""How often the right sentence of a minimal pair is chosen, by construction, attractors or distance."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from numpy.typing import NDArray

from treeprobe.reporting.scores.breakdown import breakdown_rows
from treeprobe.reporting.style.axes import SMALL_FONTSIZE, clean_axes, legend_above
from treeprobe.reporting.style.palette import ASH, GREY, LineStyle, series_styles
from treeprobe.reporting.style.text_fonts import PLAIN, font_families

CHANCE = 0.5
_LIMITS = (-0.03, 1.03)
_COLUMNS = ("source", "category", "metric", "value", "low", "high", "n")
_LABELS = {
    "all": "",
    "construction": "",
    "attractors": "nouns of the other number between",
    "distance": "words from one to the other",
}


def choice_accuracy(accuracy: pd.DataFrame, ax: Axes, *, by: str = "construction", metric: str = "sentence") -> Axes:
    """Draw the share of pairs that are right with its 95 % interval, one series for each source of pairs.

    Grey ticks are the frequency baseline where there is one, the dashed line is chance. Constructions are rows from
    the top in the order of the table; other categories are columns.

    Args:
        accuracy: The table of `treeprobe.behaviour.accuracy_table`.
        ax: The axes, returned.
        by: The kind of category: construction, attractors or distance.
        metric: The comparison: sentence or target.

    Raises:
        ValueError: A column is missing, or the table has no scores by this kind of category.
    """
    rows = breakdown_rows(accuracy, by, columns=_COLUMNS).astype({"category": str, "source": str})
    shown = rows[rows["metric"] == metric]
    if shown.empty:
        raise ValueError(f"no scores of {metric!r}; found {', '.join(rows['metric'].unique())}")
    upright = by in ("attractors", "distance")
    categories = _ordered(shown["category"].unique().tolist(), numbers=upright)
    sources = shown["source"].unique().tolist()
    for number, (source, style) in enumerate(zip(sources, series_styles())):
        offset = 0.7 * ((number + 0.5) / len(sources) - 0.5)
        series = shown[shown["source"] == source]
        places = np.array([categories.index(name) for name in series["category"]]) + offset
        _draw_series(series, places, ax, style=style, upright=upright, label=source)
        baseline = rows[(rows["source"] == source) & (rows["metric"] == "frequency")]
        baseline = baseline[baseline["category"].isin(categories)]
        places = np.array([categories.index(name) for name in baseline["category"]]) + offset
        _draw_baseline(baseline, places, ax, upright=upright, label="word frequency" if number == 0 else "")
    return _finished(ax, categories, upright=upright, label=_LABELS.get(by, by))


def _draw_series(
    series: pd.DataFrame, places: NDArray[np.float64], ax: Axes, *, style: LineStyle, upright: bool, label: str
) -> None:
    """The shares of one source with their intervals."""
    values, low, high = (series[name].to_numpy(dtype=float) for name in ("value", "low", "high"))
    errors = np.stack([values - low, high - values]).clip(min=0)
    look: dict[str, Any] = {"fmt": style.marker, "color": style.color, "markersize": 4.5, "elinewidth": 1.2}
    if upright:
        ax.errorbar(places, values, yerr=errors, capsize=2, label=label, **look)
    else:
        ax.errorbar(values, places, xerr=errors, capsize=2, label=label, **look)


def _draw_baseline(baseline: pd.DataFrame, places: NDArray[np.float64], ax: Axes, *, upright: bool, label: str) -> None:
    """What word frequency alone gets right, as grey ticks."""
    if baseline.empty:
        return
    values = baseline["value"].to_numpy(dtype=float)
    look: dict[str, Any] = {"linestyle": "none", "color": GREY, "markersize": 7, "label": label or None}
    if upright:
        ax.plot(places, values, marker="_", **look)
    else:
        ax.plot(values, places, marker="|", **look)


def _ordered(categories: Sequence[str], *, numbers: bool) -> list[str]:
    """Categories as they come, or by the number that they begin with."""
    if not numbers:
        return list(categories)
    return sorted(categories, key=lambda name: int(name.rstrip("+").split("-")[0]))


def _finished(ax: Axes, categories: Sequence[str], *, upright: bool, label: str) -> Axes:
    """The axes with the line of chance, names and limits."""
    line: dict[str, Any] = {"color": ASH, "linewidth": 1.0, "linestyle": (0, (5, 3)), "zorder": 0, "label": "chance"}
    names: dict[str, Any] = {"fontsize": SMALL_FONTSIZE, "fontfamily": font_families(categories), **PLAIN}
    places = np.arange(len(categories))
    if upright:
        ax.axhline(CHANCE, **line)
        ax.set_xticks(places, categories, **names)
        ax.set(xlim=(-0.6, len(categories) - 0.4), ylim=_LIMITS, xlabel=label, ylabel="share of pairs right")
    else:
        ax.axvline(CHANCE, **line)
        ax.set_yticks(places, categories, **names)
        ax.set(ylim=(len(categories) - 0.4, -0.6), xlim=_LIMITS, xlabel="share of pairs right", ylabel=label)
        ax.tick_params(axis="y", length=0)
    return clean_axes(legend_above(ax), grid="y" if upright else "x")
