"""A tree forming through the layers: one row of arcs a layer, all over the same words."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import ArrayLike, NDArray

from treeprobe.parsing.trees import compare_edges
from treeprobe.reporting.style.axes import room_in
from treeprobe.reporting.style.palette import BLACK, EDGES, GREY, PALE, LineStyle
from treeprobe.reporting.style.text_fonts import PLAIN
from treeprobe.reporting.trees.arc_drawing import draw_arcs, edge_array, edge_legend, highest
from treeprobe.reporting.trees.arcs import LEVEL
from treeprobe.reporting.trees.word_row import WORD_SIZE, Direction, WordRow, draw_words, natural_width, word_row

LEFT = 46.0
RIGHT = 34.0
LEGEND_ROOM = 16.0
LEVEL_HERE = 0.55 * LEVEL
HEADROOM = 1.1
"""Levels left free between the highest arc of a row and the next row."""
GOLD = LineStyle(BLACK, width=0.9)


def layers_size(words: Sequence[str], recovered: Sequence[ArrayLike], gold: ArrayLike) -> tuple[float, float]:
    """Width and height in inches that a sentence needs with its gold tree and one recovered tree a layer."""
    width = float(np.clip((natural_width(words) + LEFT + RIGHT) / 72, 3.6, 7.2))
    row = word_row(words, room=width * 72 - LEFT - RIGHT)
    levels = sum(highest(edge_array(tree)) + HEADROOM for tree in (*recovered, gold))
    return width, (row.height + LEGEND_ROOM + levels * LEVEL_HERE) / 72


def tree_through_layers(
    words: Sequence[str],
    recovered: Sequence[ArrayLike],
    gold: ArrayLike,
    ax: Axes,
    *,
    names: Sequence[str] | None = None,
    direction: Direction = "auto",
    size: float = WORD_SIZE,
) -> Axes:
    """The trees that successive layers give, from layer 0 at the bottom up to the gold tree on top.

    `recovered` holds the edges of each layer's tree, (edges, 2); correct ones are solid green, spurious ones dotted
    vermillion, and beside each row stands how many of the gold edges it has. Give the axes the size that
    `layers_size` suggests; one axes a sentence makes a figure of several sentences.
    """
    truth = edge_array(gold, words=len(words))
    trees = [edge_array(tree, words=len(words)) for tree in recovered]
    titles = list(names) if names is not None else [f"layer {layer}" for layer in range(len(trees))]
    if len(titles) != len(trees):
        raise ValueError(f"{len(trees)} trees but {len(titles)} names; expected one name a tree")
    width, height = room_in(ax)
    row = word_row(words, room=width - LEFT - RIGHT, size=size, direction=direction)
    ax.set_xlim(-LEFT, width - LEFT)
    ax.set_ylim(0, height)
    ax.set_axis_off()
    draw_words(row, LEGEND_ROOM + row.height / 2, ax)

    step = (height - row.height - LEGEND_ROOM) / sum(highest(tree) + HEADROOM for tree in (*trees, truth))
    base = LEGEND_ROOM + row.height
    scored = np.ones(len(words), dtype=bool)
    for title, tree in zip(titles, trees, strict=True):
        kinds = compare_edges(tree, truth, other="spurious", scored=scored)
        styles = [EDGES[kind] for kind in kinds]
        draw_row(
            row, tree, styles, ax, base=base, step=step, title=title, note=f"{kinds.count('correct')}/{len(truth)}"
        )
        base += (highest(tree) + HEADROOM) * step
    draw_row(row, truth, [GOLD] * len(truth), ax, base=base, step=step, title="gold", note="")
    edge_legend(["correct", "spurious"], ax, counted=False)
    return ax


def draw_row(
    row: WordRow,
    edges: NDArray[np.int64],
    styles: Sequence[LineStyle],
    ax: Axes,
    *,
    base: float,
    step: float,
    title: str,
    note: str,
) -> None:
    """One layer: its arcs over a faint line, its name on the left and its count on the right."""
    ax.plot([0, row.width], [base, base], color=PALE, linewidth=0.6, zorder=0)
    draw_arcs(row, edges, ax, base=base, step=step, styles=styles)
    ax.text(-LEFT, base, title, ha="left", va="bottom", fontsize=7.5, **PLAIN)
    ax.text(row.width + RIGHT, base, note, ha="right", va="bottom", fontsize=7.5, color=GREY)
