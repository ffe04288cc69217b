"""Attention over images: where each head's centre moves during training, and what a pixel looks at."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle
from matplotlib.ticker import MaxNLocator
from numpy.typing import ArrayLike

from treeprobe.reporting.style.palette import BLACK, GREY, PALE, SEQUENTIAL, VERMILLION, series_styles
from treeprobe.reporting.style.text_fonts import PLAIN


def head_centres(centres: ArrayLike, ax: Axes, *, kernel: int = 3, title: str = "") -> Axes:
    """The way of each head's centre of attention through training, relative to the query pixel.

    `centres` are (steps, heads, 2): rows down and columns to the right, in pixels, as Δ of Cordonnier et al. (2020),
    Figure 3. Each way runs from a hollow point to a solid one with the head's number, counted from 1; the squares are
    the positions of a convolution `kernel` pixels wide, the query in the middle.
    """
    ways = np.asarray(centres, dtype=float)
    if ways.ndim != 3 or ways.shape[2] != 2:
        raise ValueError(f"expected centres of shape (steps, heads, 2); found {ways.shape}")
    half = kernel // 2
    for row in range(-half, half + 1):
        for column in range(-half, half + 1):
            ax.add_patch(Rectangle((column - 0.5, row - 0.5), 1, 1, facecolor="none", edgecolor=PALE, linewidth=0.8))
    ax.plot(0, 0, marker="+", color=BLACK, markersize=9, zorder=1)
    for head, style in zip(range(ways.shape[1]), series_styles(), strict=False):
        down, right = ways[:, head, 0], ways[:, head, 1]
        ax.plot(right, down, color=style.color, linewidth=1.1, zorder=2)
        ax.plot(right[0], down[0], "o", color=style.color, markerfacecolor="white", markersize=4, zorder=3)
        ax.plot(right[-1], down[-1], "o", color=style.color, markersize=10, zorder=4)
        ax.text(right[-1], down[-1], str(head + 1), color="white", fontsize=6.5, ha="center", va="center_baseline",
                fontweight="bold", zorder=5)  # fmt: skip
    reach = max(half + 0.7, 1.15 * float(np.abs(ways).max(initial=0.0)))
    ax.set_xlim(-reach, reach)
    ax.set_ylim(reach, -reach)
    ax.set_aspect("equal")
    ax.xaxis.set_major_locator(MaxNLocator(integer=True, nbins=7))
    ax.yaxis.set_major_locator(MaxNLocator(integer=True, nbins=7))
    ax.tick_params(labelsize=7.5, colors=GREY)
    ax.spines[:].set_color(PALE)
    ax.set_title(title, fontsize=8.5, **PLAIN)
    return ax


def query_attention(
    attention: ArrayLike, query: tuple[int, int], ax: Axes, *, title: str = "", highest: float | None = None
) -> Axes:
    """The attention of one query pixel over an image, (height, width), the query outlined; dark is little.

    `query` is (row, column) from 0; `highest` fixes the end of the scale across several maps.
    """
    weights = np.asarray(attention, dtype=float)
    if weights.ndim != 2:
        raise ValueError(f"expected one weight a pixel, (height, width); found shape {weights.shape}")
    row, column = query
    if not (0 <= row < weights.shape[0] and 0 <= column < weights.shape[1]):
        raise ValueError(f"the query {query} is not a pixel of an image of shape {weights.shape}")
    ax.imshow(weights, cmap=SEQUENTIAL, vmin=0.0, vmax=highest, interpolation="nearest")
    ax.add_patch(Rectangle((column - 0.5, row - 0.5), 1, 1, facecolor="none", edgecolor=VERMILLION, linewidth=1.6))
    ax.set_xticks([])
    ax.set_yticks([])
    ax.spines[:].set_visible(False)
    ax.set_title(title, fontsize=7.5, **PLAIN)
    return ax
