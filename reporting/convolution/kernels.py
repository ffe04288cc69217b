"""Attention heads as convolutions: their kernels over relative offsets, and what is left of syntax without the rest."""

import math
from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import PowerNorm
from matplotlib.ticker import MaxNLocator
from numpy.typing import ArrayLike

from treeprobe.reporting.style.axes import SMALL, clean, room_in, scale_beside
from treeprobe.reporting.style.palette import GREY, SEQUENTIAL, SKY_BLUE, VERMILLION
from treeprobe.reporting.style.text_fonts import PLAIN

SMALLEST_NAME = 4.5


def head_kernel(
    offsets: ArrayLike, kernel: ArrayLike, ax: Axes, *, fitted: ArrayLike | None = None, title: str = ""
) -> Axes:
    """One head's kernel: the share of attention at each relative offset (key minus query), (offsets,), as bars.

    `fitted` is a quadratic kernel exp(−α(δ − Δ)²) over the same offsets, drawn as a line.
    """
    places, weights = kernel_arrays(offsets, kernel)
    ax.bar(places, weights, width=0.8, color=SKY_BLUE, label="free-form")
    if fitted is not None:
        ax.plot(
            places, np.asarray(fitted, dtype=float), color=VERMILLION, linewidth=1.2, label="quadratic, exp(−α(δ − Δ)²)"
        )
    ax.axvline(0, color=GREY, linewidth=0.6, linestyle=(0, (2, 2)), zorder=0)
    ax.set_title(title, fontsize=8.5, **PLAIN)
    ax.xaxis.set_major_locator(MaxNLocator(integer=True, nbins=7))
    return clean(ax)


def kernel_map(
    offsets: ArrayLike, kernels: ArrayLike, ax: Axes, *, names: Sequence[str], label: str = "share of attention"
) -> Axes:
    """The kernels of many heads, (heads, offsets), one row a head; square roots are shaded, so that tails show.

    Where the axes are too low to name every head, every second, third … is named.
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
    every = max(1, math.ceil(len(names) * SMALLEST_NAME / max(room_in(ax)[1], 1.0)))
    shown = range(0, len(names), every)
    size = min(7.5, max(SMALLEST_NAME, 0.8 * room_in(ax)[1] / max(len(names), 1)))
    ax.set_yticks(shown, [names[place] for place in shown], fontsize=size, **PLAIN)
    ax.xaxis.set_major_locator(MaxNLocator(integer=True, nbins=9))
    ax.axvline(0, color="white", linewidth=0.7, linestyle=(0, (2, 2)))
    ax.set_xlabel("relative offset (words; negative: to the left)", fontsize=9)
    ax.set_ylabel("head (layer-head)", fontsize=9)
    ax.tick_params(axis="y", length=0)
    ax.tick_params(axis="x", labelsize=SMALL)
    scale_beside(image, ax, label=label)
    return ax


def kernel_legend(ax: Axes) -> Axes:
    """A legend over the axes, for one panel of several that show free-form and fitted kernels."""
    ax.legend(loc="lower center", bbox_to_anchor=(0.5, 1.12), ncols=2, frameon=False, fontsize=SMALL)
    return ax


def kernel_arrays(offsets: ArrayLike, kernel: ArrayLike) -> tuple[np.ndarray, np.ndarray]:
    """Offsets and kernel, both (offsets,). Raises ValueError when there is not one weight for each offset."""
    places, weights = np.asarray(offsets), np.asarray(kernel, dtype=float)
    if places.shape != weights.shape or places.ndim != 1:
        raise ValueError(
            f"offsets of shape {places.shape} and a kernel of shape {weights.shape}; expected one weight each"
        )
    return places, weights
