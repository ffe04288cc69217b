"""Bar charts: scores beside those of the control task, description lengths, and scores by category."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from numpy.typing import ArrayLike

from treeprobe.reporting.scores.breakdown import breakdown_rows
from treeprobe.reporting.style.axes import SMALL_FONTSIZE, clean_axes, legend_above
from treeprobe.reporting.style.palette import BLACK, BLUE, GREY, ORANGE, SKY_BLUE
from treeprobe.reporting.style.text_fonts import PLAIN, font_families


def selectivity_bars(
    names: Sequence[str], scores: ArrayLike, controls: ArrayLike, ax: Axes, *, metric: str = "UUAS"
) -> Axes:
    """Draw the score of each probe beside its score on the control task, their difference, the selectivity, above.

    Selectivity is that of Hewitt & Liang (2019). Bars of the control task are hatched.

    Args:
        names: One for each probe.
        scores: (probes,).
        controls: Scores on the control task, (probes,).
        ax: The axes, returned.
        metric: The name of the score.

    Raises:
        ValueError: Not one score and one control score for each name.
    """
    real, control = _one_for_each(names, scores), _one_for_each(names, controls)
    places = np.arange(len(names))
    ax.bar(places - 0.2, real, width=0.38, color=BLUE, label=metric)
    ax.bar(places + 0.2, control, width=0.38, color="white", edgecolor=ORANGE, hatch="////", label="control task")
    for place, a, b in zip(places.tolist(), real, control, strict=True):
        ax.text(place, max(a, b) + 0.015, f"{a - b:+.2f}", ha="center", va="bottom", fontsize=SMALL_FONTSIZE)
    ax.set_xticks(places, names, fontfamily=font_families(names), **PLAIN)
    ax.set_ylabel(metric)
    ax.margins(y=0.12)
    return clean_axes(legend_above(ax))


def description_length_bars(names: Sequence[str], codelengths: ArrayLike, uniform: ArrayLike, ax: Axes) -> Axes:
    """Draw the online codelength of each probe and, as a line above its bar, that of the uniform code.

    The number in each bar is the compression, uniform ÷ online codelength (Voita & Titov 2020).

    Args:
        names: One for each probe.
        codelengths: Online codelengths in bits, (probes,).
        uniform: Codelengths of the uniform code in bits, (probes,).
        ax: The axes, returned.

    Raises:
        ValueError: Not one codelength of each code for each name.
    """
    bits, plain = _one_for_each(names, codelengths), _one_for_each(names, uniform)
    places = np.arange(len(names))
    ax.bar(places, bits / 1000, width=0.6, color=SKY_BLUE, label="online code")
    ax.hlines(plain / 1000, places - 0.36, places + 0.36, color=BLACK, linewidth=1.6, label="uniform code", zorder=3)
    for place, length, most in zip(places.tolist(), bits, plain, strict=True):
        ax.text(place, length / 2000, f"{most / length:.2f}×", ha="center", va="center", fontsize=SMALL_FONTSIZE)
    ax.set_xticks(places, names, fontfamily=font_families(names), **PLAIN)
    ax.set_ylabel("description length (kbit)")
    ax.margins(y=0.1)
    return clean_axes(legend_above(ax))


def category_bars(
    scores: pd.DataFrame, ax: Axes, *, by: str = "relation", metric: str = "share of edges recovered", most: int = 25
) -> Axes:
    """Draw the score of each relation, or other category, with its 95 % interval and its number of edges.

    Relations are sorted by score; other categories keep their order, from the top.

    Args:
        scores: The table of `treeprobe.parsing.break_down`: by, category, value, low, high, n.
        ax: The axes, returned.
        by: The kind of category.
        metric: Label of the horizontal axis.
        most: How many relations are shown, the most frequent ones.

    Raises:
        ValueError: A column is missing, or the table has no scores by this kind of category.
    """
    rows = breakdown_rows(scores, by, columns=("category", "value", "low", "high", "n"))
    if by == "relation":
        rows = rows.sort_values("n", ascending=False, kind="stable").head(most)
        rows = rows.sort_values("value", ascending=False, kind="stable")
    rows = rows.iloc[::-1]
    values = rows["value"].to_numpy(dtype=float)
    places = np.arange(len(rows))
    ax.barh(places, values, height=0.7, color=SKY_BLUE)
    errors = np.stack([values - rows["low"].to_numpy(dtype=float), rows["high"].to_numpy(dtype=float) - values])
    ax.errorbar(values, places, xerr=np.maximum(errors, 0), fmt="none", ecolor=BLACK, elinewidth=0.9, capsize=1.5)
    names = rows["category"].astype(str).tolist()
    ax.set_yticks(places, names, fontsize=SMALL_FONTSIZE, fontfamily=font_families(names), **PLAIN)
    for place, count in zip(places, rows["n"], strict=True):
        ax.annotate(
            f"{int(count):,}",
            xy=(1.0, place),
            xycoords=("axes fraction", "data"),
            xytext=(3, 0),
            textcoords="offset points",
            va="center",
            fontsize=6.5,
            color=GREY,
        )
    ax.set_xlim(0, 1)
    ax.set_ylim(-0.6, len(rows) - 0.4)
    ax.set_xlabel(metric)
    clean_axes(ax, grid="x")
    ax.tick_params(axis="y", length=0)
    return ax


def _one_for_each(names: Sequence[str], values: ArrayLike) -> np.ndarray:
    """The values as an array, (names,)."""
    array = np.asarray(values, dtype=float)
    if array.shape != (len(names),):
        raise ValueError(f"{len(names)} names but values of shape {array.shape}; expected one value for each name")
    return array
