"""Files of figures: fonts inside, whole or absent, the same bytes for the same figure."""

import re
import zlib
from pathlib import Path

import pytest
from matplotlib.figure import Figure
from matplotlib.image import imread

from treeprobe.reporting import bare_figure, new_figure, save_figure, save_formats, tree_arcs


@pytest.fixture
def figure() -> Figure:
    figure, ax = bare_figure((4, 2))
    tree_arcs(("<b>a</b>", "&", "שלום"), [-1, 0, 1], ax)
    return figure


def pdf_objects(path: Path) -> bytes:
    """A PDF with its streams unpacked."""
    content = path.read_bytes()
    streams = re.findall(rb"stream\r?\n(.*?)\r?\nendstream", content, re.DOTALL)
    unpacked = []
    for stream in streams:
        try:
            unpacked.append(zlib.decompress(stream))
        except zlib.error:
            unpacked.append(stream)
    return content + b"".join(unpacked)


def test_pdf_fonts_are_embedded_and_none_is_type_3(figure: Figure, tmp_path: Path) -> None:
    content = pdf_objects(save_figure(figure, tmp_path / "tree.pdf"))
    assert b"/FontFile2" in content
    assert b"/Subtype /Type3" not in content


def test_the_check_knows_a_type_3_font_when_it_sees_one(figure: Figure, tmp_path: Path) -> None:
    figure.savefig(tmp_path / "default.pdf")
    assert b"/Subtype /Type3" in pdf_objects(tmp_path / "default.pdf")


def test_svg_needs_no_fonts_and_holds_no_markup_of_words(figure: Figure, tmp_path: Path) -> None:
    content = save_figure(figure, tmp_path / "tree.svg").read_text()
    assert "<text" not in content
    assert "<b>" not in content


@pytest.mark.parametrize("suffix", ["pdf", "svg", "png"])
def test_the_same_figure_is_the_same_file(figure: Figure, tmp_path: Path, suffix: str) -> None:
    first = save_figure(figure, tmp_path / f"one.{suffix}").read_bytes()
    assert first == save_figure(figure, tmp_path / f"two.{suffix}").read_bytes()


def test_a_figure_that_cannot_be_drawn_leaves_what_was_there(tmp_path: Path) -> None:
    target = tmp_path / "tree.png"
    target.write_bytes(b"before")
    figure, ax = new_figure()
    ax.set_title("$\\nosuchcommand$")
    with pytest.raises(ValueError, match="nosuchcommand"):
        save_figure(figure, target)
    assert target.read_bytes() == b"before"
    assert list(tmp_path.iterdir()) == [target]


def test_every_format_is_written_and_readable_by_others(figure: Figure, tmp_path: Path) -> None:
    paths = save_formats(figure, tmp_path / "layer.7", formats=("pdf", "png"))
    assert [path.name for path in paths] == ["layer.7.pdf", "layer.7.png"]
    assert all(path.stat().st_mode & 0o044 for path in paths)


def test_other_formats_and_missing_folders_are_refused(figure: Figure, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="expected a name that ends in"):
        save_figure(figure, tmp_path / "tree.gif")
    with pytest.raises(FileNotFoundError, match="nowhere"):
        save_figure(figure, tmp_path / "nowhere" / "tree.png")


def test_nothing_that_reaches_beyond_a_figure_is_cut_off(tmp_path: Path) -> None:
    figure, ax = new_figure((2.0, 1.0))
    ax.set_title("within")
    assert imread(save_figure(figure, tmp_path / "within.png", dpi=100)).shape[:2] == (100, 200)
    ax.set_title("a title that is much wider than the figure over which it stands")
    height, width, _ = imread(save_figure(figure, tmp_path / "beyond.png", dpi=100)).shape
    assert width > 300
    assert height < 120


def test_margins_are_kept_at_the_resolution_of_the_file(tmp_path: Path) -> None:
    """Text is wider at 300 pixels an inch than at the 100 of a figure on the screen."""
    figure, ax = new_figure((4.8, 1.5))
    ax.text(1.02, 0.5, "random weights", transform=ax.transAxes, fontsize=7.5)
    pixels = imread(save_figure(figure, tmp_path / "label.png", dpi=300))
    assert pixels.shape[:2] == (450, 1440)
    assert (pixels[:, -8:] == 1).all()
    assert figure.dpi == 100
