"""Heat maps of named rows and columns: heads by layer, relations by checkpoint, anything by anything."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.colors import Normalize
from numpy.typing import ArrayLike, NDArray

from treeprobe.reporting.style.axes import room_in, scale_beside
from treeprobe.reporting.style.palette import DIVERGING, PALE, SEQUENTIAL, shade
from treeprobe.reporting.style.text_fonts import PLAIN, font_families

NARROWEST_NUMBER = 17.0


def heat_map(
    values: ArrayLike,
    ax: Axes,
    *,
    rows: Sequence[str],
    columns: Sequence[str],
    label: str,
    low: float | None = None,
    high: float | None = None,
    signed: bool = False,
    numbers: bool | None = None,
    digits: int | None = None,
) -> Axes:
    """Cells of (rows, columns) shaded by value; cells that are nan stay pale.

    A `signed` quantity is shaded in two hues around zero. Numbers are written in the cells where they have room, or
    as `numbers` says, with `digits` after the point: two, or as many as the greatest needs to show two of its own.
    Raises ValueError when there are not as many names as rows and columns.
    """
    matrix = np.asarray(values, dtype=float)
    if matrix.shape != (len(rows), len(columns)):
        raise ValueError(
            f"values of shape {matrix.shape} do not fit {len(rows)} row names and {len(columns)} column names"
        )
    scale = value_scale(matrix, low=low, high=high, signed=signed)
    colours = colormaps[DIVERGING if signed else SEQUENTIAL].with_extremes(bad=PALE)
    image = ax.imshow(np.ma.masked_invalid(matrix), cmap=colours, norm=scale, aspect="auto", interpolation="nearest")
    families = font_families([*rows, *columns])
    long = any(len(name) > 4 for name in columns)
    turn: dict[str, Any] = {"rotation": 40, "ha": "right", "rotation_mode": "anchor"} if long else {}
    ax.set_xticks(range(len(columns)), columns, fontsize=7.5, fontfamily=families, **turn, **PLAIN)
    ax.set_yticks(range(len(rows)), rows, fontsize=7.5, fontfamily=families, **PLAIN)
    ax.tick_params(length=0)
    ax.spines[:].set_visible(False)
    width, height = room_in(ax)
    fits = width / max(len(columns), 1) > NARROWEST_NUMBER and height / max(len(rows), 1) > 9
    if fits if numbers is None else numbers:
        size = min(7.0, 0.36 * width / max(len(columns), 1), 0.7 * height / max(len(rows), 1))
        shown = digits_for(matrix) if digits is None else digits
        write_numbers(matrix, ax, colours=colours(scale(matrix)), digits=shown, size=size)
    scale_beside(image, ax, label=label)
    return ax


def category_map(
    scores: pd.DataFrame,
    ax: Axes,
    *,
    across: str,
    by: str = "relation",
    label: str = "share of edges recovered",
    most: int = 30,
) -> Axes:
    """How well each relation (or other category) is recovered, by layer, checkpoint or any other column `across`.

    `scores` is the frame of `parsing.break_down` (by, category, value, n) with the column `across`, of one metric.
    Relations stand by frequency, the `most` frequent only; lengths and the like stand in their own order. Raises
    ValueError when a column is missing, or when `scores` has nothing by `by`.
    """
    rows = rows_by(scores, by, needed=("category", across, "value", "n"))
    table = rows.pivot_table(index="category", columns=across, values="value", sort=False, observed=True)
    counts = rows.groupby("category", sort=False, observed=True)["n"].max()
    if by == "relation":
        counts = counts.sort_values(ascending=False, kind="stable").head(most)
    table = table.loc[counts.index]
    names = [f"{category}  ({int(count):,})" for category, count in counts.items()]
    columns = [str(name) for name in table.columns]
    heat_map(table.to_numpy(dtype=float), ax, rows=names, columns=columns, label=label, low=0.0, high=1.0)
    ax.set_xlabel(across, fontsize=9, **PLAIN)
    return ax


def rows_by(scores: pd.DataFrame, by: str, *, needed: Sequence[str]) -> pd.DataFrame:
    """The rows of a broken-down score that are by `by`.

    Raises ValueError when there are none, or when a needed column is missing.
    """
    if absent := {"by", *needed} - set(scores.columns):
        raise ValueError(f"expected columns by, {', '.join(needed)}; {sorted(absent)} not in {list(scores.columns)}")
    rows = scores[scores["by"] == by]
    if rows.empty:
        raise ValueError(f"no scores by {by!r}; found {', '.join(map(str, scores['by'].unique())) or 'none'}")
    return rows


def value_scale(matrix: NDArray[np.float64], *, low: float | None, high: float | None, signed: bool) -> Normalize:
    """From the least to the greatest value, or as far below zero as above when signed."""
    finite = matrix[np.isfinite(matrix)]
    if signed:
        reach = high if high is not None else float(np.abs(finite).max(initial=1e-9))
        return Normalize(-reach, reach)
    least = low if low is not None else float(finite.min()) if finite.size else 0.0
    most = high if high is not None else float(finite.max()) if finite.size else 1.0
    return Normalize(least, most if most > least else least + 1.0)


def digits_for(matrix: NDArray[np.float64], *, fewest: int = 2, most: int = 4) -> int:
    """Digits after the point that show two significant ones of the greatest value: 2 for .54, 4 for .0087."""
    greatest = float(np.abs(matrix[np.isfinite(matrix)]).max(initial=0.0))
    return fewest if greatest == 0 else int(np.clip(1 - np.floor(np.log10(greatest)), fewest, most))


def write_numbers(
    matrix: NDArray[np.float64], ax: Axes, *, colours: NDArray[np.float64], digits: int, size: float
) -> None:
    """Each value in its cell, in black or white, whichever its shade lets one read; ".74" for 0.74."""
    lightness = colours[..., :3] @ np.array([0.2126, 0.7152, 0.0722])
    for (row, column), value in np.ndenumerate(matrix):
        if np.isfinite(value):
            text = f"{value:z.{digits}f}".replace("0.", ".", 1) if abs(value) < 1 and digits else f"{value:z.{digits}f}"
            text = text.replace("-", "\N{MINUS SIGN}")  # as on the axis of the scale beside it
            ax.text(column, row, text, ha="center", va="center", fontsize=size, color=shade(lightness[row, column]))
