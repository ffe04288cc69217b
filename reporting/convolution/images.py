"""Attention over images: the centre of each head during training, and the attention of one pixel."""

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle
from matplotlib.ticker import MaxNLocator
from numpy.typing import ArrayLike

from treeprobe.reporting.style.axes import SMALL_FONTSIZE
from treeprobe.reporting.style.palette import BLACK, GREY, PALE, SEQUENTIAL, VERMILLION, series_styles
from treeprobe.reporting.style.text_fonts import PLAIN


def head_centres(centres: ArrayLike, ax: Axes, *, kernel: int = 3, title: str = "") -> Axes:
    """Draw the path of each head's centre of attention during training, relative to the query pixel.

    After Cordonnier et al. (2020), Figure 3. Each path leads from a hollow point to a filled one with the number of the
    head, counted from 1; the squares are the positions of a convolution, the query in the middle.

    Args:
        centres: Δ of each head, rows down and columns to the right, in pixels, (steps, heads, 2).
        ax: The axes, returned.
        kernel: Width of the convolution in pixels.
        title: Above the axes.

    Raises:
        ValueError: Centres of another shape.
    """
    paths = np.asarray(centres, dtype=float)
    if paths.ndim != 3 or paths.shape[2] != 2:
        raise ValueError(f"expected centres of shape (steps, heads, 2); found {paths.shape}")
    half = kernel // 2
    for row in range(-half, half + 1):
        for column in range(-half, half + 1):
            ax.add_patch(Rectangle((column - 0.5, row - 0.5), 1, 1, facecolor="none", edgecolor=PALE, linewidth=0.8))
    ax.plot(0, 0, marker="+", color=BLACK, markersize=9, zorder=1)
    inside: dict[str, Any] = {
        "color": "white",
        "fontsize": 6.5,
        "fontweight": "bold",
        "ha": "center",
        "va": "center_baseline",
    }
    for head, style in zip(range(paths.shape[1]), series_styles(), strict=False):
        down, right = paths[:, head, 0], paths[:, head, 1]
        ax.plot(right, down, color=style.color, linewidth=1.1, zorder=2)
        ax.plot(right[0], down[0], "o", color=style.color, markerfacecolor="white", markersize=4, zorder=3)
        ax.plot(right[-1], down[-1], "o", color=style.color, markersize=10, zorder=4)
        ax.text(right[-1], down[-1], str(head + 1), **inside, zorder=5)
    reach = max(half + 0.7, 1.15 * float(np.abs(paths).max(initial=0.0)))
    ax.set_xlim(-reach, reach)
    ax.set_ylim(reach, -reach)
    ax.set_aspect("equal")
    ax.xaxis.set_major_locator(MaxNLocator(integer=True, nbins=7))
    ax.yaxis.set_major_locator(MaxNLocator(integer=True, nbins=7))
    ax.tick_params(labelsize=SMALL_FONTSIZE, colors=GREY)
    ax.spines[:].set_color(PALE)
    ax.set_title(title, fontsize=8.5, **PLAIN)
    return ax


def query_attention(
    attention: ArrayLike, query: tuple[int, int], ax: Axes, *, title: str = "", high: float | None = None
) -> Axes:
    """Draw the attention of one query pixel over an image; the query is outlined, dark is little attention.

    Args:
        attention: (height, width).
        query: Row and column, from 0.
        ax: The axes, returned.
        title: Above the image.
        high: The end of the colour scale, which begins at 0; by default the largest weight.

    Raises:
        ValueError: Attention of another shape, or a query outside the image.
    """
    weights = np.asarray(attention, dtype=float)
    if weights.ndim != 2:
        raise ValueError(f"expected one weight for each pixel, (height, width); found shape {weights.shape}")
    row, column = query
    if not (0 <= row < weights.shape[0] and 0 <= column < weights.shape[1]):
        raise ValueError(f"the query {query} is not a pixel of an image of shape {weights.shape}")
    ax.imshow(weights, cmap=SEQUENTIAL, vmin=0.0, vmax=high, interpolation="nearest")
    ax.add_patch(Rectangle((column - 0.5, row - 0.5), 1, 1, facecolor="none", edgecolor=VERMILLION, linewidth=1.6))
    ax.set_xticks([])
    ax.set_yticks([])
    ax.spines[:].set_visible(False)
    ax.set_title(title, fontsize=7.5, **PLAIN)
    return ax
