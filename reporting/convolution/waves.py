"""Position codes as waves: dimensions along positions, and one put together again from few frequencies."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator
from numpy.typing import ArrayLike, NDArray

from treeprobe.reporting.style.axes import SMALL_FONTSIZE, clean_axes
from treeprobe.reporting.style.end_labels import EndLabel, write_end_labels
from treeprobe.reporting.style.palette import BLUE, GREY, PALE, series_styles
from treeprobe.reporting.style.text_fonts import PLAIN

WAVES = 8
"""Dimensions that are drawn where none are named."""


def position_waves(code: ArrayLike, ax: Axes, *, dimensions: Sequence[int] | None = None, title: str = "") -> Axes:
    """Draw dimensions of a position code as waves along positions, one above the other, each to its own scale.

    Args:
        code: (positions, dim).
        ax: The axes, returned.
        dimensions: Those to draw, from 0, the first on top; some evenly spread over all by default.
        title: Above the waves.

    Raises:
        ValueError: A code of another shape, or a dimension that it does not have.
    """
    values = _checked(code)
    chosen = list(np.linspace(0, values.shape[1] - 1, min(WAVES, values.shape[1])).round().astype(int))
    chosen = chosen if dimensions is None else list(dimensions)
    if not chosen or min(chosen) < 0 or max(chosen) >= values.shape[1]:
        raise ValueError(f"dimensions {chosen}; expected some from 0 to {values.shape[1] - 1}")
    heights = -np.arange(len(chosen), dtype=float)
    for height, dimension in zip(heights, chosen, strict=True):
        wave = values[:, dimension] - values[:, dimension].mean()
        largest = np.abs(wave).max()
        ax.axhline(height, color=PALE, linewidth=0.6, zorder=0)
        ax.plot(np.arange(len(wave)), height + 0.42 * wave / (largest if largest > 0 else 1), color=BLUE, linewidth=1.1)
    ax.set_yticks(heights, [str(dimension) for dimension in chosen])
    ax.set_ylim(heights[-1] - 0.6, 0.6)
    ax.set_xlim(0, len(values) - 1)
    ax.set_xlabel("position", fontsize=9)
    ax.set_ylabel("dimension, each to its own scale", fontsize=9)
    ax.set_title(title, fontsize=9, **PLAIN)
    ax.tick_params(labelsize=SMALL_FONTSIZE, length=2)
    ax.spines[["top", "right", "left"]].set_visible(False)
    return ax


def rebuilt_wave(
    code: ArrayLike, rebuilt: Mapping[int, ArrayLike], ax: Axes, *, dimension: int | None = None, title: str = ""
) -> Axes:
    """Draw a dimension of a position code, and what its strongest frequencies make of it.

    Args:
        code: (positions, dim).
        rebuilt: By the number of frequencies that were kept, the code put together again, (positions, dim).
        ax: The axes, returned.
        dimension: The one to draw, from 0; by default that of the greatest variance.
        title: Above the axes; by default it names the dimension.

    Raises:
        ValueError: Codes of different shapes, or a dimension that they do not have.
    """
    values = _checked(code)
    chosen = int(values.var(axis=0).argmax()) if dimension is None else dimension
    if not 0 <= chosen < values.shape[1]:
        raise ValueError(f"dimension {chosen}; expected one from 0 to {values.shape[1] - 1}")
    position = np.arange(len(values))
    ax.plot(position, values[:, chosen], "o", color=GREY, markersize=2.6, markeredgewidth=0)
    ends = [EndLabel("the code", float(values[-1, chosen]), GREY)]
    for (count, again), style in zip(rebuilt.items(), series_styles(), strict=False):
        wave = _checked(again)
        if wave.shape != values.shape:
            raise ValueError(f"a code of shape {values.shape}, put together again as {wave.shape}")
        ax.plot(position, wave[:, chosen], **style.line)
        name = "1 frequency" if count == 1 else f"{count} frequencies"
        ends.append(EndLabel(name, float(wave[-1, chosen]), style.color))
    ax.set_xlim(0, len(values) - 1)
    ax.set_xlabel("position")
    ax.set_ylabel("value")
    ax.set_title(title or f"dimension {chosen}", fontsize=9, **PLAIN)
    ax.xaxis.set_major_locator(MaxNLocator(integer=True))
    clean_axes(ax)
    return write_end_labels(ends, ax)


def _checked(code: ArrayLike) -> NDArray[np.float64]:
    values = np.asarray(code, dtype=float)
    if values.ndim != 2 or not values.size:
        raise ValueError(f"expected a code, (positions, dim); found shape {values.shape}")
    return values
