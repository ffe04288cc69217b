"""Words of any script: fonts that have them, the side from which they are read, and a plain word when none does."""

import warnings

import pytest
from matplotlib.font_manager import FontProperties, findfont

from treeprobe.reporting import MissingGlyphs, font_families
from treeprobe.reporting.style.text_fonts import (
    characters_of,
    covering_families,
    missing_message,
    reading_direction,
    text_width,
)


def test_scripts_of_the_default_font_need_no_other() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert font_families(["naïve", "שלום", "ελληνικά", "кошка"]) == FontProperties().get_family()


def test_characters_that_no_font_has_are_named_with_what_to_install() -> None:
    # Private use: no font of the field has a glyph here.
    with pytest.warns(MissingGlyphs, match="no installed font has glyphs for 1 characters"):
        font_families(["\U0010fffd"])


@pytest.mark.parametrize(
    ("text", "advice"), [("猫", "fonts-noto-cjk"), ("ภาษา", "Noto Sans Thai"), ("ᎣᏏᏲ", "Cherokee"), ("🙂", "Emoji")]
)
def test_advice_fits_the_script(text: str, advice: str) -> None:
    assert advice in missing_message(text)


def test_fonts_are_added_only_for_characters_that_some_font_has() -> None:
    present = frozenset("abc") & characters_of(findfont(FontProperties()))
    chosen = covering_families(present)
    assert len(chosen) == 1


@pytest.mark.parametrize(
    ("words", "direction"),
    [
        (("The", "cat", "."), "left-to-right"),
        (("القط", "نائم", "."), "right-to-left"),
        (("הוא", "קנה", "iPhone"), "right-to-left"),
        (("1984", "."), "left-to-right"),
        (("猫", "が"), "left-to-right"),
    ],
)
def test_reading_direction(words: tuple[str, ...], direction: str) -> None:
    assert reading_direction(words) == direction


def test_width_grows_with_the_text_and_the_size() -> None:
    assert 0 == text_width("", fontsize=9) < text_width("i", fontsize=9) < text_width("word", fontsize=9)
    assert text_width("word", fontsize=18) == pytest.approx(2 * text_width("word", fontsize=9), rel=0.05)


def test_a_word_of_dollars_is_as_wide_as_its_characters() -> None:
    assert text_width("$x$", fontsize=9) > text_width("xx", fontsize=9)
