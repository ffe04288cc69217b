"""Words of any script: fonts that have them, the side from which they are read, and a plain word when none does."""

import warnings
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest
from matplotlib.font_manager import FontProperties, findfont, fontManager

from treeprobe.reporting import MissingGlyphs, bare_figure, font_families, save_figure, tree_arcs
from treeprobe.reporting.style import font_files
from treeprobe.reporting.style.font_files import characters_of, covering_families, list_further_fonts
from treeprobe.reporting.style.missing_glyphs import _warn_once, warn_missing
from treeprobe.reporting.style.text_fonts import text_width

JAPANESE, CHINESE, KOREAN = "猫が魚を食べた。", "简体中文的句子", "한국어 문장"
with_cjk = pytest.mark.skipif(find_spec("paperang_p2_fonts_cjk") is None, reason="the extra cjk is not installed")


@pytest.fixture(autouse=True)
def first_look() -> Iterator[None]:
    """A process that has warned of nothing and looked for nothing, with the fonts that matplotlib lists by default."""
    listed = list(fontManager.ttflist)
    fontManager.ttflist = [entry for entry in listed if "mpl-data" in str(entry.fname)]
    for remembered in (_warn_once, list_further_fonts):
        remembered.cache_clear()
    yield
    fontManager.ttflist = listed
    list_further_fonts.cache_clear()


@with_cjk
@pytest.mark.parametrize("text", [JAPANESE, CHINESE, KOREAN])
def test_the_extra_draws_east_asian_words_without_configuration(text: str, tmp_path: Path) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert len(font_families([text])) == len(FontProperties().get_family()) + 1
        for suffix in ("pdf", "png", "svg"):
            figure, ax = bare_figure((4, 2))
            tree_arcs(list(text), [-1] + [0] * (len(text) - 1), ax)
            save_figure(figure, tmp_path / f"tree.{suffix}")
    assert b"/FontFile2" in (tmp_path / "tree.pdf").read_bytes()
    assert "<text" not in (tmp_path / "tree.svg").read_text()


@with_cjk
def test_kana_choose_a_font_with_japanese_shapes_and_other_words_do_not() -> None:
    assert "IPAexGothic" in font_families([JAPANESE])
    assert "IPAexGothic" not in font_families(["中文"])


def test_a_font_installed_since_matplotlib_looked_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    installed = [entry for entry in fontManager.ttflist if "STIXGeneral.ttf" in str(entry.fname)]
    only_there = sorted(characters_of(str(installed[0].fname)) - characters_of(findfont(FontProperties())))[-1]
    fontManager.ttflist = [entry for entry in fontManager.ttflist if entry.name == "DejaVu Sans"]
    monkeypatch.setattr(font_files, "findSystemFonts", lambda: [str(installed[0].fname)])
    assert not covering_families(frozenset(only_there))
    list_further_fonts()
    assert list(covering_families(frozenset(only_there))) == ["STIXGeneral"]


def test_without_any_font_one_warning_names_the_extra_and_svg_stays_text(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(font_files, "_packaged_fonts", set)
    monkeypatch.setattr(font_files, "findSystemFonts", list)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        for number, text in enumerate([JAPANESE, CHINESE, KOREAN]):
            figure, ax = bare_figure((4, 2))
            tree_arcs(list(text), [-1] + [0] * (len(text) - 1), ax)
            save_figure(figure, tmp_path / f"{number}.pdf")
            save_figure(figure, tmp_path / f"{number}.svg")
    glyphs = [str(warning.message) for warning in caught if issubclass(warning.category, MissingGlyphs)]
    assert len(glyphs) == len(caught) == 1
    assert "treeprobe[cjk]" in glyphs[0]
    assert ">猫</text>" in (tmp_path / "0.svg").read_text()


def test_scripts_are_warned_of_one_by_one() -> None:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        for missing in ("猫", "食", "ᎣᏏ", "猫Ꮲ"):
            warn_missing(missing)
    assert [str(warning.message).split(" (")[0].split(" for ")[1] for warning in caught] == [
        "Chinese, Japanese and Korean",
        "Cherokee",
    ]


def test_scripts_of_the_default_font_need_no_other() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert font_families(["naïve", "שלום", "ελληνικά", "кошка"]) == FontProperties().get_family()


def test_characters_that_no_font_has_are_named_with_what_to_install() -> None:
    # Private use: no font of the field has a glyph here.
    with pytest.warns(MissingGlyphs, match="no installed font has glyphs for private use"):
        font_families(["\U0010fffd"])


@pytest.mark.parametrize(
    ("character", "advice"),
    [
        *((character, "fonts-noto-cjk") for character in "猫。「〒￥㈱"),
        ("ภ", "Noto Sans Thai"),
        ("Ꭳ", "Noto Sans Cherokee"),
        ("🙂", "Noto Emoji"),
        ("⸢", "Symbola"),
    ],
)
def test_advice_fits_the_script(character: str, advice: str) -> None:
    with pytest.warns(MissingGlyphs) as caught:
        warn_missing(character)
    assert advice in str(caught[0].message)


def test_fonts_are_added_only_for_characters_that_some_font_has() -> None:
    present = frozenset("abc") & characters_of(findfont(FontProperties()))
    chosen = covering_families(present)
    assert len(chosen) == 1


def test_width_grows_with_the_text_and_the_size() -> None:
    assert 0 == text_width("", fontsize=9) < text_width("i", fontsize=9) < text_width("word", fontsize=9)
    assert text_width("word", fontsize=18) == pytest.approx(2 * text_width("word", fontsize=9), rel=0.05)


def test_a_word_of_dollars_is_as_wide_as_its_characters() -> None:
    assert text_width("$x$", fontsize=9) > text_width("xx", fontsize=9)
