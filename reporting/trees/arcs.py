"""Dependency trees as arcs over a sentence: one tree, or the gold arcs above and the recovered ones below."""

from collections import Counter
from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import ArrayLike, NDArray

from treeprobe.parsing.drawing.arc_layout import head_marks
from treeprobe.parsing.drawing.kinds import comparison_kinds, edge_counts, shown_labels, tree_kinds
from treeprobe.parsing.trees import check_heads
from treeprobe.reporting.style.palette import GREY
from treeprobe.reporting.trees.arc_drawing import LEVEL, draw_arcs, scale_in_points
from treeprobe.reporting.trees.edges import edge_legend
from treeprobe.reporting.trees.lines import Line, lines_of
from treeprobe.reporting.trees.word_row import WORD_FONTSIZE, Direction, draw_words, upright_width

_HEADROOM = 0.8
"""Levels left free beyond the highest arc, for its label."""
_LEAST_OF_TWO = 2
"""Levels of each of two trees: their names at the side need the height."""
_MARGIN = 12.0
_LEGEND_HEIGHT = 18.0
_BETWEEN = 6.0
"""Points between two lines of a sentence."""
_WIDEST = 10.0
_MIN_TWO_TREES_WIDTH = 3.2
_MIN_ONE_TREE_WIDTH = 1.2


def arcs_size(
    words: Sequence[str],
    *trees: ArrayLike,
    relations: Sequence[str] | None = None,
    max_width: float = _WIDEST,
    fontsize: float = WORD_FONTSIZE,
) -> tuple[float, float]:
    """The figure size that a sentence with its trees needs.

    Args:
        words: The sentence.
        trees: The heads of one tree, or of the gold and the recovered tree, (words,) each.
        relations: The relation of each word, if arcs will carry them.
        max_width: In inches, by default what is legible on a slide; 7.2 is the text width of a page. A longer sentence
            is broken into lines, which are as even as they can be.
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
    lines = lines_of(words, *marks, width=width * 72 - margin, labels=labels, fontsize=fontsize)
    for narrower in np.linspace(width, width / 2, 11)[1:] if len(lines) > 1 else ():
        found = lines_of(words, *marks, width=narrower * 72 - margin, labels=labels, fontsize=fontsize)
        if len(found) != len(lines):
            break
        width, lines = float(narrower), found
    levels = sum(_levels(line, tree) for line in lines for tree in range(len(trees)))
    height = sum(line.row.height for line in lines) + _BETWEEN * (len(lines) - 1)
    return width, (height + levels * LEVEL + (_LEGEND_HEIGHT if len(trees) > 1 else 0)) / 72


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
    kinds = [tree_kinds(marks[:, 0].tolist(), relations)]
    width, height = scale_in_points(ax)
    lines = lines_of(words, marks, width=width, kinds=kinds, labels=labels, fontsize=fontsize, direction=direction)
    step = _level_height(lines, height)
    top = height
    for line in lines:
        base = top - _levels(line, 0) * step
        draw_arcs(line.trees[0], line.row, ax, base=base, step=step)
        draw_words(line.row, base - line.row.height, ax)
        top = base - line.row.height - _BETWEEN
    return ax


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
    kinds = comparison_kinds(marks, found, scored=counted)
    width, height = scale_in_points(ax, left=_MARGIN)
    lines = lines_of(
        words,
        marks,
        found,
        width=width - _MARGIN,
        kinds=kinds,
        labels=labels,
        fontsize=fontsize,
        direction=direction,
    )
    step = _level_height(lines, height - _LEGEND_HEIGHT)
    top = height
    for line in lines:
        ceiling = top - _levels(line, 0) * step
        floor = ceiling - line.row.height
        bottom = floor - _levels(line, 1) * step
        draw_words(line.row, floor, ax)
        draw_arcs(line.trees[0], line.row, ax, base=ceiling, step=step)
        draw_arcs(line.trees[1], line.row, ax, base=floor, step=-step)
        for name, middle in (("gold", (ceiling + top) / 2), ("recovered", (bottom + floor) / 2)):
            ax.text(-_MARGIN, middle, name, rotation=90, ha="left", va="center", fontsize=7, color=GREY)
        top = bottom - _BETWEEN
    edge_legend([*Counter(edge_counts(marks, kinds[0], found, kinds[1])).elements()], ax)
    return ax


def _levels(line: Line, tree: int) -> float:
    """The height of a tree's arcs in a line, in levels."""
    return max(line.levels(tree), _LEAST_OF_TWO if len(line.trees) > 1 else 1) + _HEADROOM


def _level_height(lines: Sequence[Line], height: float) -> float:
    """The height of a level where lines are to fill a height, both in points."""
    taken = sum(line.row.height for line in lines) + _BETWEEN * (len(lines) - 1)
    return (height - taken) / sum(_levels(line, tree) for line in lines for tree in range(len(line.trees)))


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
