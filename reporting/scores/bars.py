"""Bars: a probe's score beside its control task's, description lengths, and scores by category."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from numpy.typing import ArrayLike

from treeprobe.reporting.scores.heat_maps import rows_by
from treeprobe.reporting.style.axes import SMALL, clean
from treeprobe.reporting.style.palette import BLACK, BLUE, GREY, ORANGE, SKY_BLUE
from treeprobe.reporting.style.text_fonts import PLAIN, font_families


def selectivity_bars(
    names: Sequence[str], scores: ArrayLike, controls: ArrayLike, ax: Axes, *, metric: str = "UUAS"
) -> Axes:
    """Each probe's score beside its score on the control task; the number above is the selectivity, their difference.

    `scores` and `controls` are (probes,) (Hewitt & Liang 2019). Control bars are hatched.
    """
    real, control = same_length(names, scores, controls)
    places = np.arange(len(names))
    ax.bar(places - 0.2, real, width=0.38, color=BLUE, label=metric)
    ax.bar(places + 0.2, control, width=0.38, color="white", edgecolor=ORANGE, hatch="////", label="control task")
    for place, a, b in zip(places.tolist(), real, control, strict=True):
        ax.text(place, max(a, b) + 0.015, f"{a - b:+.2f}", ha="center", va="bottom", fontsize=SMALL)
    ax.set_xticks(places, names, fontfamily=font_families(names), **PLAIN)
    ax.set_ylabel(metric)
    ax.margins(y=0.12)
    legend_above(ax)
    return clean(ax)


def description_length_bars(names: Sequence[str], codelengths: ArrayLike, uniform: ArrayLike, ax: Axes) -> Axes:
    """The online code length of each probe, in kilobits, under the uniform code's (a line over each bar).

    Both are (probes,), in bits (Voita & Titov 2020). The number in each bar is the compression, uniform ÷ codelength.
    """
    bits, plain = same_length(names, codelengths, uniform)
    places = np.arange(len(names))
    ax.bar(places, bits / 1000, width=0.6, color=SKY_BLUE, label="online code")
    ax.hlines(plain / 1000, places - 0.36, places + 0.36, color=BLACK, linewidth=1.6, label="uniform code", zorder=3)
    for place, length, most in zip(places.tolist(), bits, plain, strict=True):
        ax.text(place, length / 2000, f"{most / length:.2f}×", ha="center", va="center", fontsize=SMALL)
    ax.set_xticks(places, names, fontfamily=font_families(names), **PLAIN)
    ax.set_ylabel("description length (kbit)")
    ax.margins(y=0.1)
    legend_above(ax)
    return clean(ax)


def category_bars(
    scores: pd.DataFrame, ax: Axes, *, by: str = "relation", metric: str = "share of edges recovered", most: int = 25
) -> Axes:
    """How well each relation (or other category) is recovered, with its interval and how many edges it has.

    `scores` is the frame of `parsing.break_down`: by, category, value, low, high, n. Relations stand best first, the
    `most` frequent only; lengths and the like stand in their own order, from the top.
    """
    rows = rows_by(scores, by, needed=("category", "value", "low", "high", "n"))
    if by == "relation":
        rows = rows.sort_values("n", ascending=False, kind="stable").head(most)
        rows = rows.sort_values("value", ascending=False, kind="stable")
    rows = rows.iloc[::-1]
    values = rows["value"].to_numpy(dtype=float)
    places = np.arange(len(rows))
    ax.barh(places, values, height=0.7, color=SKY_BLUE)
    reach = np.stack([values - rows["low"].to_numpy(dtype=float), rows["high"].to_numpy(dtype=float) - values])
    ax.errorbar(values, places, xerr=np.maximum(reach, 0), fmt="none", ecolor=BLACK, elinewidth=0.9, capsize=1.5)
    names = rows["category"].astype(str).tolist()
    ax.set_yticks(places, names, fontsize=SMALL, fontfamily=font_families(names), **PLAIN)
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
    clean(ax, grid="x")
    ax.tick_params(axis="y", length=0)
    return ax


def same_length(names: Sequence[str], *columns: ArrayLike) -> list[np.ndarray]:
    """The columns as arrays. Raises ValueError when one has not one value a name."""
    arrays = [np.asarray(column, dtype=float) for column in columns]
    for array in arrays:
        if array.shape != (len(names),):
            raise ValueError(f"{len(names)} names but values of shape {array.shape}; expected one value a name")
    return arrays


def legend_above(ax: Axes) -> None:
    """A legend over the axes, where no bar can reach."""
    ax.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=3, frameon=False, fontsize=SMALL)
