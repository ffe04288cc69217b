"""The words of a sentence in a probe's space, in two or three dimensions, with its tree drawn between them."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from mpl_toolkits.mplot3d import proj3d
from mpl_toolkits.mplot3d.axes3d import Axes3D
from numpy.typing import ArrayLike, NDArray

from treeprobe.parsing.trees import EdgeStatus, compare_edges
from treeprobe.reporting.style.label_places import label_places
from treeprobe.reporting.style.palette import BLACK, EDGES, GREY
from treeprobe.reporting.style.text_fonts import PLAIN, font_families, text_width
from treeprobe.reporting.trees.arc_drawing import edge_array, edge_legend, scored_words
from treeprobe.reporting.trees.projection import Method, Projection, project

SIZE = 8.0


def space_with_tree(
    words: Sequence[str],
    points: ArrayLike,
    recovered: ArrayLike,
    ax: Axes,
    *,
    gold: ArrayLike | None = None,
    scored: ArrayLike | None = None,
    method: Method = "mds",
    size: float = SIZE,
) -> Axes:
    """The words where the probe puts them, and the recovered tree between them, as in Hewitt's blog picture (2019).

    `points` are (words, rank), `recovered` the edges of the tree, (edges, 2). With `gold` edges, recovered ones show
    as correct or spurious and gold ones not recovered as missed; edges at a word where `scored`, (words,), is false
    are thin and grey. Distances on the page are to one scale; how well they keep those of the probe's space is said
    below (stress 0: exactly).
    """
    projection = projected(words, points, method, dimensions=2)
    edges, kinds = tree_and_kinds(words, recovered, gold, scored)
    flat = projection.points
    for pair, kind in zip(edges, kinds, strict=True):
        ax.plot(*flat[pair].T, **EDGES[kind].line, zorder=1 if kind == "missed" else 2, gid="edge")
    ax.scatter(flat[:, 0], flat[:, 1], s=14, color=BLACK, zorder=3, linewidths=0)
    ax.set_aspect("equal", adjustable="datalim")
    ax.margins(0.16)
    write_words(words, flat, edges, ax, size=size)
    finish(projection, ax, legend=gold is not None, kinds=kinds)
    return ax


def space_with_tree_3d(
    words: Sequence[str],
    points: ArrayLike,
    recovered: ArrayLike,
    ax: Axes3D,
    *,
    gold: ArrayLike | None = None,
    scored: ArrayLike | None = None,
    method: Method = "mds",
    size: float = SIZE,
) -> Axes3D:
    """The same in three dimensions; `ax` is made with `projection="3d"`. A stalk takes each word to the floor.

    Turn the view (`ax.view_init`) before the call: names are placed for the view that they find.
    """
    projection = projected(words, points, method, dimensions=3)
    edges, kinds = tree_and_kinds(words, recovered, gold, scored)
    solid = projection.points
    heights = solid[:, 2]
    floor = heights.min(initial=0.0) - 0.1 * float(np.ptp(heights)) if len(solid) else 0.0
    for x, y, z in solid:
        ax.plot([x, x], [y, y], [floor, z], color=GREY, linewidth=0.5, linestyle=(0, (1, 2)), zorder=1)
    for pair, kind in zip(edges, kinds, strict=True):
        ax.plot(*solid[pair].T, **EDGES[kind].line, gid="edge")
    x, y, z = solid.T
    ax.scatter(x, y, z, s=14, color=BLACK, depthshade=False)
    ax.set_axis_off()
    ax.set_box_aspect(np.maximum(np.ptp(solid, axis=0), 1e-3), zoom=1.2)
    seen_x, seen_y, _ = proj3d.proj_transform(x, y, z, ax.get_proj())
    write_words(words, np.stack([seen_x, seen_y], axis=1), edges, ax, size=size)
    ax.text2D(0.5, 0.0, caption(projection), fontsize=7, color=GREY, ha="center", transform=ax.transAxes)
    if gold is not None:
        legend_above(kinds, ax)
    return ax


def projected(words: Sequence[str], points: ArrayLike, method: Method, *, dimensions: int) -> Projection:
    """The points of the words, (words, rank), brought to the page. Raises ValueError unless there is one a word."""
    cloud = np.asarray(points, dtype=float)
    if len(cloud) != len(words):
        raise ValueError(f"{len(words)} words but {len(cloud)} points; expected one point a word")
    return project(cloud, dimensions=dimensions, method=method)


def tree_and_kinds(
    words: Sequence[str], recovered: ArrayLike, gold: ArrayLike | None, scored: ArrayLike | None
) -> tuple[NDArray[np.int64], list[EdgeStatus]]:
    """Every edge to draw, (edges, 2), and what it is; all are correct where no gold tree is given."""
    found = edge_array(recovered, words=len(words))
    if gold is None:
        return found, ["correct"] * len(found)
    truth, counted = edge_array(gold, words=len(words)), scored_words(words, scored)
    of_found = compare_edges(found, truth, other="spurious", scored=counted)
    of_truth = compare_edges(truth, found, other="missed", scored=counted)
    missed = [index for index, kind in enumerate(of_truth) if kind == "missed"]
    kinds: list[EdgeStatus] = [*of_found, *(of_truth[index] for index in missed)]
    return np.concatenate([found, truth[missed]]), kinds


def write_words(
    words: Sequence[str], points: NDArray[np.float64], edges: NDArray[np.int64], ax: Axes, *, size: float
) -> None:
    """Write each word beside its point, (words, 2) in the units of the axes, where it covers least."""
    families = font_families(words)
    ax.apply_aspect()
    scale = 72 / ax.figure.dpi
    on_page = ax.transData.transform(points) * scale
    sizes = np.array([(text_width(word, size=size, families=families), size) for word in words]).reshape(-1, 2)
    segments = [(int(a), int(b)) for a, b in edges]
    places = label_places(on_page, sizes, segments)
    for word, point, offset in zip(words, points, places - on_page, strict=True):
        ax.annotate(
            word,
            xy=tuple(point),
            xytext=tuple(offset),
            textcoords="offset points",
            ha="center",
            va="center",
            fontsize=size,
            fontfamily=families,
            zorder=4,
            **PLAIN,
        )


def finish(projection: Projection, ax: Axes, *, legend: bool, kinds: Sequence[EdgeStatus]) -> None:
    """Take away the frame, say below how well distances were kept, and name the kinds of edge above if asked."""
    ax.set_xticks([])
    ax.set_yticks([])
    ax.spines[:].set_visible(False)
    ax.set_xlabel(caption(projection), fontsize=7, color=GREY)
    if legend:
        legend_above(kinds, ax)


def legend_above(kinds: Sequence[EdgeStatus], ax: Axes) -> None:
    """Name the kinds of edge and how many there are of each, over the axes."""
    edge_legend(kinds, ax, loc="lower center", anchor=(0.5, 1.0))


def caption(projection: Projection) -> str:
    """How the picture was made and how well it keeps distances: "MDS, stress 0.26"."""
    return f"{projection.method.upper()}, stress {projection.stress:.2f}"
