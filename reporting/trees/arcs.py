"""Dependency trees as arcs over a sentence: one tree, or the gold arcs above and the recovered ones below."""

from collections import Counter
from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import ArrayLike, NDArray

from treeprobe.parsing.drawing import lay_out_arcs
from treeprobe.parsing.drawing.arc_layout import head_marks
from treeprobe.parsing.drawing.kinds import comparison_kinds, edge_counts, shown_labels, tree_kinds
from treeprobe.parsing.trees import check_heads
from treeprobe.reporting.style.palette import GREY
from treeprobe.reporting.trees.arc_drawing import LEVEL, arc_levels, draw_arcs, scale_in_points
from treeprobe.reporting.trees.edges import edge_legend
from treeprobe.reporting.trees.word_row import WORD_FONTSIZE, Direction, draw_words, upright_width, word_row

_HEADROOM = 0.8
"""Levels left free beyond the highest arc, for its label."""
_MARGIN = 12.0
_LEGEND_HEIGHT = 18.0
_PAGE_WIDTH = 7.2
_MIN_TWO_TREES_WIDTH = 3.2
_MIN_ONE_TREE_WIDTH = 1.2


def arcs_size(
    words: Sequence[str],
    *trees: ArrayLike,
    relations: Sequence[str] | None = None,
    max_width: float = _PAGE_WIDTH,
    fontsize: float = WORD_FONTSIZE,
) -> tuple[float, float]:
    """The figure size that a sentence with its trees needs.

    Args:
        words: The sentence.
        trees: The heads of one tree, or of the gold and the recovered tree, (words,) each.
        relations: The relation of each word, if arcs will carry them.
        max_width: In inches, by default the text width of a page. A longer sentence gets its words rotated, so that
            40 words remain legible in print; on a screen, a larger value keeps them upright.
        fontsize: Of the words, in points.

    Returns:
        Width and height in inches.
    """
    marks = [_marks(words, heads) for heads in trees]
    labels = shown_labels(relations)
    margin = _MARGIN if len(trees) > 1 else 0.0
    needed = (upright_width(words, *marks, labels=labels, fontsize=fontsize) + margin) / 72
    # Two trees come with a legend, which needs a width of its own.
    width = min(max(needed, _MIN_TWO_TREES_WIDTH if len(trees) > 1 else _MIN_ONE_TREE_WIDTH), max_width)
    row = word_row(words, *marks, width=width * 72 - margin, labels=labels, fontsize=fontsize)
    # The names of two trees at their side need the height of two levels.
    least = 2 if len(trees) > 1 else 1
    levels = sum(max(arc_levels(tree), least) + _HEADROOM for tree in marks)
    return width, (row.height + levels * LEVEL + (_LEGEND_HEIGHT if len(trees) > 1 else 0)) / 72


def tree_arcs(
    words: Sequence[str],
    heads: ArrayLike,
    ax: Axes,
    *,
    relations: Sequence[str] | None = None,
    direction: Direction = "auto",
    fontsize: float = WORD_FONTSIZE,
) -> Axes:
    """Draw one tree as arcs over its words, in axes of the size that `arcs_size` suggests.

    An arrow from above marks the root, and arcs to punctuation are thin and grey, as in notebooks and reports.

    Args:
        words: The sentence.
        heads: The head of each word, words from 0, -1 for the root, (words,).
        ax: The axes, returned.
        relations: The relation of each word, the label of its arc; relations that say nothing, such as those of
            recovered trees, are not written. Beside rotated words, each stands with its word.
        direction: The reading direction; "auto" is that of most words.
        fontsize: Of the words, in points.

    Raises:
        ValueError: Heads that are not a tree over the words, or not one relation for each word.
    """
    marks, labels = _marks(words, heads), shown_labels(_one_for_each(words, relations))
    width, height = scale_in_points(ax)
    row = word_row(words, marks, width=width, labels=labels, fontsize=fontsize, direction=direction)
    draw_words(row, 0.0, ax)
    step = (height - row.height) / (arc_levels(marks) + _HEADROOM)
    kinds = tree_kinds(marks[:, 0].tolist(), relations)
    arcs = lay_out_arcs(marks, row.row, kinds=kinds, labels=row.arc_labels)
    return draw_arcs(arcs, row, ax, base=row.height, step=step)


