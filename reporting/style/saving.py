"""Figures and the files that they are saved to: fonts embedded, equal bytes for equal figures, whole or not at all."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

import matplotlib
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.transforms import Bbox

from treeprobe.files import written_whole
from treeprobe.reporting.style.missing_glyphs import one_warning_for_all_glyphs

COLUMN_WIDTH = 3.03
"""Width in inches of one column in the style of ACL conferences, for `new_figure`."""
PAGE_WIDTH = 6.30
"""Width in inches of the text of a page in the same style."""

FigureFormat = Literal["pdf", "svg", "png"]

# Type 42 embeds fonts as TrueType outlines, which journals ask for; matplotlib's default, Type 3, is often refused.
# SVG cannot carry fonts: its text becomes outlines and looks the same everywhere, unless a glyph is missing here: then
# it stays text, in the fonts of whoever opens the file. The fixed salt and the missing dates
# make equal figures equal files.
PRINTABLE: Any = {
    "pdf.fonttype": 42,
    "ps.fonttype": 42,
    "svg.fonttype": "path",
    "svg.hashsalt": "treeprobe",
    "path.simplify": True,
}

# Text stays text, in the reader's fonts.
ON_SCREEN: Any = {**PRINTABLE, "svg.fonttype": "none"}

_PADDING = 0.04
"""Inches around a figure whose margins are cut off."""

_UNDATED: dict[str, Any] = {"pdf": {"CreationDate": None}, "svg": {"Date": None}, "png": None}


def new_figure(size: tuple[float, float] = (4.5, 3.0)) -> tuple[Figure, Axes]:
    """A figure of this width and height in inches with one axes, not registered with pyplot.

    For print, take `COLUMN_WIDTH` or `PAGE_WIDTH`: what is drawn is fitted into the figure, and the file has its size.
    """
    figure = Figure(figsize=size, layout="constrained")
    return figure, figure.add_subplot()


def bare_figure(size: tuple[float, float]) -> tuple[Figure, Axes]:
    """A figure of this width and height in inches whose axes fill it without margins, for trees over sentences."""
    figure = Figure(figsize=size)
    return figure, figure.add_axes((0.0, 0.0, 1.0, 1.0))


def save_figure(figure: Figure, path: str | Path, *, dpi: int = 300) -> Path:
    """Save a figure as .pdf, .svg or .png; the file appears whole or not at all.

    The file has the size of the figure, or, where something reaches beyond the figure, of all that is drawn. The
    margins of a figure without a layout engine, such as that of `bare_figure`, are cut off.

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
    target = _checked(Path(path))
    with _laid_out(figure, dpi=dpi) as bounds:
        _write(figure, target, bounds, dpi=dpi)
    return target


def save_formats(
    figure: Figure, stem: str | Path, *, formats: Iterable[FigureFormat] = ("pdf", "png"), dpi: int = 300
) -> list[Path]:
    """Save a figure once in each format; `stem` is the path without its suffix."""
    targets = [_checked(Path(f"{stem}.{kind}")) for kind in formats]
    with _laid_out(figure, dpi=dpi) as bounds:
        for target in targets:
            _write(figure, target, bounds, dpi=dpi)
    return targets


def _checked(target: Path) -> Path:
    """The path itself. Raises as `save_figure` does."""
    if _kind(target) not in _UNDATED:
        raise ValueError(f"cannot save a figure as {target.name!r}; expected a name that ends in .pdf, .svg or .png")
    if not target.parent.is_dir():
        raise FileNotFoundError(f"cannot save the figure {target.name}: the folder {target.parent} does not exist")
    return target


def _kind(target: Path) -> str:
    return target.suffix.lstrip(".").lower()


def _write(figure: Figure, target: Path, bounds: Bbox | None, *, dpi: int) -> None:
    """Write a figure that is laid out, cut to `bounds`, in inches, where they are given."""
    kind = _kind(target)
    options: Any = {"dpi": dpi, "metadata": _UNDATED[kind], "bbox_inches": bounds}
    with written_whole(target) as draft:
        with matplotlib.rc_context(PRINTABLE), one_warning_for_all_glyphs() as missing:
            figure.savefig(draft, **options)
        if missing and kind == "svg":
            with matplotlib.rc_context(ON_SCREEN), one_warning_for_all_glyphs():
                figure.savefig(draft, **options)


@contextmanager
def _laid_out(figure: Figure, *, dpi: int) -> Iterator[Bbox | None]:
    """Lay the figure out once for all files, since measuring text takes longer than drawing it; its engine returns.

    It is laid out at the resolution of the files, at which text is a little wider than on the screen.

    Yields:
        What the files are to be cut to, in inches; None where they have the size of the figure.
    """
    engine, own_dpi = figure.get_layout_engine(), figure.dpi
    figure.dpi = dpi
    try:
        with one_warning_for_all_glyphs():
            # Twice: labels that are placed by the axes move when the axes have moved.
            figure.draw_without_rendering()
            figure.draw_without_rendering()
            drawn = figure.get_tightbbox()
        width, height = figure.get_size_inches()
        fits = drawn.x0 >= 0 and drawn.y0 >= 0 and drawn.x1 <= width and drawn.y1 <= height
        # No engine at all: for one that does nothing matplotlib would draw once more before each file.
        figure.set_layout_engine(None)
        yield None if fits and engine is not None else drawn.padded(_PADDING)
    finally:
        figure.dpi = own_dpi
        figure.set_layout_engine(engine)
