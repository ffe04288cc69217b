"""The fonts that figures can use: those that matplotlib lists, those installed since, and those of the extra `cjk`."""

import unicodedata
from collections.abc import Iterable
from functools import cache, lru_cache
from importlib.util import find_spec
from pathlib import Path

from matplotlib.font_manager import findSystemFonts, fontManager, get_font

# Packages of the extra `cjk`, none of which is imported: only their font files are read.
_FONT_PACKAGES = ("matplotlib_fontja", "paperang_p2_fonts_cjk")

# How the names of families for a language end or begin. Han characters differ in shape between languages.
_REGIONS = {"Japanese": ("JP", "IPAex"), "Korean": ("KR", "Nanum"), "Chinese": ("SC", "WenQuanYi")}


@cache
def list_further_fonts() -> None:
    """Add to matplotlib's list the fonts of the extra `cjk` and those installed since it was made, once a process.

    Matplotlib keeps its list in a file between processes and does not notice fonts that are installed later.
    """
    listed = {entry.fname for entry in fontManager.ttflist}
    for path in sorted({*_packaged_fonts(), *findSystemFonts()} - listed):
        # A broken font file is no reason to fail: without it its characters are reported as missing.
        try:
            fontManager.addfont(path)
        except (RuntimeError, OSError, ValueError):
            continue


def covering_families(missing: frozenset[str]) -> dict[str, str]:
    """Families, with their files, that together cover as many of the characters as the listed fonts can."""
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


def covered(characters: frozenset[str]) -> bool:
    """Whether the listed fonts together cover all of some characters."""
    return not characters - frozenset().union(*map(characters_of, covering_families(characters).values()))


@lru_cache(maxsize=4096)
def characters_of(path: str) -> frozenset[str]:
    """The characters that a font file covers; none if the file cannot be read."""
    try:
        return frozenset(map(chr, get_font(path).get_charmap()))
    except (RuntimeError, OSError):
        return frozenset()


def _packaged_fonts() -> set[str]:
    """The font files of those packages of the extra that are installed."""
    specs = [find_spec(package) for package in _FONT_PACKAGES]
    folders = [folder for spec in specs if spec is not None for folder in spec.submodule_search_locations or ()]
    return {str(path) for folder in folders for path in (Path(folder) / "fonts").glob("*.tt[fc]")}


def _suitability(family: str, path: str, characters: Iterable[str]) -> tuple[bool, bool, bool, bool]:
    """A sort key for families with the same glyphs: TrueType, proportional, sans-serif and of the language come last.

    Of TrueType and PostScript outlines, matplotlib embeds only the former in a PDF as every viewer expects. Kana and
    hangul show which language's shapes of Han characters are meant.
    """
    names = {unicodedata.name(character, "").split(" ")[0] for character in characters}
    language = "Japanese" if names & {"HIRAGANA", "KATAKANA"} else "Korean" if "HANGUL" in names else "Chinese"
    own = family.endswith(_REGIONS[language]) or family.startswith(_REGIONS[language])
    return _is_truetype(path), "Mono" not in family, "Serif" not in family, own


def _is_truetype(path: str) -> bool:
    """Whether a font file, or the first face of a collection, has TrueType rather than PostScript outlines."""
    with open(path, "rb") as file:
        head = file.read(16)
        if head[:4] == b"ttcf":
            file.seek(int.from_bytes(head[12:16], "big"))
            head = file.read(4)
    return head[:4] != b"OTTO"


def _regular_fonts() -> dict[str, str]:
    """The file of the upright face nearest to regular weight, for each listed family."""
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
