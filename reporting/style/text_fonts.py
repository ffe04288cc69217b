"""Words of any script in figures: fonts that hold their glyphs, the direction they are read in, their width.

Matplotlib 3.11 shapes text (Arabic joins, right-to-left runs are reordered), so all that is left to do is to find,
among the installed fonts, families that hold every character, and to say clearly what is missing when none does.
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

# Unicode names of characters begin with their script; these go by another name in fonts.
CJK = {"CJK", "HIRAGANA", "KATAKANA", "HANGUL", "BOPOMOFO", "IDEOGRAPHIC", "FULLWIDTH", "HALFWIDTH"}


class MissingGlyphs(UserWarning):
    """No installed font holds some characters of a figure: they show as boxes until one is installed."""


def font_families(texts: Iterable[str]) -> list[str]:
    """The families that hold every character of the texts: matplotlib's own choice first, then as few as will do.

    Pass them as `fontfamily` to any text of matplotlib, which takes each glyph from the first family that has it.
    Warns with MissingGlyphs, naming scripts and what to install, when some character is in no installed font.
    """
    families = list(FontProperties().get_family())
    missing = visible(texts) - characters_of(fontManager.findfont(FontProperties()))
    if missing:
        found = covering(frozenset(missing))
        families += found
        missing -= frozenset().union(*map(characters_of, found.values()))
    if missing:
        warn_missing(missing)
    return families


def warn_missing(missing: Iterable[str]) -> None:
    """Warn once with all that is missing; always from this line, so that Python shows an equal message only once."""
    warnings.warn(missing_message(missing), MissingGlyphs, stacklevel=1)


def visible(texts: Iterable[str]) -> set[str]:
    """The characters that need a glyph: no spaces, controls, joiners or variation selectors."""
    found = {character for text in texts for character in text}
    return {c for c in found if not c.isspace() and unicodedata.category(c) not in {"Cc", "Cf", "Mn", "Cs", "Cn"}}


def covering(missing: frozenset[str]) -> dict[str, str]:
    """Families that together hold as many of the characters as any installed ones do, with their files."""
    fonts = regular_fonts()
    gains = {family: characters_of(path) & missing for family, path in fonts.items()}
    useful = [family for family in gains if gains[family]]
    left, chosen = set(missing), {}
    while useful and left:
        best = max(useful, key=lambda name: (len(gains[name] & left), plainness(name, fonts[name], missing), name))
        if not gains[best] & left:
            break
        chosen[best] = fonts[best]
        left -= gains[best]
    return chosen


def plainness(family: str, path: str, characters: Iterable[str]) -> tuple[bool, bool, bool, bool]:
    """Which of two families with the same glyphs suits a figure better: proportional, sans-serif, of the language.

    TrueType outlines come first, since matplotlib embeds only those in a PDF as every viewer expects. Han characters
    are drawn differently in Chinese, Japanese and Korean fonts; kana and hangul tell which is meant.
    """
    names = {unicodedata.name(character, "").split(" ")[0] for character in characters}
    region = "JP" if names & {"HIRAGANA", "KATAKANA"} else "KR" if "HANGUL" in names else "SC"
    return truetype(path), "Mono" not in family, "Serif" not in family, family.endswith(region)


def truetype(path: str) -> bool:
    """Whether a font file, or the first face of a collection, has TrueType outlines rather than PostScript ones."""
    with open(path, "rb") as file:
        head = file.read(16)
        if head[:4] == b"ttcf":
            file.seek(int.from_bytes(head[12:16], "big"))
            head = file.read(4)
    return head[:4] != b"OTTO"


def regular_fonts() -> dict[str, str]:
    """The file of the upright regular face of each installed family that matplotlib can draw."""
    faces = sorted(
        (entry for entry in fontManager.ttflist if entry.style == "normal"),
        key=lambda entry: abs(int(entry.weight) - 400) if str(entry.weight).isdigit() else 1000,
    )
    fonts: dict[str, str] = {}
    for entry in faces:
        # "Last Resort" draws a box for every character: to match it is to miss the glyph.
        if not entry.name.startswith("Last Resort"):
            fonts.setdefault(entry.name, entry.fname)
    return fonts


@lru_cache(maxsize=4096)
def characters_of(path: str) -> frozenset[str]:
    """The characters that a font file holds; none for a file that cannot be read."""
    try:
        return frozenset(map(chr, get_font(path).get_charmap()))
    except (RuntimeError, OSError):
        return frozenset()


def missing_message(missing: Iterable[str]) -> str:
    """What is missing, by script, and what to install."""
    scripts = sorted({script(character) for character in missing})
    shown = " ".join(sorted(missing)[:8])
    packages = {"Noto Sans CJK (Debian: fonts-noto-cjk)" if name == "CJK" else noto(name) for name in scripts}
    return (
        f"no installed font has glyphs for {len(set(missing))} characters of {', '.join(scripts)} ({shown}); "
        f"they will show as boxes. Install {' and '.join(sorted(packages))}, then run again"
    )


def noto(name: str) -> str:
    """The font to install for a script, and the Debian package that has it."""
    if name == "symbols":
        return "Noto Emoji or Symbola (Debian: fonts-symbola)"
    if name == "no script":
        return "the font that these characters were made for"
    return f"Noto Sans {name} (Debian: fonts-noto-core)"


def script(character: str) -> str:
    """The script of a character, from its Unicode name."""
    if unicodedata.category(character).startswith("S"):
        return "symbols"
    name = unicodedata.name(character, "")
    first = name.split()[0].split("-")[0] if name else "no script"
    return "CJK" if first in CJK else first.capitalize() if name else first


def reading_direction(words: Sequence[str]) -> ReadingDirection:
    """The direction of most words, each by its first letter that has one (Unicode's rule P2)."""
    classes = [[unicodedata.bidirectional(character) for character in word] for word in words]
    strong = [next((kind for kind in word if kind in {"L", "R", "AL"}), "") for word in classes]
    leftward = sum(kind in {"R", "AL"} for kind in strong)
    return "right-to-left" if leftward > strong.count("L") else "left-to-right"


def text_width(text: str, *, size: float, families: Sequence[str] | None = None) -> float:
    """The width of a text in points at a font size in points."""
    if not text:
        return 0.0
    properties = FontProperties(family=list(families) if families else None, size=size)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph .* missing")
        width, _, _ = TextToPath().get_text_width_height_descent(text, properties, ismath=False)
    return float(width)
