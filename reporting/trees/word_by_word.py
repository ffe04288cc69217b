"""A sentence's tree as it grows word by word: one row a prefix, the edges that each word changes set off."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import ArrayLike, NDArray

from treeprobe.parsing.drawing import lay_out_arcs
from treeprobe.parsing.drawing.arc_layout import ArcKind, Row
from treeprobe.parsing.trees import WordByWord
from treeprobe.reporting.style.palette import GREY
from treeprobe.reporting.style.text_fonts import PLAIN
from treeprobe.reporting.trees.arc_drawing import LEVEL, arc_levels, draw_arcs, scale_in_points
from treeprobe.reporting.trees.edges import edge_legend
from treeprobe.reporting.trees.word_row import WORD_FONTSIZE, Direction, WordRow, draw_words, upright_width, word_row

_RIGHT = 52.0
"""Points beside the words, for how many edges go."""
_LEGEND_HEIGHT = 20.0
_LEVEL = 0.72 * LEVEL
_HEADROOM = 0.9
"""Levels left free between two rows."""
_WIDEST = 12.0
_FIRST = 2
"""Words of the first row: one word alone has no edges."""


def word_by_word_size(
    words: Sequence[str],
    trees: Sequence[ArrayLike],
    *,
    max_width: float = _WIDEST,
    fontsize: float = WORD_FONTSIZE,
) -> tuple[float, float]:
    """The figure size, width and height in inches, that `trees_word_by_word` needs.

    Args:
        words: The sentence.
        trees: The heads of each prefix, the first of one word, words from 0, -1 for the root.
        max_width: In inches; a longer sentence gets its words rotated.
        fontsize: Of the words, in points.
    """
    growth = WordByWord.of(words, trees)
    every = _all_edges(growth)
    needed = (upright_width(words, every, fontsize=fontsize) + _RIGHT) / 72
    width = float(np.clip(needed, 3.6, max_width))
    row = word_row(words, every, width=width * 72 - _RIGHT, fontsize=fontsize)
    levels = sum(above + below + _HEADROOM for above, below in _levels(growth))
    return width, (_LEGEND_HEIGHT + _rows(growth) * row.height + levels * _LEVEL) / 72


def trees_word_by_word(
    words: Sequence[str],
    trees: Sequence[ArrayLike],
    ax: Axes,
    *,
    direction: Direction = "auto",
    fontsize: float = WORD_FONTSIZE,
) -> Axes:
    """Draw the tree over the words so far after every word from the second on, from the top down.

    The new word is bold and its edges blue. Edges between earlier words that only now are in the tree, *revised*, are
    vermillion and dashed; those that go, *dropped*, hang dotted below the row. Beside it stands how many go.
    Edges have no direction.

    Args:
        words: The sentence.
        trees: The heads of each prefix, the first of one word, words from 0, -1 for the root.
        ax: The axes, of the size that `word_by_word_size` suggests; returned.
        direction: The reading direction; "auto" is that of most words.
        fontsize: Of the words, in points.

    Raises:
        ValueError: Not one tree for each prefix.
    """
    growth = WordByWord.of(words, trees)
    width, height = scale_in_points(ax)
    row = word_row(words, _all_edges(growth), width=width - _RIGHT, fontsize=fontsize, direction=direction)
    levels = _levels(growth)
    room = sum(above + below + _HEADROOM for above, below in levels)
    step = (height - _LEGEND_HEIGHT - _rows(growth) * row.height) / max(room, 1.0)
    top, kinds = height, set[ArcKind]()
    for count, (above, below) in zip(range(_FIRST, len(words) + 1), levels):
        floor = top - (above + _HEADROOM) * step - row.height
        kinds |= _draw_prefix(growth, count, row, ax, floor=floor, step=step)
        top = floor - below * step
    edge_legend([*kinds], ax, counts=False)
    return ax


def _draw_prefix(growth: WordByWord, count: int, row: WordRow, ax: Axes, *, floor: float, step: float) -> set[ArcKind]:
    """The row of the first `count` words, whose words stand on `floor`; returns the kinds of its arcs."""
    part = replace(row, words=row.words[:count], row=Row(row.row.centres[:count], row.row.reach[:count], row.row.width))
    written = len(ax.texts)
    draw_words(part, floor, ax)
    ax.texts[written + count - 1].set_fontweight("bold")
    edges, dropped = growth.edges(count), growth.dropped(count)
    joined = {tuple(edge) for edge in growth.joined(count).tolist()}
    kinds: list[ArcKind] = [_kind(edge, count - 1, joined=tuple(edge) in joined) for edge in edges.tolist()]
    arcs = lay_out_arcs(edges, row.row, kinds=kinds)
    # What is set off is drawn over what stays.
    ordered = sorted(arcs, key=lambda arc: arc.kind != "kept")
    draw_arcs(ordered, row, ax, base=floor + row.height, step=step, directed=False)
    gone: list[ArcKind] = ["dropped"] * len(dropped)
    draw_arcs(lay_out_arcs(dropped, row.row, kinds=gone), row, ax, base=floor, step=-step, directed=False)
    if len(dropped):
        note = f"{len(dropped)} dropped"
        middle = floor + row.height / 2
        ax.text(row.row.width + _RIGHT, middle, note, ha="right", va="center", fontsize=7.5, color=GREY, **PLAIN)
    return {*kinds, *gone}


def _kind(edge: Sequence[int], newest: int, *, joined: bool) -> ArcKind:
    """What the newest word does to an edge of the tree."""
    if not joined:
        return "kept"
    return "new" if newest in edge else "revised"


def _levels(growth: WordByWord) -> list[tuple[int, int]]:
    """The levels of arcs above the words and below them, of each row."""
    found = []
    for count in range(_FIRST, len(growth.words) + 1):
        dropped = growth.dropped(count)
        found.append((arc_levels(growth.edges(count)), arc_levels(dropped) if len(dropped) else 0))
    return found


def _rows(growth: WordByWord) -> int:
    """How many rows there are."""
    return max(len(growth.words) - _FIRST + 1, 0)


def _all_edges(growth: WordByWord) -> NDArray[np.int64]:
    """The edges of the prefix with the most arcs at some word: a row that has space for these has it for all."""
    counts = range(1, len(growth.words) + 1)
    most = max(counts, key=lambda count: int(np.bincount(growth.edges(count).ravel()).max(initial=0)), default=0)
    return growth.edges(most)
