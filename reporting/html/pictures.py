"""Figures as images inside a page."""

import base64
import io
from typing import Any

import matplotlib
from matplotlib.figure import Figure

from treeprobe.reporting.html.page import Picture
from treeprobe.reporting.style.saving import PRINTABLE, one_warning_for_all_glyphs

# Text stays text: a page is read on a screen that has fonts, and outlines would make it ten times larger.
ON_SCREEN: Any = {**PRINTABLE, "svg.fonttype": "none"}


def picture(figure: Figure, *, title: str, description: str, shaded: bool = False) -> Picture:
    """A figure as an image of a page; `description` is what someone who cannot see it is told, `shaded` is for maps."""
    stream = io.StringIO()
    with matplotlib.rc_context(ON_SCREEN), one_warning_for_all_glyphs():
        figure.savefig(
            stream, format="svg", transparent=True, metadata={"Date": None}, bbox_inches="tight", pad_inches=0.05
        )
    source = "data:image/svg+xml;base64," + base64.b64encode(stream.getvalue().encode()).decode()
    return Picture(source, title, description, shaded)
