"""Gold and predicted distances and depths: distance matrices of a sentence, and a scatter plot of depths."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.image import AxesImage
from numpy.typing import ArrayLike

from treeprobe.reporting.style.axes import SMALL_FONTSIZE, add_colorbar, clean_axes, size_in_points
from treeprobe.reporting.style.palette import BLUE, GREY, SEQUENTIAL, VERMILLION
from treeprobe.reporting.style.text_fonts import PLAIN, font_families

_COLORBAR_LABEL = "distance (edges)"


def distance_matrix(
    words: Sequence[str], distances: ArrayLike, ax: Axes, *, title: str = "", high: float | None = None
) -> Axes:
    """Draw the distances between the words of a sentence as a heat map with a colour bar.

    Args:
        words: The sentence.
        distances: (words, words).
        ax: The axes, returned.
        title: Above the matrix.
        high: The end of the colour scale, which begins at 0; by default the largest distance.

    Raises:
        ValueError: Distances of another shape.
    """
    image = _draw_matrix(words, distances, ax, title=title, high=high)
    add_colorbar(image, ax, label=_COLORBAR_LABEL, integer=True)
    return ax


def distance_matrices(
    words: Sequence[str], gold: ArrayLike, predicted: ArrayLike, axes: Sequence[Axes]
) -> Sequence[Axes]:
    """Draw gold and predicted distances side by side on one colour scale.

    Args:
        words: The sentence.
        gold: Distances in the gold tree, (words, words).
        predicted: Squared distances of the probe, (words, words).
        axes: Two axes, returned.

    Raises:
        ValueError: Distances of another shape.
    """
    high = max(float(np.max(gold, initial=1.0)), 1.0)
    left, right = axes
    _draw_matrix(words, gold, left, title="gold", high=high)
    image = _draw_matrix(words, predicted, right, title="predicted", high=high)
    # Rows are named once, on the left.
    right.set_yticklabels([""] * len(words))
    add_colorbar(image, right, label=_COLORBAR_LABEL, integer=True)
    return axes


def depth_scatter(gold: ArrayLike, predicted: ArrayLike, ax: Axes, *, seed: int = 0) -> Axes:
    """Draw predicted against gold depths of many words, with the diagonal and the median prediction at each depth.

    Args:
        gold: Depths in the gold trees, (words,), the sentences concatenated.
        predicted: Depths of the probe, (words,).
        ax: The axes, returned.
        seed: Of the horizontal jitter, which keeps words of one depth from hiding each other.

    Raises:
        ValueError: Different numbers of gold and predicted depths.
    """
    true, found = np.asarray(gold, dtype=float).ravel(), np.asarray(predicted, dtype=float).ravel()
    if true.shape != found.shape:
        raise ValueError(f"gold depths of {true.size} words, predicted depths of {found.size}; expected the same words")
    jitter = np.random.default_rng(seed).uniform(-0.3, 0.3, size=true.size)
    # The more points, the more transparent.
    alpha = max(0.06, 0.55 * (300 / max(true.size, 300)) ** 0.5)
    ax.scatter(true + jitter, found, s=6, color=BLUE, alpha=alpha, linewidths=0, rasterized=True)
    levels = np.unique(true)
    medians = [np.median(found[true == level]) for level in levels]
    ends = [0.0, float(true.max(initial=1.0))]
    ax.plot(ends, ends, color=GREY, linestyle=(0, (5, 3)), linewidth=1.0, label="perfect")
    ax.plot(levels, medians, color=VERMILLION, marker="D", markersize=4, linewidth=1.2, label="median")
    ax.set_xlabel("gold depth (edges from the root)")
    ax.set_ylabel("predicted depth")
    ax.legend(frameon=False, fontsize=SMALL_FONTSIZE, loc="upper left")
    return clean_axes(ax)


def _draw_matrix(words: Sequence[str], distances: ArrayLike, ax: Axes, *, title: str, high: float | None) -> AxesImage:
    """A matrix with the words along two of its sides, as large as its cells allow."""
    matrix = np.asarray(distances, dtype=float)
    if matrix.shape != (len(words), len(words)):
        raise ValueError(f"{len(words)} words need a ({len(words)}, {len(words)}) matrix; found {matrix.shape}")
    top = high if high is not None else float(matrix.max(initial=1.0))
    image = ax.imshow(matrix, cmap=SEQUENTIAL, vmin=0.0, vmax=top, interpolation="nearest")
    fontsize = float(np.clip(min(size_in_points(ax)) / max(len(words), 1), 4.0, 8.0))
    style: dict[str, Any] = {"fontsize": fontsize, "fontfamily": font_families(words), **PLAIN}
    ax.set_xticks(range(len(words)), words, rotation=90, **style)
    ax.set_yticks(range(len(words)), words, **style)
    ax.tick_params(length=0, pad=2)
    ax.spines[:].set_visible(False)
    ax.set_title(title, fontsize=9, **PLAIN)
    return image
