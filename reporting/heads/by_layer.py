"""Any quantity of attention heads by layer: as points around the mean of each layer, and as a grid."""

from collections.abc import Mapping

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator
from numpy.typing import ArrayLike

from treeprobe.reporting.scores.heat_maps import heat_map
from treeprobe.reporting.style.axes import clean
from treeprobe.reporting.style.end_labels import EndLabel, write_end_labels
from treeprobe.reporting.style.palette import series_styles


def behaviour_by_layer(behaviours: Mapping[str, ArrayLike], ax: Axes, *, label: str = "share of attention") -> Axes:
    """Each head as a point and the mean of each layer as a line, for every named behaviour, (layers, heads).

    After Figure 2 of Clark et al. (2019). Layers are counted from 1.
    """
    ends = []
    shift = np.linspace(-0.16, 0.16, len(behaviours)) if len(behaviours) > 1 else np.zeros(1)
    for (name, values), style, aside in zip(behaviours.items(), series_styles(), shift, strict=False):
        matrix = np.asarray(values, dtype=float)
        layers = np.arange(1, len(matrix) + 1)
        ax.plot(
            np.repeat(layers, matrix.shape[1]) + aside,
            matrix.ravel(),
            style.marker,
            color=style.color,
            markersize=2.6,
            alpha=0.5,
            markeredgewidth=0,
        )
        ax.plot(layers + aside, np.nanmean(matrix, axis=1), **style.line)
        ends.append(EndLabel(name, float(np.nanmean(matrix[-1])), style.color))
    ax.set_xlabel("layer")
    ax.set_ylabel(label)
    ax.xaxis.set_major_locator(MaxNLocator(integer=True))
    clean(ax)
    if len(ends) > 1:
        write_end_labels(ends, ax)
    return ax


def head_grid(
    values: ArrayLike,
    ax: Axes,
    *,
    label: str,
    low: float | None = None,
    high: float | None = None,
    signed: bool = False,
    numbers: bool | None = None,
) -> Axes:
    """Any quantity of attention heads, (layers, heads), the first layer at the bottom; both are named from 1."""
    matrix = np.asarray(values, dtype=float)
    if matrix.ndim != 2:
        raise ValueError(f"expected one value a head, (layers, heads); found shape {matrix.shape}")
    layers, heads = matrix.shape
    heat_map(
        matrix,
        ax,
        rows=[str(layer + 1) for layer in range(layers)],
        columns=[str(head + 1) for head in range(heads)],
        label=label,
        low=low,
        high=high,
        signed=signed,
        numbers=numbers,
    )
    ax.invert_yaxis()
    ax.set_xlabel("head", fontsize=9)
    ax.set_ylabel("layer", fontsize=9)
    return ax
