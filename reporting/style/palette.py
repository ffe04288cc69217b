"""Colours, dashes and markers: every distinction that a colour makes, a dash or a marker makes too.

Colours are those of Okabe & Ito (2008), "Color Universal Design", which stay apart under every common form of colour
blindness; dashes and markers keep them apart in black and white.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count
from typing import Any

from treeprobe.parsing.trees import EdgeStatus

BLACK = "#000000"
ORANGE = "#E69F00"
SKY_BLUE = "#56B4E9"
GREEN = "#009E73"
BLUE = "#0072B2"
VERMILLION = "#D55E00"
PURPLE = "#CC79A7"
GREY = "#767676"
PALE = "#D9D9D9"

Dashes = str | tuple[float, tuple[float, ...]]


@dataclass(frozen=True)
class LineStyle:
    """How one series or one kind of edge is drawn; `width` is in points."""

    color: str
    dashes: Dashes = "solid"
    marker: str = ""
    width: float = 1.4

    @property
    def line(self) -> dict[str, Any]:
        """Keyword arguments of `Axes.plot` and of line collections."""
        return {"color": self.color, "linestyle": self.dashes, "linewidth": self.width}


EDGES: dict[EdgeStatus, LineStyle] = {
    "correct": LineStyle(GREEN, "solid", width=1.3),
    "missed": LineStyle(BLUE, (0, (5, 2.2)), width=1.3),
    "spurious": LineStyle(VERMILLION, (0, (1.2, 1.3)), width=1.7),
    "unscored": LineStyle(GREY, "solid", width=0.6),
}

# Their yellow is left out: on white it is too pale for a line.
SERIES_COLORS = (BLUE, VERMILLION, GREEN, PURPLE, ORANGE, SKY_BLUE, BLACK)
SERIES_MARKERS = ("o", "s", "^", "D", "v", "P", "X")
SERIES_DASHES: tuple[Dashes, ...] = ("solid", (0, (5, 1.5)), (0, (3, 1.2, 1, 1.2)), (0, (1.5, 1.2)))
BASELINE_DASHES: tuple[Dashes, ...] = ((0, (6, 3)), (0, (1.5, 2)), (0, (6, 2, 1.5, 2)), (0, (3, 1.5)))

# One hue of growing darkness for quantities from nothing up; two hues around white for signed ones.
SEQUENTIAL = "cividis"
DIVERGING = "PuOr"


def series_styles() -> Iterator[LineStyle]:
    """A style for each series in turn; colours come round after 7, dashes change with them."""
    for index in count():
        round_, place = divmod(index, len(SERIES_COLORS))
        yield LineStyle(SERIES_COLORS[place], SERIES_DASHES[round_ % len(SERIES_DASHES)], SERIES_MARKERS[place])


def baseline_styles() -> Iterator[LineStyle]:
    """A grey style for each baseline in turn, told apart by their dashes."""
    for index in count():
        yield LineStyle(GREY, BASELINE_DASHES[index % len(BASELINE_DASHES)], width=1.2)


def shade(lightness: float) -> str:
    """Black or white, whichever reads better on a cell of that relative luminance (0 to 1)."""
    return BLACK if lightness > 0.45 else "#FFFFFF"
