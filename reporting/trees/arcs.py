"""Dependency trees as arcs over a sentence: one tree, or the gold arcs above and the recovered ones below."""

from collections.abc import Sequence

from matplotlib.axes import Axes
from numpy.typing import ArrayLike

from treeprobe.reporting.style.palette import BLACK, GREY, LineStyle
from treeprobe.reporting.trees.arc_drawing import LEVEL, arc_levels, arcs_per_word, draw_arcs, scale_in_points
from treeprobe.reporting.trees.edges import compare_trees, edge_array, edge_legend
from treeprobe.reporting.trees.word_row import (
    MIN_COLUMN,
    WORD_FONTSIZE,
    Direction,
    draw_words,
    upright_width,
    word_row,
)

_HEADROOM = 0.8
"""Levels left free beyond the highest arc."""
_MIN_LABELLED_COLUMN = 27.0
_MARGIN = 12.0
_LEGEND_HEIGHT = 18.0
_PAGE_WIDTH = 7.2
_MIN_TWO_TREES_WIDTH = 3.2
_MIN_ONE_TREE_WIDTH = 1.2
_ONE_TREE = LineStyle(BLACK, width=1.0)


def arcs_size(
    words: Sequence[str],
    *trees: ArrayLike,
    max_width: float = _PAGE_WIDTH,
    fontsize: float = WORD_FONTSIZE,
    labelled: bool = False,
) -> tuple[float, float]:
    """The figure size that a sentence with its trees needs.

    Args:
        words: The sentence.
        trees: Edges of one tree, or of the gold and the recovered tree, (edges, 2) each.
        max_width: In inches, by default the text width of a page. A longer sentence gets its words rotated, so that
            40 words remain legible in print; on a screen, a larger value keeps them upright.
        fontsize: Of the words, in points.
        labelled: Whether arcs will carry relations, which need wider columns.

    Returns:
        Width and height in inches.
    """
    min_column = _min_column(labelled)
    needed = upright_width(words, fontsize=fontsize, min_column=min_column) / 72 + _MARGIN / 72
    # Two trees come with a legend, which needs a width of its own.
    width = min(max(needed, _MIN_TWO_TREES_WIDTH if len(trees) > 1 else _MIN_ONE_TREE_WIDTH), max_width)
    pairs = [edge_array(tree, words=len(words)) for tree in trees]
    arcs = arcs_per_word(words, *pairs) if pairs else None
    row = word_row(words, width=width * 72 - _MARGIN, fontsize=fontsize, min_column=min_column, arcs=arcs)
    # The names of two trees at their side need the height of two levels.
    least = 2 if len(trees) > 1 else 1
    levels = sum(max(arc_levels(tree), least) + _HEADROOM for tree in pairs)
    return width, (row.height + levels * LEVEL + (_LEGEND_HEIGHT if len(trees) > 1 else 0)) / 72


def tree_arcs(
    words: Sequence[str],
    edges: ArrayLike,
    ax: Axes,
    *,
    labels: Sequence[str] | None = None,
    arrows: bool = False,
    direction: Direction = "auto",
    fontsize: float = WORD_FONTSIZE,
) -> Axes:
    """Draw one tree as arcs over its words, in axes of the size that `arcs_size` suggests.

    Args:
        words: The sentence.
        edges: Pairs of word indices from 0, head first, (edges, 2).
        ax: The axes, returned.
        labels: The relation of each edge.
        arrows: Whether arcs point at the dependents.
        direction: The reading direction; "auto" is that of most words.
        fontsize: Of the words, in points.

    Raises:
        ValueError: Edges that are not pairs of the sentence's words, or not one label for each edge.
    """
    pairs = edge_array(edges, words=len(words))
    width, height = scale_in_points(ax)
    min_column, arcs = _min_column(labels is not None), arcs_per_word(words, pairs)
    row = word_row(words, width=width, fontsize=fontsize, direction=direction, min_column=min_column, arcs=arcs)
    draw_words(row, row.height / 2, ax)
    step = (height - row.height) / (arc_levels(pairs) + _HEADROOM)
    styles = [_ONE_TREE] * len(pairs)
    return draw_arcs(row, pairs, ax, base=row.height, step=step, styles=styles, labels=labels, arrows=arrows)


def gold_and_recovered_arcs(
    words: Sequence[str],
    gold: ArrayLike,
    recovered: ArrayLike,
    ax: Axes,
    *,
    gold_labels: Sequence[str] | None = None,
    scored: ArrayLike | None = None,
    arrows: bool = False,
    direction: Direction = "auto",
    fontsize: float = WORD_FONTSIZE,
) -> Axes:
    """Draw the gold tree above the words and the recovered tree below them, in axes of the size of `arcs_size`.

    Edges in both trees are *correct* (green, solid), gold edges that were not recovered *missed* (blue, dashed),
    recovered edges that are not gold *spurious* (vermillion, dotted). The comparison ignores direction.

    Args:
        words: The sentence.
        gold: Pairs of word indices from 0, (edges, 2).
        recovered: Likewise.
        ax: The axes, returned.
        gold_labels: The relation of each gold edge.
        scored: Which words are scored, (words,); edges at other words are thin and grey.
        arrows: Whether arcs point at the second word of each edge.
        direction: The reading direction; "auto" is that of most words.
        fontsize: Of the words, in points.

    Raises:
        ValueError: Edges that are not pairs of the sentence's words, not one label for each gold edge, or `scored` of
            another shape than (words,).
    """
    below, above = compare_trees(words, recovered, gold, scored)
    width, height = scale_in_points(ax, left=_MARGIN)
    row = word_row(
        words,
        width=width - _MARGIN,
        fontsize=fontsize,
        direction=direction,
        min_column=_min_column(gold_labels is not None),
        arcs=arcs_per_word(words, above.edges, below.edges),
    )
    levels_above, levels_below = (max(arc_levels(tree.edges), 2) + _HEADROOM for tree in (above, below))
    step = (height - row.height - _LEGEND_HEIGHT) / (levels_above + levels_below)
    floor = _LEGEND_HEIGHT + levels_below * step
    ceiling = floor + row.height
    draw_words(row, floor + row.height / 2, ax)
    draw_arcs(row, above.edges, ax, base=ceiling, step=step, styles=above.styles, labels=gold_labels, arrows=arrows)
    draw_arcs(row, below.edges, ax, base=floor, step=-step, styles=below.styles, arrows=arrows)
    for name, middle in (("gold", (ceiling + height) / 2), ("recovered", (_LEGEND_HEIGHT + floor) / 2)):
        ax.text(-_MARGIN, middle, name, rotation=90, ha="left", va="center", fontsize=7, color=GREY)
    edge_legend([*above.statuses, *(status for status in below.statuses if status == "spurious")], ax)
    return ax


def _min_column(labelled: bool) -> float:
    """The least width of a word's column in points; a relation over an arc needs more."""
    return _MIN_LABELLED_COLUMN if labelled else MIN_COLUMN
