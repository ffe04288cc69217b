"""Text of any script in figures: fonts with the necessary glyphs, reading direction, width.

Matplotlib 3.11 shapes text itself (Arabic joining, bidirectional reordering). What remains is to choose, among the
installed fonts, families that cover every character, and to report what is missing when none does.
"""

import unicodedata
import warnings
from collections.abc import Iterable, Sequence
from typing import Any

from matplotlib.font_manager import FontProperties, fontManager
from matplotlib.textpath import TextToPath

from treeprobe.reporting.style.font_files import characters_of, covering_families, list_further_fonts
from treeprobe.reporting.style.missing_glyphs import warn_missing

# Words are data: a "$" or a "\\" in them is a character, never mathematics or TeX.
PLAIN: dict[str, Any] = {"parse_math": False, "usetex": False}


def font_families(texts: Iterable[str]) -> list[str]:
    """Font families that together cover every character of the texts: matplotlib's default, then as few as possible.

    Pass them as `fontfamily` to any text of matplotlib, which takes each glyph from the first family that has it.

    Fonts of the extra `cjk`, and those installed since matplotlib listed its fonts, are found too.

    Warns:
        MissingGlyphs: No installed font covers some character; once a process for each script, with what to install.
    """
    default = list(FontProperties().get_family())
    needed = frozenset(_visible(texts) - characters_of(fontManager.findfont(FontProperties())))
    if not needed:
        return default
    found, missing = _cover(needed)
    if missing:
        list_further_fonts()
        found, missing = _cover(needed)
    warn_missing(missing)
    return default + found


def text_width(text: str, *, fontsize: float, families: Sequence[str] | None = None) -> float:
    """The width of a text in points, `fontsize` in points."""
    if not text:
        return 0.0
    properties = FontProperties(family=list(families) if families else None, size=fontsize)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph .* missing")
        width, _, _ = TextToPath().get_text_width_height_descent(text, properties, ismath=False)
    return float(width)


def _cover(needed: frozenset[str]) -> tuple[list[str], frozenset[str]]:
    """Families that cover the characters as far as the listed fonts can, and the characters that none has."""
    found = covering_families(needed)
    return list(found), needed.difference(*map(characters_of, found.values()))


def _visible(texts: Iterable[str]) -> set[str]:
    """The characters that need a glyph: not spaces, controls, joiners or variation selectors."""
    found = {character for text in texts for character in text}
    return {c for c in found if not c.isspace() and unicodedata.category(c) not in {"Cc", "Cf", "Mn", "Cs", "Cn"}}
