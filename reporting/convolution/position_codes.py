"""Position codes: the similarity of positions, and the frequencies of which the codes consist."""

from collections.abc import Mapping

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LogNorm
from numpy.typing import ArrayLike

from treeprobe.reporting.style.axes import SMALL_FONTSIZE, add_colorbar, clean_axes
from treeprobe.reporting.style.end_labels import EndLabel, write_end_labels
from treeprobe.reporting.style.palette import DIVERGING, SEQUENTIAL, series_styles
from treeprobe.reporting.style.text_fonts import PLAIN


def similarity_matrix(similarity: ArrayLike, ax: Axes, *, title: str = "", label: str = "cosine similarity") -> Axes:
    """Draw the similarity of every two positions, on a diverging colour scale from -1 to 1.

    Args:
        similarity: (positions, positions).
        ax: The axes, returned.
        title: Above the matrix.
        label: Of the colour bar.

    Raises:
        ValueError: A matrix that is not square.
    """
    matrix = np.asarray(similarity, dtype=float)
    if matrix.ndim != 2 or matrix.shape[0] != matrix.shape[1]:
        raise ValueError(f"expected a square matrix, (positions, positions); found shape {matrix.shape}")
    image = ax.imshow(matrix, cmap=DIVERGING, vmin=-1, vmax=1, interpolation="nearest")
    _name_axes(ax, title=title, x="position", y="position")
    add_colorbar(image, ax, label=label)
    return ax


def fourier_spectra(power: ArrayLike, ax: Axes, *, title: str = "", first: int = 1, floor: float = 1e-4) -> Axes:
    """Draw the share of each dimension's variance at each frequency, on a logarithmic colour scale.

    Dimensions are sorted by their strongest frequency, so that a code of pure sinusoids shows as a single line.

    Args:
        power: Power spectra, (frequencies, dim); frequency k has k cycles over all positions.
        ax: The axes, returned.
        title: Above the spectra.
        first: The frequency of the first row: 1 if the mean, frequency 0, was left out.
        floor: The least share on the colour scale.

    Raises:
        ValueError: Powers that are not (frequencies, dim), or negative.
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
    _name_axes(ax, title=title, x="dimension (sorted by strongest frequency)", y="frequency (cycles)")
    add_colorbar(image, ax, label="share of the dimension's variance", logarithmic=True)
    return ax


def share_by_number(shares: Mapping[str, ArrayLike], ax: Axes, *, label: str, along: str) -> Axes:
    """Draw the cumulative share of variance of the strongest 1, 2, 3, … components, one curve for each code.

    Args:
        shares: Cumulative shares by the name of the code, (components,) each.
        ax: The axes, returned.
        label: Of the vertical axis.
        along: Of the horizontal axis.
    """
    ends = []
    for (name, values), style in zip(shares.items(), series_styles(), strict=False):
        curve = np.asarray(values, dtype=float)
        every = max(1, len(curve) // 10)
        ax.plot(np.arange(1, len(curve) + 1), curve, **style.line, marker=style.marker, markersize=4, markevery=every)
        ends.append(EndLabel(name, float(curve[-1]), style.color))
    ax.set_ylim(0, 1.03)
    ax.set_xlabel(along)
    ax.set_ylabel(label)
    clean_axes(ax)
    return write_end_labels(ends, ax)


def _name_axes(ax: Axes, *, title: str, x: str, y: str) -> None:
    """Title and labels of a matrix."""
    ax.set_title(title, fontsize=9, **PLAIN)
    ax.set_xlabel(x, fontsize=9)
    ax.set_ylabel(y, fontsize=9)
    ax.tick_params(labelsize=SMALL_FONTSIZE)
