"""A map of attention heads, on which heads with similar attention lie close together."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from numpy.typing import ArrayLike, NDArray

from treeprobe.reporting.style.axes import add_colorbar, legend_above
from treeprobe.reporting.style.palette import GREY, PALE, SEQUENTIAL, series_styles
from treeprobe.reporting.style.point_labels import write_point_labels


def head_map(
    points: ArrayLike,
    ax: Axes,
    *,
    names: Sequence[str] | None = None,
    behaviours: Sequence[str] | None = None,
    values: ArrayLike | None = None,
    label: str = "",
    named: int = 12,
) -> Axes:
    """Draw heads as points in two dimensions, after Clark et al. (2019), Figure 6.

    Args:
        points: One for each head of all layers, (heads, 2).
        ax: The axes, returned.
        names: One for each head; an empty name is not written.
        behaviours: A word for each head, shown by colour and marker.
        values: A number for each head, (heads,), shown on a colour scale in place of `behaviours`.
        label: Of the colour bar.
        named: How many heads are named, those farthest from the centre.

    Raises:
        ValueError: Points that are not (heads, 2), or not one name, behaviour or value for each.
    """
    cloud = np.asarray(points, dtype=float)
    if cloud.ndim != 2 or cloud.shape[1] != 2:
        raise ValueError(f"expected heads in two dimensions, (heads, 2); found shape {cloud.shape}")
    for what, given in (("names", names), ("behaviours", behaviours), ("values", values)):
        if given is not None and np.shape(given) != (len(cloud),):
            raise ValueError(f"{len(cloud)} heads but {what} of shape {np.shape(given)}; expected one for each head")
    ax.set_aspect("equal", adjustable="datalim")
    ax.margins(0.1)
    if values is not None:
        shown = ax.scatter(cloud[:, 0], cloud[:, 1], c=np.asarray(values), cmap=SEQUENTIAL, s=26, linewidths=0)
        add_colorbar(shown, ax, label=label)
    else:
        _scatter_by_behaviour(cloud, behaviours or ["head"] * len(cloud), ax)
    ax.set_xticks([])
    ax.set_yticks([])
    ax.spines[:].set_color(PALE)
    if names is not None:
        write_point_labels(_outermost(cloud, names, named), cloud, ax, fontsize=7, clearance=4.0, color=GREY)
    return ax


def _scatter_by_behaviour(cloud: NDArray[np.float64], behaviours: Sequence[str], ax: Axes) -> None:
    """Points with a colour and marker for each behaviour, the most frequent one first, and a legend above the axes."""
    kinds, counts = np.unique(np.asarray(behaviours), return_counts=True)
    handles = []
    for kind, style in zip(kinds[np.argsort(-counts, kind="stable")], series_styles(), strict=False):
        chosen = cloud[np.asarray(behaviours) == kind]
        ax.scatter(chosen[:, 0], chosen[:, 1], s=26, color=style.color, marker=style.marker, alpha=0.85, linewidths=0)
        handles.append(Line2D([], [], color=style.color, marker=style.marker, linestyle="none", label=str(kind)))
    if len(handles) > 1:
        legend_above(ax, handles=handles, handletextpad=0.1)


def _outermost(cloud: NDArray[np.float64], names: Sequence[str], most: int) -> list[str]:
    """The names of the points farthest from the centre, as far as they have one; all others are empty."""
    farthest = np.argsort(-np.linalg.norm(cloud - cloud.mean(axis=0), axis=1), kind="stable")
    chosen = [place for place in farthest if names[place]][:most]
    return [name if place in chosen else "" for place, name in enumerate(names)]
