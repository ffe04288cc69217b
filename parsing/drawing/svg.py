"""A tree, or a gold and a recovered one, as arcs over words in self-contained SVG. Words are data and are escaped."""

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

Style = EdgeStatus | Literal["tree"]

# Okabe & Ito (2008); the dashes tell the kinds apart without colour.
STYLES: dict[Style, str] = {
    "tree": "stroke:currentColor",
    "correct": "stroke:#009E73",
    "missed": "stroke:#0072B2;stroke-dasharray:6 3",
    "spurious": "stroke:#D55E00;stroke-dasharray:1.5 2.5;stroke-width:2",
    "unscored": "stroke:#767676;stroke-width:.7",
}
FONT = 15
LEVEL = 22
GAP = 14
MARGIN = 8
LABEL = 10


@dataclass(frozen=True)
class Row:
    """Where the words stand: the middle and half the width of each, and the whole width, in pixels.

    `way` is 1 where words run to the right, -1 where they run to the left.
    """

    centres: NDArray[np.float64]
    halves: NDArray[np.float64]
    width: float
    way: int = 1


def tree_svg(words: Sequence[str], heads: Sequence[int], relations: Sequence[str] | None = None) -> str:
    """One tree above its words, the root in bold, arcs labelled by `relations`.

    `heads` are numbered from 0, the root's is -1. Words of a right-to-left script run from the right.
    """
    edges = head_edges(heads)
    labels = None if relations is None else [relations[dependent] for _, dependent in edges]
    row = word_row(words, edges, labels)
    top = MARGIN + LABEL + LEVEL * arc_heights(edges).max(initial=1)
    arcs = draw_arcs(edges, ["tree"] * len(edges), row, base=top, up=True, labels=labels)
    marks = [*draw_words(words, row, top + FONT + 2, roots=[head < 0 for head in heads]), *arcs]
    return document(marks, row.width, top + FONT + 2 * MARGIN, title=" ".join(words))


def comparison_svg(
    words: Sequence[str],
    gold: Sequence[int],
    recovered: Sequence[int],
    *,
    relations: Sequence[str] | None = None,
    scored: Sequence[bool] | None = None,
) -> str:
    """The gold tree above the words and the recovered one below; both by heads, compared without direction.

    Edges of both are correct (green, solid), gold ones not recovered missed (blue, dashed), recovered ones that are
    not gold spurious (vermillion, dotted); edges at a word that is not `scored` are thin and grey.
    """
    above, below = head_edges(gold), head_edges(recovered)
    counted = np.ones(len(words), dtype=bool) if scored is None else np.asarray(scored, dtype=bool)
    labels = None if relations is None else [relations[dependent] for _, dependent in above]
    row = word_row(words, above, labels)
    top = MARGIN + LABEL + LEVEL * arc_heights(above).max(initial=1)
    floor = top + FONT + 10
    height = floor + LEVEL * arc_heights(below).max(initial=1) + MARGIN
    kinds_above = compare_edges(above, below, other="missed", scored=counted)
    kinds_below = compare_edges(below, above, other="spurious", scored=counted)
    marks = [
        *draw_words(words, row, top + FONT + 2),
        *draw_arcs(above, kinds_above, row, base=top, up=True, labels=labels),
        *draw_arcs(below, kinds_below, row, base=floor, up=False),
        *legend(kinds_above, kinds_below, height),
    ]
    return document(marks, max(row.width, 300), height + FONT + MARGIN, title=" ".join(words))


def escape(text: str) -> str:
    """Text that an XML parser takes for text."""
    return escape_html(printable(text))


def printable(text: str) -> str:
    """The text with each character that XML forbids, even escaped, shown as replaced."""
    return re.sub("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]", "\ufffd", text)


