"""Trees as arcs over their words in self-contained SVG; words are escaped."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape as escape_html

import numpy as np
from numpy.typing import NDArray

from treeprobe.parsing.drawing.arc_layout import (
    Arc,
    ArcKind,
    Row,
    arc_path,
    arc_tip,
    head_marks,
    lay_out_arcs,
    space_words,
)
from treeprobe.parsing.drawing.kinds import comparison_kinds, edge_counts, shown_labels, tree_kinds
from treeprobe.parsing.drawing.screen_text import printable, reading_direction, screen_width

# Colours of Okabe & Ito (2008), and a grey that differs from the green also to readers who see no green; the dashes
# distinguish the kinds without colour.
STYLES: dict[ArcKind, str] = {
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

FONT = 15
LEVEL = 22
LABEL = 10
_GAP = 14
_PITCH = 7
_CORNER = 8
_TIP = 6
_MARGIN = 6
_SIDE = 14
"""Width of the margin in which "gold" and "recovered" stand."""
MEASURES = {
    "font": FONT,
    "level": LEVEL,
    "label": LABEL,
    "corner": _CORNER,
    "tip": _TIP,
    "margin": _MARGIN,
    "side": _SIDE,
}
"""What a script on a page needs to paint a layout as it is painted here."""


@dataclass(frozen=True)
class ScreenTree:
    """A tree laid out for screens: its row and the arcs of its words, in pixels from the left edge of the row."""

    row: Row
    arcs: list[Arc]

    @property
    def height(self) -> float:
        """The height of the arcs with their labels."""
        return LEVEL * max((arc.level for arc in self.arcs), default=1) + LABEL


def tree_svg(words: Sequence[str], heads: Sequence[int], relations: Sequence[str] | None = None) -> str:
    """A tree above its words; an arrow from above marks the root, and arcs to punctuation are thin and grey.

    Words of a right-to-left script run from right to left.

    Args:
        words: The words.
        heads: The head of each word, words counted from 0; -1 for the root.
        relations: The relation of each word, the label of its arc; relations that say nothing, such as those of
            recovered trees, are not written.

    Returns:
        An SVG document.
    """
    marks = head_marks(heads)
    labels = shown_labels(relations)
    row = screen_row(words, marks, labels=labels)
    tree = ScreenTree(row, lay_out_arcs(marks, row, kinds=tree_kinds(heads, relations), labels=labels))
    top = _MARGIN + tree.height
    drawn = [*_draw_words(words, row, top + FONT + 2), *_draw_arcs(tree.arcs, base=top, step=-LEVEL)]
    return _document(drawn, row.width, top + FONT + 2 * _MARGIN, title=" ".join(words))


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
    recovered tree alone spurious (vermillion, dotted); so are the arrows that mark the roots.

    Args:
        words: The words.
        gold: Gold heads, words counted from 0; -1 for the root.
        recovered: Recovered heads.
        relations: The gold relation of each word, the label of its arc.
        scored: Whether each word is scored; edges at other words are thin and grey. All are by default.

    Returns:
        An SVG document.
    """
    marks, found = head_marks(gold), head_marks(recovered)
    kinds, found_kinds = comparison_kinds(marks, found, scored=scored)
    labels = shown_labels(relations)
    row = screen_row(words, marks, found, labels=labels)
    above = ScreenTree(row, lay_out_arcs(marks, row, kinds=kinds, labels=labels))
    below = ScreenTree(row, lay_out_arcs(found, row, kinds=found_kinds))
    top = _MARGIN + above.height
    floor = top + FONT + 10
    height = floor + below.height
    drawn = [
        *_draw_words(words, row, top + FONT + 2),
        *_draw_arcs(above.arcs, base=top, step=-LEVEL),
        *_draw_arcs(below.arcs, base=floor, step=LEVEL),
        _draw_side("gold", (_MARGIN + top) / 2),
        _draw_side("recovered", (floor + height) / 2),
        *_draw_legend(edge_counts(marks, kinds, found, found_kinds), height),
    ]
    return _document(drawn, max(row.width, 400), height + FONT + _MARGIN, title=" ".join(words), side=_SIDE)


