"""The input representation: token, segment and position embeddings of every position, and their sum."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import ArrayLike

from treeprobe.reporting.style.axes import SMALL_FONTSIZE
from treeprobe.reporting.style.palette import BLACK, DIVERGING, GREY
from treeprobe.reporting.style.text_fonts import PLAIN

_GAP = 0.28
"""Space between two parts, as a share of a part's height."""


def input_size(tokens: Sequence[str], parts: int) -> tuple[float, float]:
    """Width and height in inches of `input_sum` for these tokens and so many parts."""
    return 1.9 + 0.52 * len(tokens), 0.9 + 1.05 * parts


def input_sum(
    parts: Mapping[str, ArrayLike], total: ArrayLike, ax: Axes, *, tokens: Sequence[str], name: str = "sum"
) -> Axes:
    """Draw the parts of the input representation and their sum, one column for each position.

    After Devlin et al. (2019), figure 2, with the numbers of a model: each vector is a column of colours, a dimension a
    row, on one scale for all parts, of which zero is the middle.

    Args:
        parts: (positions, dim) of each part by its name, in the order of the rows.
        total: (positions, dim) the sum of the parts.
        ax: The axes, returned; `input_size` says how large.
        tokens: Of each position.
        name: Of the sum.

    Raises:
        ValueError: Parts of different shapes, or not one token for each position.
    """
    rows = {label: np.asarray(values, dtype=float) for label, values in {**parts, name: total}.items()}
    shapes = {values.shape for values in rows.values()}
    if len(shapes) != 1 or next(iter(shapes))[:1] != (len(tokens),) or len(next(iter(shapes))) != 2:
        raise ValueError(f"expected parts of one shape, ({len(tokens)} positions, dim); found {sorted(shapes)}")
    scale = max(float(np.quantile(np.abs(values), 0.99)) for values in rows.values()) or 1.0
    for number, (label, values) in enumerate(rows.items()):
        bottom = -number * (1 + _GAP) - 1
        # Drawn column by column, with a little space between, so that a position is seen as one thing.
        for place, vector in enumerate(values):
            ax.imshow(
                vector[:, None],
                extent=(place - 0.42, place + 0.42, bottom, bottom + 1),
                cmap=DIVERGING,
                vmin=-scale,
                vmax=scale,
                aspect="auto",
                interpolation="nearest",
            )
        ax.text(-0.75, bottom + 0.5, label, ha="right", va="center", fontsize=9, color=BLACK, **PLAIN)
        if number:
            sign = "=" if number == len(rows) - 1 else "+"
            middle = (len(tokens) - 1) / 2
            ax.text(middle, bottom + 1 + _GAP / 2, sign, ha="center", va="center", fontsize=11, color=GREY)
    for place, token in enumerate(tokens):
        ax.text(place, 0.08, token, ha="center", va="bottom", fontsize=SMALL_FONTSIZE, **PLAIN)
    ax.set_xlim(-0.6, len(tokens) - 0.4)
    ax.set_ylim(-(len(rows) - 1) * (1 + _GAP) - 1.05, 0.35)
    ax.set_axis_off()
    return ax
