"""Figures as files that can be printed: vector formats with their fonts inside, written whole or not at all."""

import re
import warnings
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

import matplotlib
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from treeprobe.files import written_whole
from treeprobe.reporting.style.text_fonts import warn_missing

FigureFormat = Literal["pdf", "svg", "png"]
MISSING_GLYPH = re.compile(r"Glyph (\d+) ")
FORMATS: tuple[FigureFormat, ...] = ("pdf", "svg", "png")

# Type 42 embeds fonts as TrueType outlines, which journals ask for; matplotlib's default, Type 3, many refuse. SVG
# cannot carry fonts, so its text is drawn as outlines and looks the same everywhere. The salt and the missing dates
# make equal figures equal files.
PRINTABLE: Any = {
    "pdf.fonttype": 42,
    "ps.fonttype": 42,
    "svg.fonttype": "path",
    "svg.hashsalt": "treeprobe",
    "path.simplify": True,
}


def new_figure(size: tuple[float, float] = (4.5, 3.0)) -> tuple[Figure, Axes]:
    """A figure of that width and height in inches, with one axes, outside pyplot's list of open figures."""
    figure = Figure(figsize=size, layout="constrained")
    return figure, figure.add_subplot()


def bare_figure(size: tuple[float, float]) -> tuple[Figure, Axes]:
    """A figure that is nothing but its axes, without margins: for sentences with their arcs."""
    figure = Figure(figsize=size)
    return figure, figure.add_axes((0.0, 0.0, 1.0, 1.0))


def save_figure(figure: Figure, path: str | Path, *, dpi: int = 300, transparent: bool = False) -> Path:
    """Write a figure as .pdf, .svg or .png, by the suffix of `path`; `dpi` is for pixels only.

    The file appears whole or not at all. Raises ValueError for another suffix, FileNotFoundError when the folder
    is not there.
    """
    target = Path(path)
    kind = target.suffix.lstrip(".").lower()
    if kind not in FORMATS:
        raise ValueError(f"cannot save a figure as {target.name!r}; expected a name that ends in .pdf, .svg or .png")
    if not target.parent.is_dir():
        raise FileNotFoundError(f"the folder {target.parent} for the figure {target.name} is not there")
    # Dates would make every saving of one figure another file.
    metadata = {"pdf": {"CreationDate": None}, "svg": {"Date": None}, "png": None}[kind]
    with written_whole(target) as draft, matplotlib.rc_context(PRINTABLE), one_warning_for_all_glyphs():
        figure.savefig(draft, dpi=dpi, metadata=metadata, transparent=transparent, bbox_inches="tight", pad_inches=0.04)
    return target


def save_formats(
    figure: Figure, stem: str | Path, *, formats: Iterable[FigureFormat] = ("pdf", "png"), dpi: int = 300
) -> list[Path]:
    """Write a figure once in each format; `stem` is the path without its suffix."""
    return [save_figure(figure, Path(f"{stem}.{kind}"), dpi=dpi) for kind in formats]


@contextmanager
def one_warning_for_all_glyphs() -> Iterator[None]:
    """Turn matplotlib's warning for each missing glyph into one that says what to install; let others pass."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        yield
    missing = set()
    for warning in caught:
        if match := MISSING_GLYPH.match(str(warning.message)):
            missing.add(chr(int(match[1])))
        else:
            warnings.warn_explicit(warning.message, warning.category, warning.filename, warning.lineno)
    if missing:
        warn_missing(missing)
