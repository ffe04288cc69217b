"""Matrices of a sentence: gold and predicted distances side by side, and predicted against gold depth."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import ArrayLike

from treeprobe.reporting.style.axes import clean, room_in, scale_beside
from treeprobe.reporting.style.palette import BLUE, GREY, SEQUENTIAL, VERMILLION
from treeprobe.reporting.style.text_fonts import PLAIN, font_families


def distance_matrix(
    words: Sequence[str],
    distances: ArrayLike,
    ax: Axes,
    *,
    title: str = "",
    largest: float | None = None,
    rows_named: bool = True,
    scale_named: bool = True,
) -> Axes:
    """A (words, words) matrix of distances, dark for near and light for far; `largest` fixes the end of the scale.

    Raises ValueError when the matrix is not square with one row a word.
    """
    matrix = np.asarray(distances, dtype=float)
    if matrix.shape != (len(words), len(words)):
        raise ValueError(f"{len(words)} words need a ({len(words)}, {len(words)}) matrix; found {matrix.shape}")
    top = largest if largest is not None else float(matrix.max(initial=1.0))
    image = ax.imshow(matrix, cmap=SEQUENTIAL, vmin=0.0, vmax=top, interpolation="nearest")
    name_words(words, ax, rows_named=rows_named)
    ax.set_title(title, fontsize=9, **PLAIN)
    if scale_named:
        scale_beside(image, ax, label="distance (edges)", integer=True)
    return ax


def distance_matrices(
    words: Sequence[str], gold: ArrayLike, predicted: ArrayLike, axes: Sequence[Axes]
) -> Sequence[Axes]:
    """Gold and predicted distances side by side on one scale, in the two given axes, which are returned.

    `gold` are tree distances, `predicted` squared distances of the probe, both (words, words).
    """
    largest = max(float(np.max(gold, initial=1.0)), 1.0)
    left, right = axes
    distance_matrix(words, gold, left, title="gold", largest=largest, scale_named=False)
    distance_matrix(words, predicted, right, title="predicted", largest=largest, rows_named=False)
    return axes


def depth_scatter(gold: ArrayLike, predicted: ArrayLike, ax: Axes, *, seed: int = 0) -> Axes:
    """Predicted against gold depth of many words, with the line of perfect prediction and the median at each depth.

    Both are (words,): any number of sentences end to end. Points are spread a little sideways, at random by `seed`,
    so that words of one depth do not hide each other.
    """
    true, found = np.asarray(gold, dtype=float).ravel(), np.asarray(predicted, dtype=float).ravel()
    if true.shape != found.shape:
        raise ValueError(f"gold depths of {true.size} words, predicted depths of {found.size}; expected as many")
    aside = np.random.default_rng(seed).uniform(-0.3, 0.3, size=true.size)
    dense = 300 / max(true.size, 300)
    ax.scatter(true + aside, found, s=6, color=BLUE, alpha=max(0.06, 0.55 * dense**0.5), linewidths=0, rasterized=True)
    levels = np.unique(true)
    medians = [np.median(found[true == level]) for level in levels]
    ends = [0.0, float(true.max(initial=1.0))]
    ax.plot(ends, ends, color=GREY, linestyle=(0, (5, 3)), linewidth=1.0, label="perfect")
    ax.plot(levels, medians, color=VERMILLION, marker="D", markersize=4, linewidth=1.2, label="median")
    ax.set_xlabel("gold depth (edges from the root)")
    ax.set_ylabel("predicted depth")
    ax.legend(frameon=False, fontsize=7.5, loc="upper left")
    return clean(ax)


def name_words(words: Sequence[str], ax: Axes, *, rows_named: bool = True, columns_named: bool = True) -> None:
    """Write the words along the two sides of a matrix, as large as its cells allow."""
    families = font_families(words)
    width, height = room_in(ax)
    size = float(np.clip(min(width, height) / max(len(words), 1), 4.0, 8.0))
    style: dict[str, Any] = {"fontsize": size, "fontfamily": families, **PLAIN}
    places = range(len(words))
    ax.set_xticks(places, words if columns_named else [""] * len(words), rotation=90, **style)
    ax.set_yticks(places, words if rows_named else [""] * len(words), **style)
    ax.tick_params(length=0, pad=2)
    ax.spines[:].set_visible(False)
