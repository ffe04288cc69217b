"""The trees recovered from successive layers over one sentence, below its gold tree."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import ArrayLike, NDArray

from treeprobe.parsing.drawing import lay_out_arcs
from treeprobe.parsing.drawing.arc_layout import ArcKind
from treeprobe.reporting.style.palette import GREY, PALE
from treeprobe.reporting.style.text_fonts import PLAIN
from treeprobe.reporting.trees.arc_drawing import LEVEL, arc_levels, draw_arcs, scale_in_points
from treeprobe.reporting.trees.edges import compare_trees, edge_array, edge_legend
from treeprobe.reporting.trees.word_row import WORD_FONTSIZE, Direction, WordRow, draw_words, upright_width, word_row

_LEFT = 46.0
_WIDEST = 12.0
_RIGHT = 34.0
_LEGEND_HEIGHT = 16.0
_LEVEL = 0.55 * LEVEL
_HEADROOM = 1.1
"""Levels left free between the highest arc of a tree and the next tree."""


def layers_size(
    words: Sequence[str], recovered: Sequence[ArrayLike], gold: ArrayLike, *, max_width: float = _WIDEST
) -> tuple[float, float]:
    """The figure size, width and height in inches, that `tree_through_layers` needs.

    A sentence that is wider than `max_width`, in inches, gets its words rotated.
    """
    width = float(np.clip((upright_width(words) + _LEFT + _RIGHT) / 72, 3.6, max_width))
    row = word_row(words, width=width * 72 - _LEFT - _RIGHT)
    levels = sum(arc_levels(edge_array(tree)) + _HEADROOM for tree in (*recovered, gold))
    return width, (row.height + _LEGEND_HEIGHT + levels * _LEVEL) / 72


def tree_through_layers(
    words: Sequence[str],
    recovered: Sequence[ArrayLike],
    gold: ArrayLike,
    ax: Axes,
    *,
    names: Sequence[str] | None = None,
    direction: Direction = "auto",
    fontsize: float = WORD_FONTSIZE,
) -> Axes:
    """Draw the trees recovered from successive layers, from layer 0 at the bottom to the gold tree at the top.

    Correct edges are green and solid, spurious ones vermillion and dotted; beside each tree stands how many of the
    gold edges it has. For several sentences, give each its own axes.

    Args:
        words: The sentence.
        recovered: The edges of each layer's tree, (edges, 2), words from 0.
        gold: The edges of the gold tree, (edges, 2).
        ax: The axes, of the size that `layers_size` suggests; returned.
        names: The name of each recovered tree, by default "layer 0", "layer 1", …
        direction: The reading direction; "auto" is that of most words.
        fontsize: Of the words, in points.

    Raises:
        ValueError: Edges that are not pairs of the sentence's words, or not one name for each tree.
    """
    names = [f"layer {layer}" for layer in range(len(recovered))] if names is None else names
    if len(names) != len(recovered):
        raise ValueError(f"{len(recovered)} trees but {len(names)} names; expected one name for each tree")
    truth = edge_array(gold, words=len(words))
    compared = [compare_trees(words, tree, truth)[0] for tree in recovered]
    width, height = scale_in_points(ax, left=_LEFT)
    row = word_row(words, width=width - _LEFT - _RIGHT, fontsize=fontsize, direction=direction)
    draw_words(row, _LEGEND_HEIGHT, ax)

    trees = [*(tree.edges for tree in compared), truth]
    step = (height - row.height - _LEGEND_HEIGHT) / sum(arc_levels(tree) + _HEADROOM for tree in trees)
    base = _LEGEND_HEIGHT + row.height
    for name, tree in zip(names, compared, strict=True):
        _draw_layer(row, tree.edges, tree.statuses, ax, base=base, step=step)
        _write_beside(row, base, ax, left=name, right=f"{tree.statuses.count('correct')}/{len(truth)}")
        base += (arc_levels(tree.edges) + _HEADROOM) * step
    _draw_layer(row, truth, ["tree"] * len(truth), ax, base=base, step=step)
    _write_beside(row, base, ax, left="gold", right="")
    edge_legend(["correct", "spurious"], ax, counts=False)
    return ax


def _draw_layer(
    row: WordRow, edges: NDArray[np.int64], kinds: Sequence[ArcKind], ax: Axes, *, base: float, step: float
) -> None:
    """The arcs of one tree, on a faint line."""
    ax.plot([0, row.row.width], [base, base], color=PALE, linewidth=0.6, zorder=0)
    draw_arcs(lay_out_arcs(edges, row.row, kinds=kinds), row, ax, base=base, step=step, directed=False)


def _write_beside(row: WordRow, base: float, ax: Axes, *, left: str, right: str) -> None:
    """The name of a tree on its left, a note on its right."""
    ax.text(-_LEFT, base, left, ha="left", va="bottom", fontsize=7.5, **PLAIN)
    ax.text(row.row.width + _RIGHT, base, right, ha="right", va="bottom", fontsize=7.5, color=GREY)
