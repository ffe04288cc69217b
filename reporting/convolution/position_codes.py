"""Position codes: how alike positions are, which frequencies their dimensions hold, and how few of them suffice."""

from collections.abc import Mapping

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LogNorm
from numpy.typing import ArrayLike

from treeprobe.reporting.style.axes import clean, scale_beside
from treeprobe.reporting.style.end_labels import EndLabel, write_end_labels
from treeprobe.reporting.style.palette import DIVERGING, SEQUENTIAL, series_styles
from treeprobe.reporting.style.text_fonts import PLAIN


def similarity_matrix(similarity: ArrayLike, ax: Axes, *, title: str = "", label: str = "cosine similarity") -> Axes:
    """How alike every two positions are, (positions, positions), from -1 to 1, in two hues around 0."""
    matrix = np.asarray(similarity, dtype=float)
    if matrix.ndim != 2 or matrix.shape[0] != matrix.shape[1]:
        raise ValueError(f"expected a square matrix, (positions, positions); found shape {matrix.shape}")
    image = ax.imshow(matrix, cmap=DIVERGING, vmin=-1, vmax=1, interpolation="nearest")
    ax.set_title(title, fontsize=9, **PLAIN)
    ax.set_xlabel("position", fontsize=9)
    ax.set_ylabel("position", fontsize=9)
    ax.tick_params(labelsize=7.5)
    scale_beside(image, ax, label=label)
    return ax


def fourier_spectra(power: ArrayLike, ax: Axes, *, title: str = "", first: int = 1, floor: float = 1e-4) -> Axes:
    """The share of variance that each frequency holds in each dimension, (frequencies, dim), on a logarithmic scale.

    Dimensions stand in the order of their strongest frequency, so that a code of single waves shows as one line.
    Frequency k is k whole waves over all positions; the rows count from `first`, since frequency 0, the mean, is no
    wave. Shares under `floor` are shown as `floor`.
    """
    matrix = np.asarray(power, dtype=float)
    if matrix.ndim != 2:
        raise ValueError(f"expected powers, (frequencies, dim); found shape {matrix.shape}")
    if matrix.min(initial=0.0) < 0:
        raise ValueError(f"expected powers of at least 0; found {matrix.min():.4g}")
    shares = matrix / np.maximum(matrix.sum(axis=0), np.finfo(float).tiny)
    order = np.argsort(shares.argmax(axis=0), kind="stable")
    image = ax.imshow(
        np.maximum(shares[:, order], floor),
        cmap=SEQUENTIAL,
        norm=LogNorm(floor, 1.0),
        aspect="auto",
        origin="lower",
        interpolation="nearest",
        extent=(-0.5, matrix.shape[1] - 0.5, first - 0.5, first + matrix.shape[0] - 0.5),
    )
    ax.set_title(title, fontsize=9, **PLAIN)
    ax.set_xlabel("dimension (by strongest frequency)", fontsize=9)
    ax.set_ylabel("frequency (whole waves)", fontsize=9)
    ax.tick_params(labelsize=7.5)
    scale_beside(image, ax, label="share of the dimension's variance", logarithmic=True)
    return ax


def share_by_number(shares: Mapping[str, ArrayLike], ax: Axes, *, label: str, along: str) -> Axes:
    """The share of variance that the strongest 1, 2, 3 … hold together, one curve a code, each (numbers,)."""
    ends = []
    for (name, values), style in zip(shares.items(), series_styles(), strict=False):
        curve = np.asarray(values, dtype=float)
        every = max(1, len(curve) // 10)
        ax.plot(np.arange(1, len(curve) + 1), curve, **style.line, marker=style.marker, markersize=4, markevery=every)
        ends.append(EndLabel(name, float(curve[-1]), style.color))
    ax.set_ylim(0, 1.03)
    ax.set_xlabel(along)
    ax.set_ylabel(label)
    clean(ax)
    return write_end_labels(ends, ax)
