"""Quantities of attention heads by layer: as points around the mean of each layer, and as a grid."""

from collections.abc import Mapping

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator
from numpy.typing import ArrayLike

from treeprobe.reporting.scores.heat_maps import heat_map
from treeprobe.reporting.style.axes import clean_axes
from treeprobe.reporting.style.end_labels import EndLabel, write_end_labels
from treeprobe.reporting.style.palette import series_styles


def behaviour_by_layer(behaviours: Mapping[str, ArrayLike], ax: Axes, *, label: str = "share of attention") -> Axes:
    """Draw each head as a point and the mean of each layer as a line, after Clark et al. (2019), Figure 2.

    Args:
        behaviours: Quantities of heads by name, (layers, heads) each; layers are counted from 1.
        ax: The axes, returned.
        label: Of the vertical axis.
    """
    ends = []
    # Points of several quantities stand side by side within a layer.
    shifts = np.linspace(-0.16, 0.16, len(behaviours)) if len(behaviours) > 1 else np.zeros(1)
    for (name, values), style, shift in zip(behaviours.items(), series_styles(), shifts, strict=False):
        matrix = np.asarray(values, dtype=float)
        layers = np.arange(1, len(matrix) + 1)
        ax.plot(
            np.repeat(layers, matrix.shape[1]) + shift,
            matrix.ravel(),
            style.marker,
            color=style.color,
            markersize=2.6,
            alpha=0.5,
            markeredgewidth=0,
        )
        ax.plot(layers + shift, np.nanmean(matrix, axis=1), **style.line)
        ends.append(EndLabel(name, float(np.nanmean(matrix[-1])), style.color))
    ax.set_xlabel("layer")
    ax.set_ylabel(label)
    ax.xaxis.set_major_locator(MaxNLocator(integer=True))
    clean_axes(ax)
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
) -> Axes:
    """Draw any quantity of all heads as a heat map, the first layer at the bottom, layers and heads counted from 1.

    Args:
        values: (layers, heads); heads that are NaN stay pale.
        ax: The axes, returned.
        label: The quantity and its unit, at the colour bar.
        low: Start of the colour scale, by default the least value.
        high: End of the colour scale, by default the greatest value.
        signed: Whether to colour by sign, with a scale symmetric around zero.

    Raises:
        ValueError: Values that are not (layers, heads).
    """
    matrix = np.asarray(values, dtype=float)
    if matrix.ndim != 2:
        raise ValueError(f"expected one value for each head, (layers, heads); found shape {matrix.shape}")
    rows, columns = ([str(place + 1) for place in range(count)] for count in matrix.shape)
    heat_map(matrix, ax, rows=rows, columns=columns, label=label, low=low, high=high, signed=signed)
    ax.invert_yaxis()
    ax.set_xlabel("head", fontsize=9)
    ax.set_ylabel("layer", fontsize=9)
    return ax