def screen_row(words: Sequence[str], *trees: NDArray[np.int64], labels: Sequence[str] | None = None) -> Row:
    """Words in the font of screens, far enough apart for the labels of the first tree's marks."""
    return space_words(
        [screen_width(word, FONT) for word in words],
        *trees,
        labels=[screen_width(label, LABEL) + 4 for label in labels or ()],
        gap=_GAP,
        pitch=_PITCH,
        leftward=reading_direction(words) == "right-to-left",
    )


def _escape(text: str) -> str:
    """Text without markup that an XML parser would interpret."""
    return escape_html(printable(text))


def _draw_words(words: Sequence[str], row: Row, baseline: float) -> list[str]:
    """The words."""
    return [
        f'<text x="{x:.1f}" y="{baseline:.1f}" text-anchor="middle" font-size="{FONT}">{_escape(word)}</text>'
        for word, x in zip(words, row.centres, strict=True)
    ]


def _draw_arcs(arcs: Sequence[Arc], *, base: float, step: float) -> list[str]:
    """Arcs with an arrowhead at the dependent, and labels where they have any."""
    pens = {"move": "M", "line": "L"}
    drawn = []
    for arc in arcs:
        parts, control = [], ""
        for pen, x, y in arc_path(arc, base=base, step=step, corner=_CORNER):
            point = f"{x:.1f} {y:.1f}"
            if pen == "curve" and not control:
                control = f"Q{point} "
            else:
                parts.append((control or pens.get(pen, "")) + point)
                control = ""
        tip = "L".join(f"{x:.1f} {y:.1f}" for x, y in arc_tip(arc, base=base, step=step, size=_TIP))
        style = STYLES[arc.kind]
        name = f"root {arc.kind}" if arc.is_root else arc.kind
        drawn.append(f'<path class="{name}" style="{style}" d="{"".join(parts)}"/>')
        drawn.append(f'<path style="{style};stroke:none;fill:{_color(style)}" d="M{tip}z"/>')
        if arc.label:
            x, y = (arc.start + arc.end) / 2, base + step * arc.level - 3
            drawn.append(
                f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="middle" font-size="{LABEL}" opacity=".8">'
                f"{_escape(arc.label)}</text>"
            )
    return drawn


def _color(style: str) -> str:
    """The colour of a style's line."""
    return style.removeprefix("stroke:").split(";")[0]


def _draw_side(name: str, y: float) -> str:
    """The name of a tree, read upwards, in the left margin."""
    x = LABEL - _SIDE
    return (
        f'<text transform="translate({x} {y:.1f}) rotate(-90)" text-anchor="middle" '
        f'font-size="{LABEL}" opacity=".7">{name}</text>'
    )


def _draw_legend(counts: Mapping[ArcKind, int], y: float) -> list[str]:
    """A sample line for each kind of edge, with the number of such edges."""
    drawn = []
    for place, (kind, count) in enumerate(counts.items()):
        x = place * 98
        drawn.append(f'<path style="{STYLES[kind]}" d="M{x} {y + 8:.1f}h20"/>')
        drawn.append(f'<text x="{x + 24}" y="{y + 12:.1f}" font-size="{LABEL + 1}">{count} {kind}</text>')
    return drawn


def _document(drawn: Sequence[str], width: float, height: float, *, title: str, side: float = 0) -> str:
    """What is drawn as one SVG image, `side` left free at the left; the title is for screen readers."""
    left, full = -_MARGIN - side, width + 2 * _MARGIN + side
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{full:.0f}" height="{height:.0f}" '
        f'viewBox="{left:.0f} 0 {full:.0f} {height:.0f}" role="img" '
        'font-family="system-ui, Helvetica, Arial, sans-serif" fill="currentColor">'
        f'<title>{_escape(title)}</title><style>{FILE_STYLE}</style><g fill="none" stroke-width="1.4">'
        + "".join(mark for mark in drawn if mark.startswith("<path"))
        + "</g>"
        + "".join(mark for mark in drawn if not mark.startswith("<path"))
        + "</svg>"
    )
