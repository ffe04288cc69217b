"""Layout of trees over a row of words: where words stand, and where each arc leaves its head and meets its dependent.

All drawings share it, in their own units: SVG, matplotlib and the page of a report only paint what it returns. A tree
is its *marks*, (words, 2): the head of each word and the word itself, or the word twice where it is a root. Trees
without direction have edges in either order in place of marks.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from treeprobe.parsing.trees.edge_comparison import EdgeStatus

EdgeChange = Literal["kept", "new", "revised", "dropped"]
"""What a new word does to an edge: it was there, it comes with the word, it takes another's place, or it goes."""
ArcKind = EdgeStatus | EdgeChange | Literal["tree"]
Pen = Literal["move", "line", "curve"]

_REACH = 0.4
"""How far from a word's centre its arcs may stand, as a fraction of its width."""


@dataclass(frozen=True)
class Row:
    """Where words stand: the centre of each, how far from it arcs may stand, and the width of the row.

    `centres` and `reach` are (words,). Centres descend where the words are read from right to left.
    """

    centres: NDArray[np.float64]
    reach: NDArray[np.float64]
    width: float

    @property
    def way(self) -> float:
        """1 if the words run from left to right, -1 if from right to left."""
        return -1.0 if len(self.centres) > 1 and self.centres[0] > self.centres[-1] else 1.0


@dataclass(frozen=True)
class Arc:
    """An arc from `start`, at the head, to `end`, at the dependent; at a root both are the same, and it is a line.

    Where a line of text is too short for the arc, it is `cut_start` or `cut_end`: it leaves the line at that end and
    goes on, at the same level, in another.
    """

    start: float
    end: float
    level: int
    kind: ArcKind = "tree"
    label: str = ""
    cut_start: bool = False
    cut_end: bool = False

    @property
    def is_root(self) -> bool:
        """Whether it is the line at a root."""
        return self.start == self.end and not (self.cut_start or self.cut_end)


def head_marks(heads: Sequence[int]) -> NDArray[np.int64]:
    """The marks of a tree, (words, 2): the head of each word and the word, or the word twice where it is a root."""
    return np.array([(word if head < 0 else head, word) for word, head in enumerate(heads)]).reshape(-1, 2).astype(int)


def space_words(
    widths: Sequence[float],
    *trees: NDArray[Any],
    labels: Sequence[float] = (),
    gap: float,
    pitch: float,
    leftward: bool = False,
) -> Row:
    """Words side by side, as close as their widths, the arcs at each word and the labels over arcs allow.

    Args:
        widths: The width of each word.
        trees: The marks of each tree, (marks, 2).
        labels: The widths of the labels over the arcs of the first tree; no label is wider than its arc.
        gap: The least space between two words; half of it is left free at either end.
        pitch: The least space between two arcs at a word.
        leftward: Whether words run from right to left.
    """
    words = np.asarray(widths, dtype=float)
    reach = np.maximum(_REACH * words, pitch / 2 * (arcs_per_word(len(words), *trees) - 1))
    columns = np.maximum(words, 2 * reach)
    needs: dict[int, list[tuple[int, float]]] = {}
    right = 0.0
    if len(trees) and len(labels):
        ports = arc_ports(trees[0])
        for pair, port, label in zip(trees[0], ports, labels, strict=True):
            (first, at_first), (last, at_last) = sorted(zip(pair.tolist(), (port * reach[pair]).tolist()))
            if first == last:
                columns[first] = max(columns[first], label + 2 * abs(at_first))
            else:
                needs.setdefault(last, []).append((first, label + at_first - at_last))
    centres = np.zeros(len(words))
    for word in range(len(words)):
        least = [
            (gap + columns[0]) / 2 if word == 0 else centres[word - 1] + columns[word - 1 : word + 1].sum() / 2 + gap
        ]
        centres[word] = max(least + [centres[first] + need for first, need in needs.get(word, [])])
        right = centres[word] + (columns[word] + gap) / 2
    return Row(right - centres if leftward else centres, reach, right)


def lay_out_arcs(
    marks: NDArray[Any], row: Row, *, kinds: Sequence[ArcKind] | None = None, labels: Sequence[str] | None = None
) -> list[Arc]:
    """Every arc of a tree over a row, in the order of its marks.

    Args:
        marks: (marks, 2).
        row: The words.
        kinds: One for each mark.
        labels: One for each mark.
    """
    pairs = np.asarray(marks, dtype=np.int64).reshape(-1, 2)
    ends = row.centres[pairs] + row.way * arc_ports(pairs) * row.reach[pairs]
    count = len(pairs)
    plain: Sequence[ArcKind] = ["tree"] * count
    return [
        Arc(start, end, level, kind, label)
        for (start, end), level, kind, label in zip(
            ends.tolist(), arc_heights(pairs).tolist(), kinds or plain, labels or [""] * count, strict=True
        )
    ]