def gold_and_recovered_arcs(
    words: Sequence[str],
    gold: ArrayLike,
    recovered: ArrayLike,
    ax: Axes,
    *,
    relations: Sequence[str] | None = None,
    scored: ArrayLike | None = None,
    direction: Direction = "auto",
    fontsize: float = WORD_FONTSIZE,
) -> Axes:
    """Draw the gold tree above the words and the recovered tree below them, in axes of the size of `arcs_size`.

    Edges in both trees are *correct* (green, solid), gold edges that were not recovered *missed* (blue, dashed),
    recovered edges that are not gold *spurious* (vermillion, dotted); so are the arrows that mark the roots. The
    comparison ignores direction.

    Args:
        words: The sentence.
        gold: The gold head of each word, words from 0, -1 for the root, (words,).
        recovered: Likewise.
        ax: The axes, returned.
        relations: The gold relation of each word, the label of its arc.
        scored: Which words are scored, (words,); edges at other words are thin and grey.
        direction: The reading direction; "auto" is that of most words.
        fontsize: Of the words, in points.

    Raises:
        ValueError: Heads that are not a tree over the words, not one relation for each word, or `scored` of another
            shape than (words,).
    """
    marks, found = _marks(words, gold), _marks(words, recovered)
    labels = shown_labels(_one_for_each(words, relations))
    counted = np.ones(len(words), dtype=bool) if scored is None else np.asarray(scored, dtype=bool)
    if counted.shape != (len(words),):
        raise ValueError(f"{len(words)} words but scored has shape {counted.shape}; expected one value for each word")
    kinds, found_kinds = comparison_kinds(marks, found, scored=counted)
    width, height = scale_in_points(ax, left=_MARGIN)
    row = word_row(words, marks, found, width=width - _MARGIN, labels=labels, fontsize=fontsize, direction=direction)
    levels_above, levels_below = (max(arc_levels(tree), 2) + _HEADROOM for tree in (marks, found))
    step = (height - row.height - _LEGEND_HEIGHT) / (levels_above + levels_below)
    floor = _LEGEND_HEIGHT + levels_below * step
    ceiling = floor + row.height
    draw_words(row, floor, ax)
    above = lay_out_arcs(marks, row.row, kinds=kinds, labels=row.arc_labels)
    draw_arcs(above, row, ax, base=ceiling, step=step)
    draw_arcs(lay_out_arcs(found, row.row, kinds=found_kinds), row, ax, base=floor, step=-step)
    for name, middle in (("gold", (ceiling + height) / 2), ("recovered", (_LEGEND_HEIGHT + floor) / 2)):
        ax.text(-_MARGIN, middle, name, rotation=90, ha="left", va="center", fontsize=7, color=GREY)
    edge_legend([*Counter(edge_counts(marks, kinds, found, found_kinds)).elements()], ax)
    return ax


def _marks(words: Sequence[str], heads: ArrayLike) -> NDArray[np.int64]:
    """The marks of a tree, checked, (words, 2)."""
    array = check_heads(heads)
    if len(array) != len(words):
        raise ValueError(f"{len(words)} words but {len(array)} heads; expected one head for each word")
    return head_marks(array.tolist())


def _one_for_each(words: Sequence[str], relations: Sequence[str] | None) -> Sequence[str] | None:
    """The relations, checked."""
    if relations is not None and len(relations) != len(words):
        raise ValueError(f"{len(words)} words but {len(relations)} relations; expected one for each word")
    return relations
