"""Trees as arcs over their words in self-contained SVG; words are escaped."""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape as escape_html
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from treeprobe.parsing.drawing.arc_layout import arc_heights, arc_ports
from treeprobe.parsing.trees.edge_comparison import EdgeStatus, compare_edges
from treeprobe.parsing.trees.heads import head_edges

_Style = EdgeStatus | Literal["tree"]

# Colours of Okabe & Ito (2008); the dashes distinguish the kinds without colour.
STYLES: dict[_Style, str] = {
    "tree": "stroke:currentColor",
    "correct": "stroke:#009E73",
    "missed": "stroke:#0072B2;stroke-dasharray:6 3",
    "spurious": "stroke:#D55E00;stroke-dasharray:1.5 2.5;stroke-width:2",
    "unscored": "stroke:#A6A6A6;stroke-width:.9;stroke-dasharray:5 2 1 2",
}
FILE_STYLE = (
    "svg:root{color:#1b1f24;background:#fff}"
    "@media(prefers-color-scheme:dark){svg:root{color:#e6e9ed;background:#14171b}}"
)
"""Style sheet of a drawing that is a file of its own; within a page it applies to nothing, and the page decides."""

_FONT = 15
_LEVEL = 22
_GAP = 14
_MARGIN = 8
_LABEL = 10


@dataclass(frozen=True)
class _Row:
    """Positions of the words in pixels: the centre and half the width of each, and the width of the row.

    `way` is 1 if the words run from left to right, -1 if from right to left.
    """

    centres: NDArray[np.float64]
    halves: NDArray[np.float64]
    width: float
    way: int = 1


def tree_svg(words: Sequence[str], heads: Sequence[int], relations: Sequence[str] | None = None) -> str:
    """A tree above its words, the root in bold; words of a right-to-left script run from right to left.

    Args:
        words: The words.
        heads: The head of each word, words counted from 0; -1 for the root.
        relations: The relation of each word, the label of its arc.

    Returns:
        An SVG document.
    """
    edges = head_edges(heads)
    labels = None if relations is None else [relations[dependent] for _, dependent in edges]
    row = _word_row(words, edges, labels)
    top = _MARGIN + _LABEL + _LEVEL * arc_heights(edges).max(initial=1)
    arcs = _draw_arcs(edges, ["tree"] * len(edges), row, base=top, up=True, labels=labels)
    marks = [*_draw_words(words, row, top + _FONT + 2, roots=[head < 0 for head in heads]), *arcs]
    return _document(marks, row.width, top + _FONT + 2 * _MARGIN, title=" ".join(words))


def comparison_svg(
    words: Sequence[str],
    gold: Sequence[int],
    recovered: Sequence[int],
    *,
    relations: Sequence[str] | None = None,
    scored: Sequence[bool] | None = None,
) -> str:
    """The gold tree above the words and the recovered tree below, compared without the direction of edges.

    Edges of both trees are correct (green, solid), edges of the gold tree alone missed (blue, dashed), edges of the
    recovered tree alone spurious (vermillion, dotted).

    Args:
        words: The words.
        gold: Gold heads, words counted from 0; -1 for the root.
        recovered: Recovered heads.
        relations: The gold relation of each word, the label of its arc.
        scored: Whether each word is scored; edges at other words are thin and grey. All are by default.

    Returns:
        An SVG document.
    """
    above, below = head_edges(gold), head_edges(recovered)
    counted = np.ones(len(words), dtype=bool) if scored is None else np.asarray(scored, dtype=bool)
    labels = None if relations is None else [relations[dependent] for _, dependent in above]
    row = _word_row(words, above, labels)
    top = _MARGIN + _LABEL + _LEVEL * arc_heights(above).max(initial=1)
    floor = top + _FONT + 10
    height = floor + _LEVEL * arc_heights(below).max(initial=1) + _MARGIN
    kinds_above = compare_edges(above, below, other="missed", scored=counted)
    kinds_below = compare_edges(below, above, other="spurious", scored=counted)
    marks = [
        *_draw_words(words, row, top + _FONT + 2),
        *_draw_arcs(above, kinds_above, row, base=top, up=True, labels=labels),
        *_draw_arcs(below, kinds_below, row, base=floor, up=False),
        *_legend(kinds_above, kinds_below, height),
    ]
    return _document(marks, max(row.width, 300), height + _FONT + _MARGIN, title=" ".join(words))


def _escape(text: str) -> str:
    """Text without markup that an XML parser would interpret."""
    return escape_html(printable(text))


def printable(text: str) -> str:
    """The text with U+FFFD for every character that XML forbids even when escaped."""
    return re.sub("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]", "\ufffd", text)


