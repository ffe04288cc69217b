"""The words of a sentence in the space of a probe, in two or three dimensions, with the tree drawn between them."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from mpl_toolkits.mplot3d import proj3d
from mpl_toolkits.mplot3d.axes3d import Axes3D
from numpy.typing import ArrayLike

from treeprobe.reporting.style.palette import BLACK, EDGES, GREY
from treeprobe.reporting.style.point_labels import write_point_labels
from treeprobe.reporting.trees.edges import ComparedEdges, compare_trees, edge_array, edge_legend
from treeprobe.reporting.trees.projection import Method, Projection, project

_FONTSIZE = 8.0


def space_with_tree(
    words: Sequence[str],
    points: ArrayLike,
    recovered: ArrayLike,
    ax: Axes,
    *,
    gold: ArrayLike | None = None,
    scored: ArrayLike | None = None,
    method: Method = "mds",
    fontsize: float = _FONTSIZE,
) -> Axes:
    """Draw the words at their places in the probe's space and the recovered tree between them.

    After the figures of Hewitt's blog post on structural probes (2019). With a gold tree, recovered edges are correct
    or spurious, and gold edges that were not recovered are missed. Both axes have one scale; the stress below the
    figure says how well distances are preserved (0: exactly).

    Args:
        words: The sentence.
        points: Its words in the probe's space, (words, rank).
        recovered: Edges of the recovered tree, (edges, 2), words from 0.
        ax: The axes, returned.
        gold: Edges of the gold tree, (edges, 2).
        scored: Which words are scored, (words,); edges at other words are thin and grey.
        method: How points are projected, see `project`.
        fontsize: Of the words, in points.

    Raises:
        ValueError: Not one finite point for each word, edges that are not pairs of words, or `scored` of another
            shape than (words,).
    """
    projection = _projected(words, points, method, dimensions=2)
    drawn = _edges_to_draw(words, recovered, gold, scored)
    flat = projection.points
    for pair, status in zip(drawn.edges, drawn.statuses, strict=True):
        ax.plot(*flat[pair].T, **EDGES[status].line, zorder=1 if status == "missed" else 2, gid="edge")
    ax.scatter(flat[:, 0], flat[:, 1], s=14, color=BLACK, zorder=3, linewidths=0)
    ax.set_aspect("equal", adjustable="datalim")
    ax.margins(0.16)
    write_point_labels(words, flat, ax, fontsize=fontsize, segments=drawn.edges)
    ax.set_xticks([])
    ax.set_yticks([])
    ax.spines[:].set_visible(False)
    ax.set_xlabel(_caption(projection), fontsize=7, color=GREY)
    if gold is not None:
        edge_legend(drawn.statuses, ax, bbox_to_anchor=(0.5, 1.0))
    return ax


def spaces_with_tree(
    words: Sequence[str],
    vectors: ArrayLike,
    points: ArrayLike,
    recovered: ArrayLike,
    axes: Sequence[Axes],
    *,
    gold: ArrayLike | None = None,
    scored: ArrayLike | None = None,
    fontsize: float = _FONTSIZE,
) -> Sequence[Axes]:
    """Draw the words twice with one tree: on the left in the model's own space, on the right in the probe's.

    Where the map finds the tree, its edges are short on the right and not on the left. On two axes made with
    `projection="3d"` the same is drawn in three dimensions; `space_page` lets them turn.

    Args:
        words: The sentence.
        vectors: Its words in the model's own space, (words, dim).
        points: Its words in the probe's space, (words, rank).
        recovered: Edges of the recovered tree, (edges, 2), words from 0.
        axes: Two axes, returned.
        gold: Edges of the gold tree, (edges, 2).
        scored: Which words are scored, (words,); edges at other words are thin and grey.
        fontsize: Of the words, in points.

    Raises:
        ValueError: As in `space_with_tree`.
    """
    left, right = axes
    for ax, places, title in ((left, vectors, "the model's own space"), (right, points, "the probe's space")):
        if isinstance(ax, Axes3D):
            space_with_tree_3d(words, places, recovered, ax, scored=scored, gold=gold, fontsize=fontsize)
        else:
            space_with_tree(words, places, recovered, ax, scored=scored, gold=gold, fontsize=fontsize)
        ax.set_title(title, fontsize=9, pad=18 if gold is not None else 6)
    return axes


def space_with_tree_3d(
    words: Sequence[str],
    points: ArrayLike,
    recovered: ArrayLike,
    ax: Axes3D,
    *,
    gold: ArrayLike | None = None,
    scored: ArrayLike | None = None,
    method: Method = "mds",
    fontsize: float = _FONTSIZE,
) -> Axes3D:
    """Draw the same as `space_with_tree` in three dimensions, each word on a stem from the floor.

    Set the view (`ax.view_init`) before the call, since labels are placed for the current one.

    Args:
        words: The sentence.
        points: Its words in the probe's space, (words, rank).
        recovered: Edges of the recovered tree, (edges, 2), words from 0.
        ax: Axes made with `projection="3d"`, returned.
        gold: Edges of the gold tree, (edges, 2).
        scored: Which words are scored, (words,); edges at other words are thin and grey.
        method: How points are projected, see `project`.
        fontsize: Of the words, in points.

    Raises:
        ValueError: As in `space_with_tree`.
    """
    projection = _projected(words, points, method, dimensions=3)
    drawn = _edges_to_draw(words, recovered, gold, scored)
    solid = projection.points
    heights = solid[:, 2]
    floor = heights.min(initial=0.0) - 0.1 * float(np.ptp(heights)) if len(solid) else 0.0
    for x, y, z in solid:
        ax.plot([x, x], [y, y], [floor, z], color=GREY, linewidth=0.5, linestyle=(0, (1, 2)), zorder=1)
    for pair, status in zip(drawn.edges, drawn.statuses, strict=True):
        ax.plot(*solid[pair].T, **EDGES[status].line, gid="edge")
    x, y, z = solid.T
    ax.scatter(x, y, z, s=14, color=BLACK, depthshade=False)
    ax.set_axis_off()
    ax.set_box_aspect(np.maximum(np.ptp(solid, axis=0), 1e-3), zoom=1.2)
    seen_x, seen_y, _ = proj3d.proj_transform(x, y, z, ax.get_proj())
    seen = np.stack([seen_x, seen_y], axis=1)
    write_point_labels(words, seen, ax, fontsize=fontsize, segments=drawn.edges)
    ax.text2D(0.5, 0.0, _caption(projection), fontsize=7, color=GREY, ha="center", transform=ax.transAxes)
    if gold is not None:
        edge_legend(drawn.statuses, ax, bbox_to_anchor=(0.5, 1.0))
    return ax


def _projected(words: Sequence[str], points: ArrayLike, method: Method, *, dimensions: int) -> Projection:
    """The projected points of the words, once there is one for each."""
    cloud = np.asarray(points, dtype=float)
    if len(cloud) != len(words):
        raise ValueError(f"{len(words)} words but {len(cloud)} points; expected one point for each word")
    return project(cloud, dimensions=dimensions, method=method)


def _edges_to_draw(
    words: Sequence[str], recovered: ArrayLike, gold: ArrayLike | None, scored: ArrayLike | None
) -> ComparedEdges:
    """The recovered and the missed edges; without a gold tree all are correct."""
    if gold is None:
        found = edge_array(recovered, words=len(words))
        return ComparedEdges(found, ["correct"] * len(found))
    tree, truth = compare_trees(words, recovered, gold, scored)
    missed = [index for index, status in enumerate(truth.statuses) if status == "missed"]
    return ComparedEdges(
        np.concatenate([tree.edges, truth.edges[missed]]),
        [*tree.statuses, *(truth.statuses[index] for index in missed)],
    )


def _caption(projection: Projection) -> str:
    """The method and how well it preserves distances: "MDS, stress 0.26"."""
    return f"{projection.method.upper()}, stress {projection.stress:.2f}"
