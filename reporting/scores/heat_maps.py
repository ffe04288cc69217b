"""Heat maps with named rows and columns: any table of values, and scores by category."""

from collections.abc import Sequence
from math import ceil
from typing import Any

import numpy as np
import pandas as pd
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.colors import Normalize
from numpy.typing import ArrayLike, NDArray

from treeprobe.reporting.scores.breakdown import breakdown_rows
from treeprobe.reporting.style.axes import SMALL_FONTSIZE, add_colorbar, size_in_points
from treeprobe.reporting.style.palette import DIVERGING, PALE, SEQUENTIAL, text_color_on
from treeprobe.reporting.style.text_fonts import PLAIN, font_families

_MIN_NUMBER_WIDTH = 17.0
_MIN_NUMBER_HEIGHT = 9.0
_LUMINANCE = np.array([0.2126, 0.7152, 0.0722])


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
    digits: int | None = None,
) -> Axes:
    """Draw a matrix as coloured cells with a colour bar, and the numbers in the cells where there is space for them.

    Of more rows or columns than there is space for names, every second, third, … has its name.

    Args:
        values: (rows, columns); cells that are NaN stay pale and empty.
        ax: The axes, returned.
        rows: Names of the rows.
        columns: Names of the columns.
        label: The quantity and its unit, at the colour bar.
        low: Start of the colour scale, by default the least value.
        high: End of the colour scale, by default the greatest value.
        signed: Whether to colour by sign, with a scale symmetric around zero; `low` is then ignored.
        digits: After the decimal point; by default two, or more if the greatest value needs them for two significant
            digits.

    Raises:
        ValueError: The names do not fit the shape of the values.
    """
    matrix = np.asarray(values, dtype=float)
    if matrix.shape != (len(rows), len(columns)):
        raise ValueError(
            f"values of shape {matrix.shape} do not fit {len(rows)} row names and {len(columns)} column names"
        )
    scale = _value_scale(matrix, low=low, high=high, signed=signed)
    colours = colormaps[DIVERGING if signed else SEQUENTIAL].with_extremes(bad=PALE)
    image = ax.imshow(np.ma.masked_invalid(matrix), cmap=colours, norm=scale, aspect="auto", interpolation="nearest")
    style: dict[str, Any] = {"fontsize": SMALL_FONTSIZE, "fontfamily": font_families([*rows, *columns]), **PLAIN}
    long = any(len(name) > 4 for name in columns)
    slanted: dict[str, Any] = {"rotation": 40, "ha": "right", "rotation_mode": "anchor"} if long else {}
    across, down = size_in_points(ax)
    least = 1.15 if slanted else 0.4 + 0.65 * max(map(len, columns), default=0)  # of a name, in units of its font size
    for axis, names, space, need, more in (
        (ax.xaxis, columns, across, least, slanted),
        (ax.yaxis, rows, down, 1.15, {}),
    ):
        every = max(1, ceil(SMALL_FONTSIZE * need * len(names) / space))
        axis.set_ticks(range(0, len(names), every), names[::every], **more, **style)
    ax.tick_params(length=0)
    ax.spines[:].set_visible(False)
    width, height = size_in_points(ax)
    width, height = width / max(len(columns), 1), height / max(len(rows), 1)
    if width > _MIN_NUMBER_WIDTH and height > _MIN_NUMBER_HEIGHT:
        _write_numbers(
            matrix,
            ax,
            luminance=colours(scale(matrix))[..., :3] @ _LUMINANCE,
            digits=_significant_digits(matrix) if digits is None else digits,
            fontsize=min(7.0, 0.36 * width, 0.7 * height),
        )
    add_colorbar(image, ax, label=label)
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
    """Draw the score of each relation, or other category, by layer, checkpoint or any other column.

    Relations are sorted by frequency; other categories keep their order.

    Args:
        scores: Tables of `treeprobe.parsing.break_down` (by, category, value, n) of one metric, with the column
            `across`.
        ax: The axes, returned.
        across: The column whose values become the columns of the heat map.
        by: The kind of category.
        label: Of the colour bar.
        most: How many relations are shown, the most frequent ones.

    Raises:
        ValueError: A column is missing, or the table has no scores by this kind of category.
    """
    rows = breakdown_rows(scores, by, columns=("category", across, "value", "n"))
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


def _value_scale(matrix: NDArray[np.float64], *, low: float | None, high: float | None, signed: bool) -> Normalize:
    """From the least to the greatest value, or symmetric around zero when signed."""
    finite = matrix[np.isfinite(matrix)]
    if signed:
        largest = high if high is not None else float(np.abs(finite).max(initial=1e-9))
        return Normalize(-largest, largest)
    least = low if low is not None else float(finite.min()) if finite.size else 0.0
    most = high if high is not None else float(finite.max()) if finite.size else 1.0
    return Normalize(least, most if most > least else least + 1.0)


def _significant_digits(matrix: NDArray[np.float64], *, fewest: int = 2, most: int = 4) -> int:
    """Digits after the point that show two significant ones of the greatest value: 2 for .54, 4 for .0087."""
    greatest = float(np.abs(matrix[np.isfinite(matrix)]).max(initial=0.0))
    return fewest if greatest == 0 else int(np.clip(1 - np.floor(np.log10(greatest)), fewest, most))


def _write_numbers(
    matrix: NDArray[np.float64], ax: Axes, *, luminance: NDArray[np.float64], digits: int, fontsize: float
) -> None:
    """Write each finite value in its cell, in black or white depending on the luminance; ".74" for 0.74."""
    for (row, column), value in np.ndenumerate(matrix):
        if np.isfinite(value):
            text = f"{value:z.{digits}f}"
            if abs(value) < 1 and digits:
                text = text.replace("0.", ".", 1)
            text = text.replace("-", "\N{MINUS SIGN}")  # as on the axis of the colour bar
            color = text_color_on(float(luminance[row, column]))
            ax.text(column, row, text, ha="center", va="center", fontsize=fontsize, color=color)
