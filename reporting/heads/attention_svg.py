"""The attention of one head over one sentence as a self-contained SVG: no scripts, no fonts, nothing fetched."""

import unicodedata
from collections.abc import Sequence
from xml.sax.saxutils import escape

import numpy as np
from numpy.typing import ArrayLike, NDArray

from treeprobe.parsing.drawing.screen_text import printable
from treeprobe.parsing.drawing.svg import FILE_STYLE
from treeprobe.reporting.heads.attention_lines import MIN_WEIGHT, marked_pairs, word_weights
from treeprobe.reporting.style.palette import BLUE, VERMILLION

_ROW_HEIGHT = 18
_FONTSIZE = 13
_LINES_WIDTH = 150
_PADDING = 8

# Hovering over a query shows its own lines only. This is CSS, not a script, so that a page may forbid scripts.
_STYLE = f"""
{FILE_STYLE}.treeprobe-attention text {{ font: {_FONTSIZE}px system-ui, sans-serif; fill: currentColor; }}
.treeprobe-attention line {{ stroke: {BLUE}; stroke-linecap: round; }}
.treeprobe-attention line.marked {{ stroke: {VERMILLION}; }}
.treeprobe-attention:has(g.query:is(:hover, :focus)) g.query:not(:hover, :focus) line {{ stroke-opacity: 0.04; }}
.treeprobe-attention g.query:is(:hover, :focus) text {{ font-weight: bold; }}
.treeprobe-attention g.query:focus {{ outline: none; }}
"""


def attention_svg(words: Sequence[str], attention: ArrayLike, *, marked: ArrayLike = (), title: str = "") -> str:
    """The attention of one head as an SVG: lines from the query words on the left to the key words on the right.

    The width and opacity of a line show the attention weight, which is also its tooltip; weights below 0.02 are left
    out. Hovering over a query word, or focusing it by keyboard, brings out its lines. Markup in words is escaped.

    Args:
        words: The sentence.
        attention: (words, words), rows are queries.
        marked: (query, key) pairs of words, (pairs, 2), in another colour.
        title: The accessible name of the drawing.

    Returns:
        The text of a complete SVG file, which can also be embedded in a page.

    Raises:
        ValueError: Attention of another shape, or weights that are negative or not finite.
    """
    weights = word_weights(words, attention)
    pairs = marked_pairs(marked)
    side = max(map(_text_width, words), default=0.0) + _PADDING
    width, height = 2 * side + _LINES_WIDTH, len(words) * _ROW_HEIGHT + 2 * _PADDING
    queries = [_query_group(words, weights, query, pairs, side=side) for query in range(len(words))]
    keys = [
        f'<text x="{side + _LINES_WIDTH + 4:.1f}" y="{_baseline(key):.1f}">{escape(printable(word))}</text>'
        for key, word in enumerate(words)
    ]
    name = escape(printable(title or "Attention of one head"))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" class="treeprobe-attention" role="img" '
        f'viewBox="0 0 {width:.0f} {height}" width="{width:.0f}" height="{height}">'
        f"<title>{name}</title><style>{_STYLE}</style>{''.join(queries)}{''.join(keys)}</svg>"
    )


def _query_group(
    words: Sequence[str], weights: NDArray[np.float64], query: int, pairs: set[tuple[int, int]], *, side: float
) -> str:
    """A query word and its lines, the lightest first, so that the heaviest lie on top."""
    lines = []
    for key in np.argsort(weights[query], kind="stable"):
        weight = float(weights[query, key])
        if weight < MIN_WEIGHT:
            continue
        tip = escape(printable(f"{words[query]} → {words[key]}: {weight:.2f}"))
        kind = ' class="marked"' if (query, int(key)) in pairs else ""
        lines.append(
            f'<line{kind} x1="{side:.1f}" y1="{_middle(query):.1f}" '
            f'x2="{side + _LINES_WIDTH:.1f}" y2="{_middle(int(key)):.1f}" '
            f'stroke-width="{0.5 + 3 * weight:.2f}" stroke-opacity="{min(1.0, 0.1 + weight):.2f}">'
            f"<title>{tip}</title></line>"
        )
    word = escape(printable(words[query]))
    label = f'<text x="{side - 4:.1f}" y="{_baseline(query):.1f}" text-anchor="end">{word}</text>'
    return f'<g class="query" tabindex="0">{label}{"".join(lines)}</g>'


def _text_width(word: str) -> float:
    """An upper estimate of the width of a word in pixels, since the font is the reader's choice."""
    return _FONTSIZE * sum(1.0 if unicodedata.east_asian_width(character) in "WF" else 0.64 for character in word)


def _middle(place: int) -> float:
    """The vertical centre of a row, in pixels from the top."""
    return _PADDING + (place + 0.5) * _ROW_HEIGHT


def _baseline(place: int) -> float:
    """The baseline of a row, in pixels from the top."""
    return _middle(place) + 0.36 * _FONTSIZE
