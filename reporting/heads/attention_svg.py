"""The attention of one head over one sentence as one self-contained SVG: no scripts, no fonts, nothing fetched."""

import unicodedata
from collections.abc import Sequence
from xml.sax.saxutils import escape

import numpy as np
from numpy.typing import ArrayLike, NDArray

from treeprobe.parsing.drawing.svg import printable
from treeprobe.reporting.heads.attention_lines import FAINTEST, marked_pairs, word_weights
from treeprobe.reporting.style.palette import BLUE, VERMILLION

ROW = 18
SIZE = 13
MIDDLE = 150
PADDING = 8

# Pointing at a word shows its own lines only: rules, not a script, so that a page may forbid scripts.
STYLE = f"""
.treeprobe-attention text {{ font: {SIZE}px system-ui, sans-serif; fill: currentColor; }}
.treeprobe-attention line {{ stroke: {BLUE}; stroke-linecap: round; }}
.treeprobe-attention line.marked {{ stroke: {VERMILLION}; }}
.treeprobe-attention:has(g.query:is(:hover, :focus)) g.query:not(:hover, :focus) line {{ stroke-opacity: 0.04; }}
.treeprobe-attention g.query:is(:hover, :focus) text {{ font-weight: bold; }}
.treeprobe-attention g.query:focus {{ outline: none; }}
"""


def attention_svg(words: Sequence[str], attention: ArrayLike, *, marked: ArrayLike = (), title: str = "") -> str:
    """Words on the left attend to words on the right, as lines as heavy as the weight; markup in words is only shown.

    `attention` is (words, words), rows query; `marked` are (query, key) pairs, (pairs, 2), in another colour. The
    string stands alone as a file and can be put into a page; pointing at a word, or reaching it by keyboard, brings
    out its lines, and each line's tooltip says its weight.
    """
    weights = word_weights(words, attention)
    pairs = marked_pairs(marked)
    side = max(map(room_for, words), default=0.0) + PADDING
    width, height = 2 * side + MIDDLE, len(words) * ROW + 2 * PADDING
    queries = [query_group(words, weights, query, pairs, side=side) for query in range(len(words))]
    keys = [
        f'<text x="{side + MIDDLE + 4:.1f}" y="{baseline(key):.1f}">{escape(printable(word))}</text>'
        for key, word in enumerate(words)
    ]
    name = escape(printable(title or "Attention of one head"))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" class="treeprobe-attention" role="img" '
        f'viewBox="0 0 {width:.0f} {height}" width="{width:.0f}" height="{height}">'
        f"<title>{name}</title><style>{STYLE}</style>{''.join(queries)}{''.join(keys)}</svg>"
    )


def query_group(
    words: Sequence[str], weights: NDArray[np.float64], query: int, pairs: set[tuple[int, int]], *, side: float
) -> str:
    """One word on the left with the lines that leave it, the lightest first so that the heaviest lie on top."""
    lines = []
    for key in np.argsort(weights[query], kind="stable"):
        weight = float(weights[query, key])
        if weight < FAINTEST:
            continue
        tip = escape(printable(f"{words[query]} → {words[key]}: {weight:.2f}"))
        kind = ' class="marked"' if (query, int(key)) in pairs else ""
        lines.append(
            f'<line{kind} x1="{side:.1f}" y1="{middle(query):.1f}" '
            f'x2="{side + MIDDLE:.1f}" y2="{middle(int(key)):.1f}" '
            f'stroke-width="{0.5 + 3 * weight:.2f}" stroke-opacity="{min(1.0, 0.1 + weight):.2f}">'
            f"<title>{tip}</title></line>"
        )
    word = escape(printable(words[query]))
    label = f'<text x="{side - 4:.1f}" y="{baseline(query):.1f}" text-anchor="end">{word}</text>'
    return f'<g class="query" tabindex="0">{label}{"".join(lines)}</g>'


def room_for(word: str) -> float:
    """Pixels for a word in whatever font the reader has: whole squares for East Asian characters, wide letters else."""
    return SIZE * sum(1.0 if unicodedata.east_asian_width(character) in "WF" else 0.64 for character in word)


def middle(place: int) -> float:
    """The height of the middle of a row, in pixels from the top."""
    return PADDING + (place + 0.5) * ROW


def baseline(place: int) -> float:
    """The height on which the letters of a row stand, in pixels from the top."""
    return middle(place) + 0.36 * SIZE