def word_row(words: Sequence[str], edges: NDArray[np.int64], labels: Sequence[str] | None) -> Row:
    """Words side by side, with room for the label of an arc between neighbours."""
    widths = np.array([text_width(word, FONT) for word in words])
    gaps = np.full(len(words), float(GAP))
    for (head, dependent), label in zip(edges.tolist(), labels or [], strict=False):
        left, right = sorted((head, dependent))
        if right == left + 1:
            between = (widths[left] + widths[right]) / 2
            gaps[left] = max(gaps[left], text_width(label, LABEL) + 12 - between)
    starts = MARGIN + np.concatenate([[0.0], np.cumsum(widths + gaps)[:-1]])
    centres, width = starts + widths / 2, float((starts + widths).max(initial=0.0) + MARGIN)
    if runs_leftward(words):
        return Row(width - centres, widths / 2, width, way=-1)
    return Row(centres, widths / 2, width)


def runs_leftward(words: Sequence[str]) -> bool:
    """Whether most letters belong to a script that is written from right to left."""
    kinds = [unicodedata.bidirectional(character) for character in "".join(words)]
    return sum(kind in ("R", "AL") for kind in kinds) > kinds.count("L")


def text_width(text: str, size: float) -> float:
    """About how many pixels wide a text is: East Asian wide characters take a whole em, others a bit over half."""
    ems = [
        1.0 if unicodedata.east_asian_width(character) in "WF" else 0.0 if unicodedata.combining(character) else 0.58
        for character in text
    ]
    return max(size * 0.6, size * sum(ems))


def draw_words(words: Sequence[str], row: Row, baseline: float, *, roots: Sequence[bool] = ()) -> list[str]:
    """The words themselves, those that are roots in bold."""
    bold = [' font-weight="bold"' if root else "" for root in roots] or [""] * len(words)
    return [
        f'<text x="{x:.1f}" y="{baseline:.1f}" text-anchor="middle" font-size="{FONT}"{weight}>{escape(word)}</text>'
        for word, x, weight in zip(words, row.centres, bold, strict=True)
    ]


def draw_arcs(
    edges: NDArray[np.int64],
    kinds: Sequence[Style],
    row: Row,
    *,
    base: float,
    up: bool,
    labels: Sequence[str] | None = None,
) -> list[str]:
    """Arcs with rounded corners, an arrow at the dependent, and labels where they are given."""
    sign = -1 if up else 1
    marks = []
    for number, (pair, port, level, kind) in enumerate(zip(edges, arc_ports(edges), arc_heights(edges), kinds)):
        ends = row.centres[pair] + row.way * port * row.halves[pair] * 0.8
        top, bend = base + sign * LEVEL * level, min(8.0, abs(ends[1] - ends[0]) / 2)
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
                f'<text x="{ends.mean():.1f}" y="{top - 3:.1f}" text-anchor="middle" font-size="{LABEL}" opacity=".8">'
                f"{escape(labels[number])}</text>"
            )
    return marks


def legend(above: Sequence[EdgeStatus], below: Sequence[EdgeStatus], y: float) -> list[str]:
    """A line of each kind with its count."""
    counts: dict[EdgeStatus, int] = {
        "correct": list(above).count("correct"),
        "missed": list(above).count("missed"),
        "spurious": list(below).count("spurious"),
    }
    marks = []
    for place, (kind, count) in enumerate(counts.items()):
        x = MARGIN + place * 98
        marks.append(f'<path style="{STYLES[kind]}" d="M{x} {y + 8}h20"/>')
        marks.append(f'<text x="{x + 24}" y="{y + 12}" font-size="{LABEL + 1}">{count} {kind}</text>')
    return marks


def document(marks: Sequence[str], width: float, height: float, *, title: str) -> str:
    """The marks as one SVG image, with a title for those who cannot see it."""
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width:.0f}" height="{height:.0f}" '
        f'viewBox="0 0 {width:.0f} {height:.0f}" role="img" font-family="system-ui, Helvetica, Arial, sans-serif" '
        f'fill="currentColor"><title>{escape(title)}</title><g fill="none" stroke-width="1.4">'
        + "".join(mark for mark in marks if mark.startswith("<path"))
        + "</g>"
        + "".join(mark for mark in marks if not mark.startswith("<path"))
        + "</svg>"
    )
