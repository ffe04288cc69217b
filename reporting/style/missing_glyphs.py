"""Characters that no font has: one warning for each script and process, which says what to install."""

import re
import unicodedata
import warnings
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache

# The first words of Unicode names by which characters of Chinese, Japanese and Korean are recognised.
_CJK = {"CJK", "HIRAGANA", "KATAKANA", "HANGUL", "BOPOMOFO", "IDEOGRAPHIC", "FULLWIDTH", "HALFWIDTH"}
# Blocks of their punctuation and symbols, whose names say nothing of it: 「 is "left corner bracket".
_CJK_BLOCKS = ((0x3000, 0x303F), (0x3200, 0x33FF), (0xFE30, 0xFE4F), (0xFF00, 0xFFEF))
# General punctuation, of no script.
_PUNCTUATION_BLOCKS = ((0x2000, 0x206F), (0x2E00, 0x2E7F))
_MISSING_GLYPH = re.compile(r"Glyph (\d+) ")


class MissingGlyphs(UserWarning):
    """No installed font has glyphs for some characters of a figure; they are drawn as boxes in PDF and PNG files."""


@dataclass(frozen=True)
class _Gap:
    """A script without a font, and the characters by which it was noticed, which do not make it another gap."""

    script: str
    characters: frozenset[str] = field(compare=False)


def warn_missing(missing: Iterable[str]) -> None:
    """Issue a MissingGlyphs warning for each script of the characters that this process has not been warned of."""
    by_script: dict[str, set[str]] = {}
    for character in missing:
        by_script.setdefault(_script(character), set()).add(character)
    for script, characters in sorted(by_script.items()):
        _warn_once(_Gap(script, frozenset(characters)))


@contextmanager
def one_warning_for_all_glyphs() -> Iterator[set[str]]:
    """Replace matplotlib's warnings, one for each missing glyph, by `warn_missing`; pass on all others.

    Yields:
        A set, filled on leaving with the characters for which no glyph was found.
    """
    missing: set[str] = set()
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        yield missing
    for warning in caught:
        if match := _MISSING_GLYPH.match(str(warning.message)):
            missing.add(chr(int(match[1])))
        else:
            warnings.warn_explicit(warning.message, warning.category, warning.filename, warning.lineno)
    warn_missing(missing)


def _message(script: str, characters: Iterable[str]) -> str:
    """The text of a MissingGlyphs warning: the script, some of its characters, and what to install."""
    shown = " ".join(sorted(characters)[:8])
    return (
        f"no installed font has glyphs for {script} ({shown}): such characters will show as boxes in PDF and PNG "
        f"files. Install {_advice(script)}, then run again"
    )


@cache
def _warn_once(gap: _Gap) -> None:
    """Warn of a script; later calls for the same script do nothing.

    Python's own record of what it has shown is lost whenever filters change, as they do around every drawing.
    """
    warnings.warn(_message(gap.script, gap.characters), MissingGlyphs, stacklevel=1)


def _advice(script: str) -> str:
    """What to install for a script: the extra that brings fonts, or a font and the Debian package that has it."""
    if script == "Chinese, Japanese and Korean":
        return "fonts with: pip install 'treeprobe[cjk]' (or Noto Sans CJK, Debian: fonts-noto-cjk)"
    if script == "symbols":
        return "Noto Emoji or Symbola (Debian: fonts-symbola)"
    if script == "private use":
        return "a font made for these private-use characters"
    return f"Noto Sans {script} (Debian: fonts-noto-core)"


def _script(character: str) -> str:
    """The script of a character, from its block or its Unicode name."""
    if _within(character, _CJK_BLOCKS):
        return "Chinese, Japanese and Korean"
    if unicodedata.category(character).startswith("S") or _within(character, _PUNCTUATION_BLOCKS):
        return "symbols"
    name = unicodedata.name(character, "")
    first = name.split()[0].split("-")[0] if name else ""
    return "Chinese, Japanese and Korean" if first in _CJK else first.capitalize() or "private use"


def _within(character: str, blocks: Iterable[tuple[int, int]]) -> bool:
    return any(first <= ord(character) <= last for first, last in blocks)