def arc_path(arc: Arc, *, base: float, step: float, corner: float) -> list[tuple[Pen, float, float]]:
    """The line of an arc: up from its head, across with round corners, and down to its dependent.

    Args:
        arc: The arc.
        base: The height at which arcs meet the words.
        step: The height of a level; its sign is the direction in which arcs rise.
        corner: The greatest radius of a corner.

    Returns:
        Movements of a pen. Of a curve, which is quadratic, the first entry is its control point and the second its end.
    """
    top = base + step * arc.level
    if arc.is_root:
        return [("move", arc.end, top), ("line", arc.end, base)]
    radius = min(abs(arc.end - arc.start) / 2, abs(top - base), corner)
    across = radius if arc.end > arc.start else -radius
    down = -radius if step > 0 else radius
    rise: list[tuple[Pen, float, float]] = [
        ("move", arc.start, base),
        ("line", arc.start, top + down),
        ("curve", arc.start, top),
        ("curve", arc.start + across, top),
    ]
    fall: list[tuple[Pen, float, float]] = [
        ("line", arc.end - across, top),
        ("curve", arc.end, top),
        ("curve", arc.end, top + down),
        ("line", arc.end, base),
    ]
    return [
        *([("move", arc.start, top)] if arc.cut_start else rise),
        *([("line", arc.end, top)] if arc.cut_end else fall),
    ]


def arc_tip(arc: Arc, *, base: float, step: float, size: float) -> list[tuple[float, float]]:
    """The corners of the arrowhead at the dependent, its point first; `size` is its length."""
    back = base + (size if step > 0 else -size)
    return [(arc.end, base), (arc.end - 0.43 * size, back), (arc.end + 0.43 * size, back)]


def arcs_per_word(words: int, *trees: NDArray[Any]) -> NDArray[np.int64]:
    """The number of arcs that meet at each word, (words,); the largest of those in several trees."""
    counts = np.ones(words, dtype=np.int64)
    for marks in trees:
        pairs = np.asarray(marks, dtype=np.int64).reshape(-1, 2)
        roots = pairs[pairs[:, 0] == pairs[:, 1], 0]
        found = np.bincount(pairs.ravel(), minlength=words) - np.bincount(roots, minlength=words)
        counts = np.maximum(counts, found)
    return counts


def arc_heights(marks: NDArray[Any]) -> NDArray[np.int64]:
    """Level of each arc, counted from 1, such that arcs over overlapping spans of words differ in level.

    Shorter arcs lie below longer arcs that cover them, and every arc lies as low as that allows. Arcs that only meet at
    a word may share a level. The line at a root rises above all arcs.

    Args:
        marks: Pairs of words in either order, (marks, 2).

    Returns:
        Levels, (marks,).
    """
    spans = [(min(pair), max(pair)) for pair in np.asarray(marks, dtype=np.int64).reshape(-1, 2).tolist()]
    heights = [0] * len(spans)
    placed: list[tuple[int, int, int]] = []
    for arc in sorted(range(len(spans)), key=lambda one: (spans[one][1] - spans[one][0], spans[one][0])):
        left, right = spans[arc]
        if left < right:
            heights[arc] = 1 + max((level for a, b, level in placed if a < right and b > left), default=0)
            placed.append((left, right, heights[arc]))
    highest = max(heights, default=0)
    return np.array([height or highest + 1 for height in heights], dtype=np.int64)


def arc_ports(marks: NDArray[Any]) -> NDArray[np.float64]:
    """Where each arc meets its two words, from -1, a word's left edge, to 1, its right edge.

    The arcs of a word are spread over it: leftward arcs on the left, rightward arcs on the right, the longest of either
    nearest to the middle, so that they do not cross on the way up. The line at a root stands between the two.

    Args:
        marks: Pairs of words in either order, (marks, 2).

    Returns:
        Positions in the order of `marks`, (marks, 2).
    """
    pairs = np.asarray(marks, dtype=np.int64).reshape(-1, 2).tolist()
    ports = np.zeros((len(pairs), 2))
    ends: dict[int, list[tuple[bool, float, int]]] = {}
    for number, (a, b) in enumerate(pairs):
        # From left to right: leftward arcs, short ones first, the root, then rightward arcs, long ones first.
        ends.setdefault(a, []).append((b > a, float("inf") if a == b else a - b, number))
        if a != b:
            ends.setdefault(b, []).append((a > b, b - a, number))
    for word, met in ends.items():
        for place, (_, _, number) in enumerate(sorted(met), start=1):
            port = place / (len(met) + 1) * 2 - 1
            for side in (0, 1):
                if pairs[number][side] == word:
                    ports[number, side] = port
    return ports
