"""A map of attention heads: heads that attend alike lie near each other."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from numpy.typing import ArrayLike, NDArray

from treeprobe.reporting.style.axes import SMALL, scale_beside
from treeprobe.reporting.style.label_places import label_places
from treeprobe.reporting.style.palette import GREY, PALE, SEQUENTIAL, series_styles
from treeprobe.reporting.style.text_fonts import PLAIN, text_width


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
    """Heads as points in two dimensions, (layers × heads, 2), near when they attend alike (Clark et al. 2019, fig. 6).

    They are told apart by `behaviours`, one word a head (colour and marker), or shaded by `values`. `names` are written
    beside their points, of the `named` heads farthest from the middle; a head with an empty name has none. Raises
    ValueError unless points are (heads, 2), and names, behaviours and values one a head.
    """
    cloud = np.asarray(points, dtype=float)
    if cloud.ndim != 2 or cloud.shape[1] != 2:
        raise ValueError(f"expected heads in two dimensions, (heads, 2); found shape {cloud.shape}")
    for what, given in (("names", names), ("behaviours", behaviours), ("values", values)):
        if given is not None and np.shape(given) != (len(cloud),):
            raise ValueError(f"{len(cloud)} heads but {what} of shape {np.shape(given)}; expected one a head")
    ax.set_aspect("equal", adjustable="datalim")
    ax.margins(0.1)
    if values is not None:
        shown = ax.scatter(cloud[:, 0], cloud[:, 1], c=np.asarray(values), cmap=SEQUENTIAL, s=26, linewidths=0)
        scale_beside(shown, ax, label=label)
    else:
        scatter_kinds(cloud, behaviours or ["head"] * len(cloud), ax)
    ax.set_xticks([])
    ax.set_yticks([])
    ax.spines[:].set_color(PALE)
    if names is not None:
        name_outer(cloud, names, ax, most=named)
    return ax


def scatter_kinds(cloud: NDArray[np.float64], behaviours: Sequence[str], ax: Axes) -> None:
    """Points by kind, the most frequent kind first; the legend stands over the axes."""
    kinds, counts = np.unique(np.asarray(behaviours), return_counts=True)
    handles = []
    for kind, style in zip(kinds[np.argsort(-counts, kind="stable")], series_styles(), strict=False):
        chosen = cloud[np.asarray(behaviours) == kind]
        ax.scatter(chosen[:, 0], chosen[:, 1], s=26, color=style.color, marker=style.marker, alpha=0.85, linewidths=0)
        handles.append(Line2D([], [], color=style.color, marker=style.marker, linestyle="none", label=str(kind)))
    if len(handles) > 1:
        ax.legend(
            handles=handles,
            loc="lower center",
            bbox_to_anchor=(0.5, 1.0),
            ncols=3,
            frameon=False,
            fontsize=SMALL,
            handletextpad=0.1,
        )


def name_outer(cloud: NDArray[np.float64], names: Sequence[str], ax: Axes, *, most: int) -> None:
    """Write the names, where they have one, of the points that lie farthest out."""
    farthest = np.argsort(-np.linalg.norm(cloud - cloud.mean(axis=0), axis=1), kind="stable")
    chosen = np.array([place for place in farthest if names[place]][:most], dtype=np.int64)
    ax.apply_aspect()
    on_page = ax.transData.transform(cloud) * 72 / ax.figure.dpi
    sizes = np.array([(text_width(name, size=7), 7.0) for name in names])
    order = np.concatenate([chosen, np.setdiff1d(np.arange(len(cloud)), chosen)])
    sizes[order[len(chosen) :]] = 0.0
    offsets = label_places(on_page, sizes, [], clearance=4.0) - on_page
    for index in chosen:
        ax.annotate(
            names[index],
            xy=tuple(cloud[index]),
            xytext=tuple(offsets[index]),
            textcoords="offset points",
            ha="center",
            va="center",
            fontsize=7,
            color=GREY,
            **PLAIN,
        )
