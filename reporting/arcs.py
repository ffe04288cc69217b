"""Trees as arcs over a sentence: one tree, or the gold arcs above and the recovered ones below."""

from collections.abc import Sequence
from typing import Any, Literal

import numpy as np
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.patches import PathPatch, Polygon
from matplotlib.path import Path
from numpy.typing import ArrayLike, NDArray

from parsing.arc_layout import arc_heights, arc_ports
from reporting.palette import BLACK, EDGES, GREY, EdgeKind, LineStyle
from reporting.text_fonts import PLAIN, text_width
from reporting.word_row import WORD_SIZE, Direction, WordRow, draw_words, natural_width, room_in, word_row

LEVEL = 13.0
LABEL_SIZE = 6.5
LABELLED_NARROWEST = 27.0
MARGIN = 12.0
LEGEND_ROOM = 18.0
TEXT_WIDTH = 7.2
NARROWEST_FIGURE = 3.2
ONE_TREE = LineStyle(BLACK, width=1.0)

Side = Literal["above", "below"]


def head_edges(heads: ArrayLike) -> NDArray[np.int64]:
    """The edges of a tree as (head, dependent), (words - 1, 2), from the head of each word; the root's is -1."""
    array = np.asarray(heads, dtype=np.int64)
    dependents = np.flatnonzero(array >= 0)
    return np.stack([array[dependents], dependents], axis=1)


def arcs_size(
    words: Sequence[str],
    *trees: ArrayLike,
    widest: float = TEXT_WIDTH,
    size: float = WORD_SIZE,
    labelled: bool = False,
) -> tuple[float, float]:
    """Width and height in inches that a sentence needs with its trees: one, or gold and recovered.

    `trees` are edges, (edges, 2). A sentence wider than `widest` inches (the text of a page) gets its words turned
    upwards, so that 40 words stay readable in print; for a screen, a larger `widest` keeps them upright.
    """
    narrowest = narrowest_column(labelled)
    needed = natural_width(words, size=size, narrowest=narrowest) / 72 + MARGIN / 72
    width = min(max(needed, NARROWEST_FIGURE), widest)
    row = word_row(words, room=width * 72 - MARGIN, size=size, narrowest=narrowest)
    # Two trees stand apart by their names at the side, which need the room of two levels.
    fewest = 2 if len(trees) > 1 else 1
    levels = sum(max(highest(edge_array(tree)), fewest) + 0.8 for tree in trees)
    return width, (row.height + levels * LEVEL + (LEGEND_ROOM if len(trees) > 1 else 0)) / 72


def tree_arcs(
    words: Sequence[str],
    edges: ArrayLike,
    ax: Axes,
    *,
    labels: Sequence[str] | None = None,
    arrows: bool = False,
    direction: Direction = "auto",
    size: float = WORD_SIZE,
) -> Axes:
    """Draw one tree over its words.

    `edges` are pairs of word numbers from 0, (edges, 2), the head first; `labels` name each edge; `arrows` point at
    dependents. Words of a right-to-left script run from the right. Give the axes the size that `arcs_size` suggests.
    """
    pairs = edge_array(edges, words=len(words))
    width, height = room_in(ax)
    row = word_row(words, room=width, size=size, direction=direction, narrowest=narrowest_column(labels is not None))
    prepare(ax, width, height)
    draw_words(row, row.height / 2, ax)
    step = (height - row.height) / (highest(pairs) + 0.8)
    draw_arcs(row, pairs, ax, base=row.height, step=step, styles=[ONE_TREE] * len(pairs), labels=labels, arrows=arrows)
    return ax


