"""A row of words under or between arcs: how much room it takes, whether words stand upright or turned, and where."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import NDArray

from treeprobe.reporting.style.text_fonts import PLAIN, ReadingDirection, font_families, reading_direction, text_width

WORD_SIZE = 9.0
GAP = 6.0
NARROWEST = 15.0
TURNED_PITCH = 1.2
ARC_PITCH = 3.2
"""Points that each arc at a turned word needs beside the next."""

Direction = Literal["auto"] | ReadingDirection


@dataclass(frozen=True)
class WordRow:
    """A row of words in points: `centres` and `widths` of its columns, both (words,), from the figure's left.

    In a right-to-left sentence the first word has the rightmost column. `turned` words read upwards.
    """

    words: tuple[str, ...]
    families: tuple[str, ...]
    centres: NDArray[np.float64]
    widths: NDArray[np.float64]
    height: float
    turned: bool
    size: float

    @property
    def width(self) -> float:
        """The room that the row takes from left to right, in points."""
        return float(self.widths.sum())


def natural_width(words: Sequence[str], *, size: float = WORD_SIZE, narrowest: float = NARROWEST) -> float:
    """The points that words take side by side, none of them turned; no column is below `narrowest`."""
    families = font_families(words)
    return sum(max(text_width(word, size=size, families=families) + GAP, narrowest) for word in words)


def word_row(
    words: Sequence[str],
    *,
    room: float,
    size: float = WORD_SIZE,
    direction: Direction = "auto",
    narrowest: float = NARROWEST,
    arcs: NDArray[np.int64] | None = None,
) -> WordRow:
    """Lay words out over `room` points: side by side if they fit, else turned, else turned and smaller.

    Turned words have equal columns, but those with more `arcs`, (words,), than these hold have wider ones.
    """
    families = font_families(words)
    lengths = np.array([text_width(word, size=size, families=families) for word in words])
    columns = np.maximum(lengths + GAP, narrowest)
    if columns.sum() > room:
        columns = np.maximum(lengths + GAP, NARROWEST)
    height = size * 1.7
    turned = bool(columns.sum() > room + 0.5)
    if turned:
        columns = np.full(len(words), room / len(words))
        if arcs is not None:
            columns = np.maximum(columns, ARC_PITCH * arcs)
            columns = columns * room / columns.sum()
        smaller = min(size, float(columns.min()) / TURNED_PITCH)
        height = float(lengths.max()) * smaller / size + GAP
        size = smaller
    columns = columns * room / max(columns.sum(), 1.0)
    ordered = columns[::-1] if runs_leftward(words, direction) else columns
    centres = np.cumsum(ordered) - ordered / 2
    if runs_leftward(words, direction):
        centres = centres[::-1]
    return WordRow(tuple(words), tuple(families), centres, columns, height, turned, size)


def runs_leftward(words: Sequence[str], direction: Direction) -> bool:
    """Whether the first word stands at the right, as asked for or as the script of most words has it."""
    chosen = reading_direction(words) if direction == "auto" else direction
    return chosen == "right-to-left"


def draw_words(row: WordRow, middle: float, ax: Axes) -> Axes:
    """Write the words of the row, centred on the height `middle` in the axes' own units."""
    for word, centre in zip(row.words, row.centres, strict=True):
        ax.text(
            centre,
            middle,
            word,
            ha="center",
            va="center" if row.turned else "center_baseline",
            rotation=90 if row.turned else 0,
            fontsize=row.size,
            fontfamily=list(row.families),
            **PLAIN,
        )
    return ax
