"""Figures as images embedded in a page."""

import base64
import io

import matplotlib
from matplotlib.figure import Figure

from treeprobe.reporting.html.page import Picture
from treeprobe.reporting.style.missing_glyphs import one_warning_for_all_glyphs
from treeprobe.reporting.style.saving import ON_SCREEN

NARROW = 3.8
"""Inches: a picture of this width is shown at its own size on a telephone, with nothing to scroll."""


def curve_size(curves: int) -> tuple[float, float]:
    """The size in inches of a narrow picture with so many curves, each a line of the legend above the axes."""
    return NARROW, 2.8 + 0.16 * curves


def picture(figure: Figure, *, title: str, description: str, shaded: bool = False) -> Picture:
    """Embed a figure as an image whose text stays text, in the fonts of the reader's browser.

    Outlines would make the page ten times larger.

    Args:
        figure: The figure.
        title: Its caption.
        description: The alternative text, for readers who cannot see it.
        shaded: Whether lightness encodes values, as in heat maps.
    """
    stream = io.StringIO()
    with matplotlib.rc_context(ON_SCREEN), one_warning_for_all_glyphs():
        figure.savefig(
            stream, format="svg", transparent=True, metadata={"Date": None}, bbox_inches="tight", pad_inches=0.05
        )
    source = "data:image/svg+xml;base64," + base64.b64encode(stream.getvalue().encode()).decode()
    return Picture(source, title, description, shaded)
