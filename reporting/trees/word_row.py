"""A row of words under or between arcs: its columns, its height, and whether the words are upright or rotated."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import NDArray

from treeprobe.parsing.drawing import space_words
from treeprobe.parsing.drawing.arc_layout import Row, arcs_per_word
from treeprobe.parsing.drawing.screen_text import ReadingDirection, reading_direction
from treeprobe.reporting.style.palette import GREY
from treeprobe.reporting.style.text_fonts import PLAIN, font_families, text_width

WORD_FONTSIZE = 9.0
LABEL_FONTSIZE = 6.5
_MIN_COLUMN = 9.0
_ARC_PITCH = 3.2
"""The width in points that each arc at a word needs."""
_GAP = 6.0
_LABEL_GAP = 3.0
_ROTATED_PITCH = 1.2

Direction = Literal["auto"] | ReadingDirection


@dataclass(frozen=True)
class WordRow:
    """A row of words, in points from the left.

    Words that are `rotated` read upwards, and their `notes` follow them: relations for which narrow arcs have no space.
    `word_height` is the part of the height that words take up, below their notes.
    """

    words: tuple[str, ...]
    families: tuple[str, ...]
    row: Row
    height: float
    word_height: float
    rotated: bool
    fontsize: float
    labels: tuple[str, ...] | None = None

    @property
    def arc_labels(self) -> tuple[str, ...] | None:
        """The labels that arcs carry: none where they stand with the words."""
        return None if self.rotated else self.labels


def upright_width(
    words: Sequence[str],
    *trees: NDArray[np.int64],
    labels: Sequence[str] | None = None,
    fontsize: float = WORD_FONTSIZE,
) -> float:
    """The width in points of a row of upright words, with the labels of the first tree's marks over its arcs."""
    return upright_row(words, *trees, labels=labels, fontsize=fontsize).width


def word_row(
    words: Sequence[str],
    *trees: NDArray[np.int64],
    width: float,
    labels: Sequence[str] | None = None,
    fontsize: float = WORD_FONTSIZE,
    direction: Direction = "auto",
) -> WordRow:
    """Lay words out over a given width: upright if they and the labels fit, else rotated and, if need be, smaller.

    Args:
        words: The sentence.
        trees: The marks of each tree, (marks, 2): a word with many arcs has a wider column.
        width: Available width in points.
        labels: One for each mark of the first tree, which has one for each word.
        fontsize: In points.
        direction: The reading direction; "auto" is that of most words.
    """
    families = tuple(font_families([*words, *(labels or ())]))
    leftward = (reading_direction(words) if direction == "auto" else direction) == "right-to-left"
    kept = None if labels is None else tuple(labels)
    upright = upright_row(words, *trees, labels=labels, fontsize=fontsize, families=families, leftward=leftward)
    if upright.width <= width + 0.5:
        stretched = Row(upright.centres * width / max(upright.width, 1.0), upright.reach, width)
        height = fontsize * 1.7
        return WordRow(tuple(words), families, stretched, height, height, False, fontsize, kept)
    arcs = arcs_per_word(len(words), *trees)
    columns = np.maximum(width / len(words), _ARC_PITCH * arcs)
    columns *= width / columns.sum()
    centres = np.cumsum(columns) - columns / 2
    reach = np.minimum(columns, np.maximum(26.0, _ARC_PITCH * arcs)) / 2 * 0.85
    row = Row(width - centres if leftward else centres, reach, width)
    smaller = min(fontsize, float(columns.min()) / _ROTATED_PITCH)
    word_height = max(text_width(word, fontsize=smaller, families=families) for word in words) + _GAP
    size = min(smaller, LABEL_FONTSIZE)
    notes = max((text_width(label, fontsize=size, families=families) for label in labels or ()), default=-_GAP) + _GAP
    return WordRow(tuple(words), families, row, word_height + notes, word_height, True, smaller, kept)


def draw_words(row: WordRow, floor: float, ax: Axes) -> Axes:
    """Write the words of a row that begins at the height `floor`, in data coordinates, with their notes if rotated."""
    style = {"fontfamily": list(row.families), "ha": "center", "rotation": 90 if row.rotated else 0, **PLAIN}
    align = "center" if row.rotated else "center_baseline"
    for word, centre in zip(row.words, row.row.centres, strict=True):
        ax.text(centre, floor + row.word_height / 2, word, va=align, fontsize=row.fontsize, gid="word", **style)
    if row.rotated:
        size = min(row.fontsize, LABEL_FONTSIZE)
        for label, centre in zip(row.labels or (), row.row.centres):
            top = floor + row.height - _GAP / 2
            ax.text(centre, top, label, va="top", fontsize=size, color=GREY, gid="relation", **style)
    return ax


def upright_row(
    words: Sequence[str],
    *trees: NDArray[np.int64],
    labels: Sequence[str] | None = None,
    fontsize: float = WORD_FONTSIZE,
    families: Sequence[str] | None = None,
    leftward: bool = False,
) -> Row:
    """The row of upright words, as narrow as it can be, in points; see `word_row`."""
    families = font_families([*words, *(labels or ())]) if families is None else list(families)
    widths = [max(text_width(word, fontsize=fontsize, families=families), _MIN_COLUMN) for word in words]
    over = [text_width(label, fontsize=LABEL_FONTSIZE, families=families) + _LABEL_GAP for label in labels or ()]
    return space_words(widths, *trees, labels=over, gap=_GAP, pitch=_ARC_PITCH, leftward=leftward)
