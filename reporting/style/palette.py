"""Colours, dashes and markers. Whatever colour distinguishes, a dash pattern, a marker or a hatch distinguishes too.

Colours are those of Okabe & Ito (2008), "Color Universal Design", which remain distinguishable under all common forms
of colour blindness; dashes and markers keep series apart in black and white.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count
from typing import Any

from treeprobe.parsing.drawing.arc_layout import ArcKind

BLACK = "#000000"
WHITE = "#FFFFFF"
ORANGE = "#E69F00"
SKY_BLUE = "#56B4E9"
GREEN = "#009E73"
BLUE = "#0072B2"
VERMILLION = "#D55E00"
PURPLE = "#CC79A7"
GREY = "#767676"
ASH = "#A6A6A6"
"""Lighter than the green of correct edges also to readers who see no green."""
PALE = "#D9D9D9"

Dashes = str | tuple[float, tuple[float, ...]]


@dataclass(frozen=True)
class LineStyle:
    """The style of one series or one status of edges; `width` is in points."""

    color: str
    dashes: Dashes = "solid"
    marker: str = ""
    width: float = 1.4

    @property
    def line(self) -> dict[str, Any]:
        """Keyword arguments for `Axes.plot` and for line collections."""
        return {"color": self.color, "linestyle": self.dashes, "linewidth": self.width}

    @property
    def patch(self) -> dict[str, Any]:
        """Keyword arguments for the outlines of patches."""
        return {"edgecolor": self.color, "linestyle": self.dashes, "linewidth": self.width}


EDGES: dict[ArcKind, LineStyle] = {
    "correct": LineStyle(GREEN, "solid", width=1.3),
    "missed": LineStyle(BLUE, (0, (5, 2.2)), width=1.3),
    "spurious": LineStyle(VERMILLION, (0, (1.2, 1.3)), width=1.7),
    "unscored": LineStyle(ASH, (0, (4, 1.5, 0.8, 1.5)), width=0.8),
}

CHANGES: dict[ArcKind, LineStyle] = {
    "kept": LineStyle(GREY, "solid", width=1.0),
    "new": LineStyle(BLUE, "solid", width=1.6),
    "revised": LineStyle(VERMILLION, (0, (5, 1.4)), width=1.6),
    "dropped": LineStyle(ASH, (0, (1.2, 1.3)), width=1.2),
}

ARCS: dict[ArcKind, LineStyle] = {"tree": LineStyle(BLACK, width=1.0), **EDGES, **CHANGES}

# The palette's yellow is left out: it is too pale for a line on white.
_SERIES_COLORS = (BLUE, VERMILLION, GREEN, PURPLE, ORANGE, SKY_BLUE, BLACK)
_SERIES_MARKERS = ("o", "s", "^", "D", "v", "P", "X")
_SERIES_DASHES: tuple[Dashes, ...] = ("solid", (0, (5, 1.5)), (0, (3, 1.2, 1, 1.2)), (0, (1.5, 1.2)))
_BASELINE_DASHES: tuple[Dashes, ...] = ((0, (6, 3)), (0, (1.5, 2)), (0, (6, 2, 1.5, 2)), (0, (3, 1.5)))

# A sequential map for quantities that start at a minimum, a diverging one, white at zero, for signed quantities.
SEQUENTIAL = "cividis"
DIVERGING = "PuOr"


def series_styles() -> Iterator[LineStyle]:
    """An endless sequence of styles, one for each series; after 7 the colours repeat with other dashes."""
    for index in count():
        cycle, place = divmod(index, len(_SERIES_COLORS))
        yield LineStyle(_SERIES_COLORS[place], _SERIES_DASHES[cycle % len(_SERIES_DASHES)], _SERIES_MARKERS[place])


def baseline_styles() -> Iterator[LineStyle]:
    """An endless sequence of grey styles, one for each baseline, distinguished by their dashes."""
    for index in count():
        yield LineStyle(GREY, _BASELINE_DASHES[index % len(_BASELINE_DASHES)], width=1.2)


def text_color_on(luminance: float) -> str:
    """Black or white, whichever is more legible on a background of this relative luminance (0 to 1)."""
    return BLACK if luminance > 0.45 else WHITE
