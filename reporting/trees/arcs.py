"""Trees as arcs over a sentence: one tree, or the gold arcs above and the recovered ones below."""

from collections.abc import Sequence

from matplotlib.axes import Axes
from numpy.typing import ArrayLike

from treeprobe.parsing.trees import compare_edges
from treeprobe.reporting.style.axes import room_in
from treeprobe.reporting.style.palette import BLACK, EDGES, GREY, LineStyle
from treeprobe.reporting.trees.arc_drawing import (
    arcs_at_words,
    draw_arcs,
    edge_array,
    edge_legend,
    highest,
    scored_words,
)
from treeprobe.reporting.trees.word_row import NARROWEST, WORD_SIZE, Direction, draw_words, natural_width, word_row

LEVEL = 13.0
HEADROOM = 0.8
"""Levels left free beyond the highest arc."""
LABELLED_NARROWEST = 27.0
MARGIN = 12.0
LEGEND_ROOM = 18.0
TEXT_WIDTH = 7.2
NARROWEST_FIGURE = 3.2
ONE_TREE = LineStyle(BLACK, width=1.0)


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
    # A legend of three kinds of edge needs its own width; a lone tree has none.
    width = min(max(needed, NARROWEST_FIGURE if len(trees) > 1 else 1.2), widest)
    pairs = [edge_array(tree, words=len(words)) for tree in trees]
    arcs = arcs_at_words(words, *pairs) if pairs else None
    row = word_row(words, room=width * 72 - MARGIN, size=size, narrowest=narrowest, arcs=arcs)
    # Two trees stand apart by their names at the side, which need the room of two levels.
    fewest = 2 if len(trees) > 1 else 1
    levels = sum(max(highest(tree), fewest) + HEADROOM for tree in pairs)
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
    narrowest, arcs = narrowest_column(labels is not None), arcs_at_words(words, pairs)
    row = word_row(words, room=width, size=size, direction=direction, narrowest=narrowest, arcs=arcs)
    prepare(ax, width, height)
    draw_words(row, row.height / 2, ax)
    step = (height - row.height) / (highest(pairs) + HEADROOM)
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
    counted = scored_words(words, scored)
    kinds_above = compare_edges(above, below, other="missed", scored=counted)
    kinds_below = compare_edges(below, above, other="spurious", scored=counted)

    width, height = room_in(ax)
    narrowest = narrowest_column(gold_labels is not None)
    arcs = arcs_at_words(words, above, below)
    row = word_row(words, room=width - MARGIN, size=size, direction=direction, narrowest=narrowest, arcs=arcs)
    prepare(ax, width, height, left=MARGIN)
    bottom = LEGEND_ROOM if legend else 0.0
    room_above, room_below = (max(highest(edges), 2) + HEADROOM for edges in (above, below))
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


def prepare(ax: Axes, width: float, height: float, *, left: float = 0.0) -> None:
    """Let one unit of the axes be one point, and hide its frame."""
    ax.set_xlim(-left, width - left)
    ax.set_ylim(0, height)
    ax.set_axis_off()


def name_sides(ax: Axes, *, upper: float, lower: float) -> None:
    """Write at the left which tree is the gold one and which the recovered, at these heights in points."""
    for name, height in (("gold", upper), ("recovered", lower)):
        ax.text(-MARGIN, height, name, rotation=90, ha="left", va="center", fontsize=7, color=GREY)


def narrowest_column(labelled: bool) -> float:
    """The least width of a word's column in points: a relation over an arc needs more."""
    return LABELLED_NARROWEST if labelled else NARROWEST
