"""Figures and the files that they are saved to: fonts embedded, equal bytes for equal figures, whole or not at all."""

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

# Type 42 embeds fonts as TrueType outlines, which journals ask for; matplotlib's default, Type 3, is often refused.
# SVG cannot carry fonts: its text becomes outlines and looks the same everywhere. The fixed salt and the missing dates
# make equal figures equal files.
PRINTABLE: Any = {
    "pdf.fonttype": 42,
    "ps.fonttype": 42,
    "svg.fonttype": "path",
    "svg.hashsalt": "treeprobe",
    "path.simplify": True,
}

_UNDATED: dict[str, Any] = {"pdf": {"CreationDate": None}, "svg": {"Date": None}, "png": None}
_MISSING_GLYPH = re.compile(r"Glyph (\d+) ")


def new_figure(size: tuple[float, float] = (4.5, 3.0)) -> tuple[Figure, Axes]:
    """A figure of this width and height in inches with one axes, not registered with pyplot."""
    figure = Figure(figsize=size, layout="constrained")
    return figure, figure.add_subplot()


def bare_figure(size: tuple[float, float]) -> tuple[Figure, Axes]:
    """A figure of this width and height in inches whose axes fill it without margins, for trees over sentences."""
    figure = Figure(figsize=size)
    return figure, figure.add_axes((0.0, 0.0, 1.0, 1.0))


def save_figure(figure: Figure, path: str | Path, *, dpi: int = 300) -> Path:
    """Save a figure as .pdf, .svg or .png; the file appears whole or not at all.

    Args:
        figure: The figure.
        path: Its suffix selects the format.
        dpi: Resolution of pixel images.

    Returns:
        The path that was written.

    Raises:
        ValueError: Another suffix.
        FileNotFoundError: The folder does not exist.
    """
    target = Path(path)
    kind = target.suffix.lstrip(".").lower()
    if kind not in _UNDATED:
        raise ValueError(f"cannot save a figure as {target.name!r}; expected a name that ends in .pdf, .svg or .png")
    if not target.parent.is_dir():
        raise FileNotFoundError(f"cannot save the figure {target.name}: the folder {target.parent} does not exist")
    with written_whole(target) as draft, matplotlib.rc_context(PRINTABLE), one_warning_for_all_glyphs():
        figure.savefig(draft, dpi=dpi, metadata=_UNDATED[kind], bbox_inches="tight", pad_inches=0.04)
    return target


def save_formats(
    figure: Figure, stem: str | Path, *, formats: Iterable[FigureFormat] = ("pdf", "png"), dpi: int = 300
) -> list[Path]:
    """Save a figure once in each format; `stem` is the path without its suffix."""
    return [save_figure(figure, Path(f"{stem}.{kind}"), dpi=dpi) for kind in formats]


@contextmanager
def one_warning_for_all_glyphs() -> Iterator[None]:
    """Replace matplotlib's warnings, one for each missing glyph, by a single one; pass on all others."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        yield
    missing = set()
    for warning in caught:
        if match := _MISSING_GLYPH.match(str(warning.message)):
            missing.add(chr(int(match[1])))
        else:
            warnings.warn_explicit(warning.message, warning.category, warning.filename, warning.lineno)
    if missing:
        warn_missing(missing)
