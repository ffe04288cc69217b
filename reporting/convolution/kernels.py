"""Attention heads as convolutions: their kernels over relative offsets."""

import math
from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import PowerNorm
from matplotlib.ticker import MaxNLocator
from numpy.typing import ArrayLike

from treeprobe.reporting.style.axes import SMALL_FONTSIZE, add_colorbar, clean_axes, legend_above, size_in_points
from treeprobe.reporting.style.palette import GREY, SEQUENTIAL, SKY_BLUE, VERMILLION
from treeprobe.reporting.style.text_fonts import PLAIN

_MIN_NAME_FONTSIZE = 4.5


def head_kernel(
    offsets: ArrayLike, kernel: ArrayLike, ax: Axes, *, fitted: ArrayLike | None = None, title: str = ""
) -> Axes:
    """Draw the kernel of one head, its attention at each relative offset, as bars.

    Args:
        offsets: Key minus query position, (offsets,).
        kernel: The attention at each offset, (offsets,).
        ax: The axes, returned.
        fitted: A quadratic kernel exp(−α(δ − Δ)²) at the same offsets, drawn as a line.
        title: Above the axes.

    Raises:
        ValueError: Not one weight for each offset.
    """
    places, weights = np.asarray(offsets), np.asarray(kernel, dtype=float)
    if places.shape != weights.shape or places.ndim != 1:
        raise ValueError(
            f"expected one weight for each offset; found offsets of shape {places.shape}, a kernel of {weights.shape}"
        )
    ax.bar(places, weights, width=0.8, color=SKY_BLUE, label="free-form")
    if fitted is not None:
        line = np.asarray(fitted, dtype=float)
        ax.plot(places, line, color=VERMILLION, linewidth=1.2, label="quadratic, exp(−α(δ − Δ)²)")
    ax.axvline(0, color=GREY, linewidth=0.6, linestyle=(0, (2, 2)), zorder=0)
    ax.set_title(title, fontsize=8.5, **PLAIN)
    ax.xaxis.set_major_locator(MaxNLocator(integer=True, nbins=7))
    return clean_axes(ax)


def kernel_legend(ax: Axes) -> Axes:
    """Add the legend of free-form and fitted kernels above one of several panels of `head_kernel`; returns `ax`."""
    return legend_above(ax, bbox_to_anchor=(0.5, 1.12), ncols=2)


def kernel_map(
    offsets: ArrayLike, kernels: ArrayLike, ax: Axes, *, names: Sequence[str], label: str = "share of attention"
) -> Axes:
    """Draw the kernels of many heads as a heat map, one row for each head.

    Colours follow the square root of the weights, so that the tails of kernels show. In axes too low to name every
    head, every second, third, … is named.

    Args:
        offsets: Key minus query position, (offsets,).
        kernels: The attention at each offset, (heads, offsets).
        ax: The axes, returned.
        names: One for each head.
        label: Of the colour bar.

    Raises:
        ValueError: Kernels that do not fit the names and the offsets.
    """
    places = np.asarray(offsets)
    matrix = np.asarray(kernels, dtype=float)
    if matrix.shape != (len(names), len(places)):
        raise ValueError(f"{len(names)} heads and {len(places)} offsets do not fit kernels of shape {matrix.shape}")
    image = ax.imshow(
        matrix,
        cmap=SEQUENTIAL,
        norm=PowerNorm(0.5, vmin=0.0),
        aspect="auto",
        interpolation="nearest",
        extent=(places[0] - 0.5, places[-1] + 0.5, len(names) - 0.5, -0.5),
    )
    height = size_in_points(ax)[1]
    every = max(1, math.ceil(len(names) * _MIN_NAME_FONTSIZE / max(height, 1.0)))
    shown = range(0, len(names), every)
    fontsize = min(7.5, max(_MIN_NAME_FONTSIZE, 0.8 * height / max(len(names), 1)))
    ax.set_yticks(shown, [names[place] for place in shown], fontsize=fontsize, **PLAIN)
    ax.xaxis.set_major_locator(MaxNLocator(integer=True, nbins=9))
    ax.axvline(0, color="white", linewidth=0.7, linestyle=(0, (2, 2)))
    ax.set_xlabel("relative offset (words; negative: to the left)", fontsize=9)
    ax.set_ylabel("head (layer-head)", fontsize=9)
    ax.tick_params(axis="y", length=0)
    ax.tick_params(axis="x", labelsize=SMALL_FONTSIZE)
    add_colorbar(image, ax, label=label)
    return ax