def _word_row(words: Sequence[str], edges: NDArray[np.int64], labels: Sequence[str] | None) -> _Row:
    """Words side by side, far enough apart for the labels of arcs between neighbours."""
    widths = np.array([_text_width(word, _FONT) for word in words])
    gaps = np.full(len(words), float(_GAP))
    for (head, dependent), label in zip(edges.tolist(), labels or [], strict=False):
        left, right = sorted((head, dependent))
        if right == left + 1:
            between = (widths[left] + widths[right]) / 2
            gaps[left] = max(gaps[left], _text_width(label, _LABEL) + 12 - between)
    starts = _MARGIN + np.concatenate([[0.0], np.cumsum(widths + gaps)[:-1]])
    centres, width = starts + widths / 2, float((starts + widths).max(initial=0.0) + _MARGIN)
    if _runs_leftward(words):
        return _Row(width - centres, widths / 2, width, way=-1)
    return _Row(centres, widths / 2, width)


def _runs_leftward(words: Sequence[str]) -> bool:
    """Whether most letters belong to a script that is written from right to left."""
    kinds = [unicodedata.bidirectional(character) for character in "".join(words)]
    return sum(kind in ("R", "AL") for kind in kinds) > kinds.count("L")


def _text_width(text: str, size: float) -> float:
    """Approximate width of a text in pixels: 1 em for wide East Asian characters, 0.58 em for others."""
    ems = [
        1.0 if unicodedata.east_asian_width(character) in "WF" else 0.0 if unicodedata.combining(character) else 0.58
        for character in text
    ]
    return max(size * 0.6, size * sum(ems))


def _draw_words(words: Sequence[str], row: _Row, baseline: float, *, roots: Sequence[bool] = ()) -> list[str]:
    """The words, roots in bold."""
    bold = [' font-weight="bold"' if root else "" for root in roots] or [""] * len(words)
    return [
        f'<text x="{x:.1f}" y="{baseline:.1f}" text-anchor="middle" font-size="{_FONT}"{weight}>{_escape(word)}</text>'
        for word, x, weight in zip(words, row.centres, bold, strict=True)
    ]


def _draw_arcs(
    edges: NDArray[np.int64],
    kinds: Sequence[_Style],
    row: _Row,
    *,
    base: float,
    up: bool,
    labels: Sequence[str] | None = None,
) -> list[str]:
    """Arcs with rounded corners, an arrowhead at the dependent, and labels if given."""
    sign = -1 if up else 1
    marks = []
    for number, (pair, port, level, kind) in enumerate(zip(edges, arc_ports(edges), arc_heights(edges), kinds)):
        ends = row.centres[pair] + row.way * port * row.halves[pair] * 0.8
        top, bend = base + sign * _LEVEL * level, min(8.0, abs(ends[1] - ends[0]) / 2)
        way = bend if ends[1] > ends[0] else -bend
        path = (
            f"M{ends[0]:.1f} {base:.1f}V{top - sign * bend:.1f}Q{ends[0]:.1f} {top:.1f} {ends[0] + way:.1f} {top:.1f}"
            f"H{ends[1] - way:.1f}Q{ends[1]:.1f} {top:.1f} {ends[1]:.1f} {top - sign * bend:.1f}V{base:.1f}"
        )
        tip = (
            f"M{ends[1] - 3:.1f} {base + sign * 6:.1f}L{ends[1]:.1f} {base:.1f}L{ends[1] + 3:.1f} {base + sign * 6:.1f}"
        )
        marks.append(f'<path class="{kind}" style="{STYLES[kind]}" d="{path}"/>')
        marks.append(f'<path style="{STYLES[kind]};stroke-dasharray:none" d="{tip}"/>')
        if labels is not None:
            marks.append(
                f'<text x="{ends.mean():.1f}" y="{top - 3:.1f}" text-anchor="middle" font-size="{_LABEL}" opacity=".8">'
                f"{_escape(labels[number])}</text>"
            )
    return marks


def _legend(above: Sequence[EdgeStatus], below: Sequence[EdgeStatus], y: float) -> list[str]:
    """A sample line for each kind of edge, with the number of such edges."""
    counts: dict[EdgeStatus, int] = {
        "correct": list(above).count("correct"),
        "missed": list(above).count("missed"),
        "spurious": list(below).count("spurious"),
    }
    marks = []
    for place, (kind, count) in enumerate(counts.items()):
        x = _MARGIN + place * 98
        marks.append(f'<path style="{STYLES[kind]}" d="M{x} {y + 8}h20"/>')
        marks.append(f'<text x="{x + 24}" y="{y + 12}" font-size="{_LABEL + 1}">{count} {kind}</text>')
    return marks


def _document(marks: Sequence[str], width: float, height: float, *, title: str) -> str:
    """The marks as one SVG image; the title is for screen readers."""
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width:.0f}" height="{height:.0f}" '
        f'viewBox="0 0 {width:.0f} {height:.0f}" role="img" font-family="system-ui, Helvetica, Arial, sans-serif" '
        f'fill="currentColor"><title>{_escape(title)}</title><style>{FILE_STYLE}</style>'
        '<g fill="none" stroke-width="1.4">'
        + "".join(mark for mark in marks if mark.startswith("<path"))
        + "</g>"
        + "".join(mark for mark in marks if not mark.startswith("<path"))
        + "</svg>"
    )
