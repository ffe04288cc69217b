"""The arcs themselves: what kind each edge is, its way from word to word, its label, and the legend."""

from collections.abc import Sequence
from typing import Any, Literal

import numpy as np
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.patches import PathPatch, Polygon
from matplotlib.path import Path
from numpy.typing import ArrayLike, NDArray

from treeprobe.parsing.drawing import arc_heights, arc_ports
from treeprobe.parsing.trees import EdgeStatus
from treeprobe.reporting.style.palette import EDGES, LineStyle
from treeprobe.reporting.style.text_fonts import PLAIN, text_width
from treeprobe.reporting.trees.word_row import ARC_PITCH, WordRow

LABEL_SIZE = 6.5

Side = Literal["above", "below"]


def edge_array(edges: ArrayLike, *, words: int | None = None) -> NDArray[np.int64]:
    """The edges as (edges, 2) whole numbers.

    Raises ValueError when they are not pairs, or name a word that the sentence does not have.
    """
    array = np.asarray(edges, dtype=np.int64)
    array = array.reshape(-1, 2) if array.size == 0 else array
    if array.ndim != 2 or array.shape[1] != 2:
        raise ValueError(f"edges must be pairs of words, (edges, 2); found shape {array.shape}")
    if words is not None and array.size and not (array.min() >= 0 and array.max() < words):
        raise ValueError(
            f"an edge joins words {array.min()} to {array.max()}; expected words 0 to {words - 1} of this sentence"
        )
    return array


def scored_words(words: Sequence[str], scored: ArrayLike | None) -> NDArray[np.bool_]:
    """Which words count, (words,); all of them where `scored` is None. Raises ValueError for another shape."""
    counted = np.ones(len(words), dtype=bool) if scored is None else np.asarray(scored, dtype=bool)
    if counted.shape != (len(words),):
        raise ValueError(f"{len(words)} words but scored has shape {counted.shape}; expected one value a word")
    return counted


def draw_arcs(
    row: WordRow,
    edges: NDArray[np.int64],
    ax: Axes,
    *,
    base: float,
    step: float,
    styles: Sequence[LineStyle],
    labels: Sequence[str] | None = None,
    arrows: bool = False,
    side: Side = "above",
) -> Axes:
    """Draw the arcs of edges, each `step` points higher than those it covers, away from the words at height `base`."""
    if labels is not None and len(labels) != len(edges):
        raise ValueError(f"{len(edges)} edges but {len(labels)} labels; expected one label an edge")
    up = 1.0 if side == "above" else -1.0
    heights = arc_heights(edges)
    # Ports are fractions of half a column; a word's arcs never spread wider than the word or they themselves need.
    needed = np.maximum(26.0, ARC_PITCH * arcs_at_words(row.words, edges))
    spread = np.minimum(row.widths, needed) / 2 * 0.85
    flip = -1.0 if len(row.centres) > 1 and row.centres[0] > row.centres[-1] else 1.0
    ends = row.centres[edges] + flip * arc_ports(edges) * spread[edges]
    for index, (style, level) in enumerate(zip(styles, heights, strict=True)):
        tail, tip = ends[index]
        top = base + up * step * (level - 0.15)
        ax.add_patch(
            PathPatch(arc_path(tail, tip, base, top), fill=False, capstyle="butt", gid="arc", **patch_line(style))
        )
        if arrows:
            ax.add_patch(arrow_head(tip, base, up, style.color))
        if labels is not None:
            write_label(labels[index], abs(tip - tail), (tail + tip) / 2, top, row, ax)
    return ax


def arc_path(tail: float, tip: float, base: float, top: float) -> Path:
    """From one word up, over with rounded corners, and down to the other."""
    radius = min(abs(tip - tail) / 2, abs(top - base), 6.0)
    across = np.sign(tip - tail) * radius
    down = np.sign(base - top) * radius
    points = [
        (tail, base),
        (tail, top + down),
        (tail, top),
        (tail + across, top),
        (tip - across, top),
        (tip, top),
        (tip, top + down),
        (tip, base),
    ]
    codes = [Path.MOVETO, Path.LINETO, Path.CURVE3, Path.CURVE3, Path.LINETO, Path.CURVE3, Path.CURVE3, Path.LINETO]
    return Path(points, codes)


def arrow_head(x: float, base: float, up: float, color: str) -> Polygon:
    """A small triangle whose tip stands on the word at `x` points; `up` is 1 above the words and -1 below them."""
    return Polygon([(x, base), (x - 1.8, base + up * 4.2), (x + 1.8, base + up * 4.2)], color=color, linewidth=0)


def write_label(label: str, across: float, x: float, y: float, row: WordRow, ax: Axes) -> None:
    """Write a relation over its arc, smaller where the arc is short; one that cannot be read is left out."""
    needed = text_width(label, size=LABEL_SIZE, families=row.families)
    size = LABEL_SIZE * min(1.0, (across + 6.0) / max(needed, 1.0))
    if size >= 4.5:
        ax.text(x, y + 0.8, label, ha="center", va="bottom", fontsize=size, fontfamily=list(row.families), **PLAIN)


def edge_legend(
    kinds: Sequence[EdgeStatus],
    ax: Axes,
    *,
    counted: bool = True,
    loc: Any = "lower center",
    anchor: tuple[float, float] = (0.5, 0.0),
) -> None:
    """Name the kinds of edge that the picture has and, if `counted`, say how many there are of each."""
    shown = [kind for kind in EDGES if kind in kinds]
    handles = [
        Line2D([], [], **EDGES[kind].line, label=f"{kinds.count(kind)} {kind}" if counted else kind) for kind in shown
    ]
    ax.legend(
        handles=handles,
        loc=loc,
        bbox_to_anchor=anchor,
        borderaxespad=0.0,
        ncols=max(len(handles), 1),
        frameon=False,
        fontsize=7.5,
        handlelength=3.0,
    )


def arcs_at_words(words: Sequence[str], *trees: NDArray[np.int64]) -> NDArray[np.int64]:
    """How many arcs meet at each word in the tree that has most of them there, (words,)."""
    return np.max([np.bincount(edges.ravel(), minlength=len(words)) for edges in trees], axis=0)


def highest(edges: NDArray[np.int64]) -> int:
    """The level of the highest arc of edges, (edges, 2); 1 where there are none."""
    return int(arc_heights(edges).max(initial=1))


def patch_line(style: LineStyle) -> dict[str, Any]:
    """A line style in the words of matplotlib's patches, which are not those of its lines."""
    return {"edgecolor": style.color, "linestyle": style.dashes, "linewidth": style.width}