def gold_and_recovered_arcs(
    words: Sequence[str],
    gold: ArrayLike,
    recovered: ArrayLike,
    ax: Axes,
    *,
    gold_labels: Sequence[str] | None = None,
    scored: ArrayLike | None = None,
    arrows: bool = False,
    legend: bool = True,
    direction: Direction = "auto",
    size: float = WORD_SIZE,
) -> Axes:
    """Draw the gold tree above the words and the recovered tree below them.

    Edges of both trees are *correct* (green, solid), gold edges not recovered are *missed* (blue, dashed), recovered
    edges that are not gold are *spurious* (vermillion, dotted). Direction is not compared. `gold` and `recovered` are
    edges, (edges, 2), words numbered from 0; edges at a word where `scored`, (words,), is false are thin and grey.
    """
    above, below = (edge_array(edges, words=len(words)) for edges in (gold, recovered))
    counted = np.ones(len(words), dtype=bool) if scored is None else np.asarray(scored, dtype=bool)
    kinds_above = edge_kinds(above, below, other="missed", scored=counted)
    kinds_below = edge_kinds(below, above, other="spurious", scored=counted)

    width, height = room_in(ax)
    narrowest = narrowest_column(gold_labels is not None)
    row = word_row(words, room=width - MARGIN, size=size, direction=direction, narrowest=narrowest)
    prepare(ax, width, height, left=MARGIN)
    bottom = LEGEND_ROOM if legend else 0.0
    room_above, room_below = (max(highest(edges), 2) + 0.8 for edges in (above, below))
    step = (height - row.height - bottom) / (room_above + room_below)
    floor = bottom + room_below * step
    draw_words(row, floor + row.height / 2, ax)
    styles_above, styles_below = ([EDGES[kind] for kind in kinds] for kinds in (kinds_above, kinds_below))
    draw_arcs(
        row, above, ax, base=floor + row.height, step=step, styles=styles_above, labels=gold_labels, arrows=arrows
    )
    draw_arcs(row, below, ax, base=floor, step=step, styles=styles_below, arrows=arrows, side="below")
    name_sides(ax, upper=(floor + row.height + height) / 2, lower=(bottom + floor) / 2)
    if legend:
        edge_legend([*kinds_above, *(kind for kind in kinds_below if kind == "spurious")], ax)
    return ax


def edge_kinds(
    edges: NDArray[np.int64], others: NDArray[np.int64], *, other: EdgeKind, scored: NDArray[np.bool_]
) -> list[EdgeKind]:
    """What each edge is: in both trees, in this one only (`other`), or at a word that is not scored."""
    shared = {frozenset(pair) for pair in others.tolist()}
    kinds: list[EdgeKind] = []
    for pair in edges.tolist():
        found: EdgeKind = "correct" if frozenset(pair) in shared else other
        kinds.append(found if scored[pair].all() else "unscored")
    return kinds


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
    up = 1.0 if side == "above" else -1.0
    heights = arc_heights(edges)
    # Ports are fractions of half a column; a word's arcs never spread wider than the word needs.
    spread = np.minimum(row.widths, 26.0) / 2 * 0.85
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
    return Polygon([(x, base), (x - 1.8, base + up * 4.2), (x + 1.8, base + up * 4.2)], color=color, linewidth=0)


def write_label(label: str, across: float, x: float, y: float, row: WordRow, ax: Axes) -> None:
    """Write a relation over its arc, smaller where the arc is short; one that cannot be read is left out."""
    needed = text_width(label, size=LABEL_SIZE, families=row.families)
    size = LABEL_SIZE * min(1.0, (across + 6.0) / max(needed, 1.0))
    if size >= 4.5:
        ax.text(x, y + 0.8, label, ha="center", va="bottom", fontsize=size, fontfamily=list(row.families), **PLAIN)


def prepare(ax: Axes, width: float, height: float, *, left: float = 0.0) -> None:
    """Let one unit of the axes be one point, and hide its frame."""
    ax.set_xlim(-left, width - left)
    ax.set_ylim(0, height)
    ax.set_axis_off()


def name_sides(ax: Axes, *, upper: float, lower: float) -> None:
    for name, height in (("gold", upper), ("recovered", lower)):
        ax.text(-MARGIN, height, name, rotation=90, ha="left", va="center", fontsize=7, color=GREY)


def edge_legend(
    kinds: Sequence[EdgeKind],
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


def highest(edges: NDArray[np.int64]) -> int:
    return int(arc_heights(edges).max(initial=1))


def narrowest_column(labelled: bool) -> float:
    return LABELLED_NARROWEST if labelled else 15.0


def patch_line(style: LineStyle) -> dict[str, Any]:
    return {"edgecolor": style.color, "linestyle": style.dashes, "linewidth": style.width}
