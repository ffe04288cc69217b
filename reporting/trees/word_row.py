"""A row of words under or between arcs: its columns, its height, and whether the words are upright or rotated."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import NDArray

from treeprobe.reporting.style.text_fonts import PLAIN, ReadingDirection, font_families, reading_direction, text_width

WORD_FONTSIZE = 9.0
MIN_COLUMN = 15.0
"""The least width of a word's column, in points."""
ARC_PITCH = 3.2
"""The width in points that each arc at a rotated word needs."""
_GAP = 6.0
_ROTATED_PITCH = 1.2

Direction = Literal["auto"] | ReadingDirection


@dataclass(frozen=True)
class WordRow:
    """A row of words, in points from the left: `centres` and `widths` of its columns are (words,).

    In a right-to-left sentence the first word has the rightmost column. Words that are `rotated` read upwards.
    """

    words: tuple[str, ...]
    families: tuple[str, ...]
    centres: NDArray[np.float64]
    widths: NDArray[np.float64]
    height: float
    rotated: bool
    fontsize: float

    @property
    def width(self) -> float:
        """The width of the row in points."""
        return float(self.widths.sum())


def upright_width(words: Sequence[str], *, fontsize: float = WORD_FONTSIZE, min_column: float = MIN_COLUMN) -> float:
    """The width in points of a row of upright words; no column is narrower than `min_column`."""
    families = font_families(words)
    return sum(max(text_width(word, fontsize=fontsize, families=families) + _GAP, min_column) for word in words)


def word_row(
    words: Sequence[str],
    *,
    width: float,
    fontsize: float = WORD_FONTSIZE,
    direction: Direction = "auto",
    min_column: float = MIN_COLUMN,
    arcs: NDArray[np.int64] | None = None,
) -> WordRow:
    """Lay words out over a given width: upright if they fit, else rotated, and in a smaller font if necessary.

    Args:
        words: The sentence.
        width: Available width in points.
        fontsize: In points.
        direction: The reading direction; "auto" is that of most words.
        min_column: The least width of an upright word's column, in points, given up before words are rotated.
        arcs: The number of arcs at each word, (words,); a rotated word with many of them has a wider column.
    """
    families = font_families(words)
    lengths = np.array([text_width(word, fontsize=fontsize, families=families) for word in words])
    columns = np.maximum(lengths + _GAP, min_column)
    if columns.sum() > width:
        columns = np.maximum(lengths + _GAP, MIN_COLUMN)
    height = fontsize * 1.7
    rotated = bool(columns.sum() > width + 0.5)
    if rotated:
        columns = np.full(len(words), width / len(words))
        if arcs is not None:
            columns = np.maximum(columns, ARC_PITCH * arcs)
            columns = columns * width / columns.sum()
        smaller = min(fontsize, float(columns.min()) / _ROTATED_PITCH)
        height = float(lengths.max()) * smaller / fontsize + _GAP
        fontsize = smaller
    columns = columns * width / max(columns.sum(), 1.0)
    leftward = (reading_direction(words) if direction == "auto" else direction) == "right-to-left"
    ordered = columns[::-1] if leftward else columns
    centres = np.cumsum(ordered) - ordered / 2
    if leftward:
        centres = centres[::-1]
    return WordRow(tuple(words), tuple(families), centres, columns, height, rotated, fontsize)


def draw_words(row: WordRow, middle: float, ax: Axes) -> Axes:
    """Write the words of a row, vertically centred on `middle`, in data coordinates."""
    for word, centre in zip(row.words, row.centres, strict=True):
        ax.text(
            centre,
            middle,
            word,
            ha="center",
            va="center" if row.rotated else "center_baseline",
            rotation=90 if row.rotated else 0,
            fontsize=row.fontsize,
            fontfamily=list(row.families),
            **PLAIN,
        )
    return ax
