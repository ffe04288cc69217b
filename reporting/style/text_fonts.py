"""Text of any script in figures: fonts with the necessary glyphs, reading direction, width.

Matplotlib 3.11 shapes text itself (Arabic joining, bidirectional reordering). What remains is to choose, among the
installed fonts, families that cover every character, and to report what is missing when none does.
"""

import unicodedata
import warnings
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Any, Literal

from matplotlib.font_manager import FontProperties, fontManager, get_font
from matplotlib.textpath import TextToPath

ReadingDirection = Literal["left-to-right", "right-to-left"]

# Words are data: a "$" or a "\\" in them is a character, never mathematics or TeX.
PLAIN: dict[str, Any] = {"parse_math": False, "usetex": False}

# The first words of Unicode names by which characters of Chinese, Japanese and Korean are recognised.
_CJK = {"CJK", "HIRAGANA", "KATAKANA", "HANGUL", "BOPOMOFO", "IDEOGRAPHIC", "FULLWIDTH", "HALFWIDTH"}


class MissingGlyphs(UserWarning):
    """No installed font has glyphs for some characters of a figure; they are drawn as boxes."""


def font_families(texts: Iterable[str]) -> list[str]:
    """Font families that together cover every character of the texts: matplotlib's default, then as few as possible.

    Pass them as `fontfamily` to any text of matplotlib, which takes each glyph from the first family that has it.

    Warns:
        MissingGlyphs: No installed font covers some character; the message names scripts and fonts to install.
    """
    families = list(FontProperties().get_family())
    missing = _visible(texts) - characters_of(fontManager.findfont(FontProperties()))
    if missing:
        found = covering_families(frozenset(missing))
        families += found
        missing -= frozenset().union(*map(characters_of, found.values()))
    if missing:
        warn_missing(missing)
    return families


def warn_missing(missing: Iterable[str]) -> None:
    """Issue one MissingGlyphs warning for all missing characters.

    It is always attributed to this line, so that Python shows an equal message only once.
    """
    warnings.warn(missing_message(missing), MissingGlyphs, stacklevel=1)


def covering_families(missing: frozenset[str]) -> dict[str, str]:
    """Families, with their files, that together cover as many of the characters as the installed fonts can."""
    fonts = _regular_fonts()
    gains = {family: characters_of(path) & missing for family, path in fonts.items()}
    useful = [family for family in gains if gains[family]]
    left, chosen = set(missing), {}
    while useful and left:
        best = max(useful, key=lambda name: (len(gains[name] & left), _suitability(name, fonts[name], missing), name))
        if not gains[best] & left:
            break
        chosen[best] = fonts[best]
        left -= gains[best]
    return chosen


@lru_cache(maxsize=4096)
def characters_of(path: str) -> frozenset[str]:
    """The characters that a font file covers; none if the file cannot be read."""
    try:
        return frozenset(map(chr, get_font(path).get_charmap()))
    except (RuntimeError, OSError):
        return frozenset()


def missing_message(missing: Iterable[str]) -> str:
    """The text of a MissingGlyphs warning: the missing characters by script, and which fonts to install."""
    scripts = sorted({_script(character) for character in missing})
    shown = " ".join(sorted(missing)[:8])
    packages = {"Noto Sans CJK (Debian: fonts-noto-cjk)" if name == "CJK" else _advice(name) for name in scripts}
    return (
        f"no installed font has glyphs for {len(set(missing))} characters of {', '.join(scripts)} ({shown}); "
        f"they will show as boxes. Install {' and '.join(sorted(packages))}, then run again"
    )


def reading_direction(words: Sequence[str]) -> ReadingDirection:
    """The direction of most words, each by its first strong character (Unicode's bidirectional algorithm, P2)."""
    classes = [[unicodedata.bidirectional(character) for character in word] for word in words]
    strong = [next((kind for kind in word if kind in {"L", "R", "AL"}), "") for word in classes]
    leftward = sum(kind in {"R", "AL"} for kind in strong)
    return "right-to-left" if leftward > strong.count("L") else "left-to-right"


def text_width(text: str, *, fontsize: float, families: Sequence[str] | None = None) -> float:
    """The width of a text in points, `fontsize` in points."""
    if not text:
        return 0.0
    properties = FontProperties(family=list(families) if families else None, size=fontsize)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph .* missing")
        width, _, _ = TextToPath().get_text_width_height_descent(text, properties, ismath=False)
    return float(width)


def _visible(texts: Iterable[str]) -> set[str]:
    """The characters that need a glyph: not spaces, controls, joiners or variation selectors."""
    found = {character for text in texts for character in text}
    return {c for c in found if not c.isspace() and unicodedata.category(c) not in {"Cc", "Cf", "Mn", "Cs", "Cn"}}


def _suitability(family: str, path: str, characters: Iterable[str]) -> tuple[bool, bool, bool, bool]:
    """A sort key for families with the same glyphs: TrueType, proportional, sans-serif and of the language come last.

    Of TrueType and PostScript outlines, matplotlib embeds only the former in a PDF as every viewer expects. Han
    characters differ in shape between Chinese, Japanese and Korean fonts; kana and hangul tell which is meant.
    """
    names = {unicodedata.name(character, "").split(" ")[0] for character in characters}
    region = "JP" if names & {"HIRAGANA", "KATAKANA"} else "KR" if "HANGUL" in names else "SC"
    return _is_truetype(path), "Mono" not in family, "Serif" not in family, family.endswith(region)


def _is_truetype(path: str) -> bool:
    """Whether a font file, or the first face of a collection, has TrueType rather than PostScript outlines."""
    with open(path, "rb") as file:
        head = file.read(16)
        if head[:4] == b"ttcf":
            file.seek(int.from_bytes(head[12:16], "big"))
            head = file.read(4)
    return head[:4] != b"OTTO"


def _regular_fonts() -> dict[str, str]:
    """The file of the upright face nearest to regular weight, for each installed family."""
    faces = sorted(
        (entry for entry in fontManager.ttflist if entry.style == "normal"),
        key=lambda entry: abs(int(entry.weight) - 400) if str(entry.weight).isdigit() else 1000,
    )
    fonts: dict[str, str] = {}
    for entry in faces:
        # "Last Resort" draws a box for every character, so it covers none.
        if not entry.name.startswith("Last Resort"):
            fonts.setdefault(entry.name, entry.fname)
    return fonts


def _advice(script: str) -> str:
    """The font to install for a script, and the Debian package that has it."""
    if script == "symbols":
        return "Noto Emoji or Symbola (Debian: fonts-symbola)"
    if script == "no script":
        return "a font made for these private-use characters"
    return f"Noto Sans {script} (Debian: fonts-noto-core)"


def _script(character: str) -> str:
    """The script of a character, from its Unicode name."""
    if unicodedata.category(character).startswith("S"):
        return "symbols"
    name = unicodedata.name(character, "")
    first = name.split()[0].split("-")[0] if name else "no script"
    return "CJK" if first in _CJK else first.capitalize() if name else first
