"""Words under arcs in one line, or in several where a sentence is wider than its figure; arcs go on over the breaks."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from treeprobe.parsing.drawing import lay_out_arcs
from treeprobe.parsing.drawing.arc_layout import Arc, ArcKind, Row
from treeprobe.parsing.drawing.screen_text import reading_direction
from treeprobe.reporting.style.text_fonts import font_families, text_width
from treeprobe.reporting.trees.word_row import (
    LABEL_FONTSIZE,
    WORD_FONTSIZE,
    Direction,
    WordRow,
    upright_row,
    word_row,
)

STUB = 9.0
"""The least length in points of an arc before it leaves a line."""
_LABEL_GAP = 3.0


@dataclass(frozen=True)
class Line:
    """A line of a sentence: its words, and for each tree the arcs over them, those that come from other lines too."""

    row: WordRow
    trees: tuple[tuple[Arc, ...], ...]

    def levels(self, tree: int) -> int:
        """The number of levels that the arcs of a tree take up in this line; at least 1."""
        return max((arc.level for arc in self.trees[tree]), default=1)


def lines_of(
    words: Sequence[str],
    *trees: NDArray[np.int64],
    width: float,
    kinds: Sequence[Sequence[ArcKind]] | None = None,
    labels: Sequence[str] | None = None,
    fontsize: float = WORD_FONTSIZE,
    direction: Direction = "auto",
) -> list[Line]:
    """Lay a sentence out with its trees: in one line where it is narrow enough, else in as many as it takes.

    An arc has one level in all lines, so that the eye finds it again after a break; its label stands at its dependent.
    Where a word alone is wider than a line, all words are rotated and stand in one line.

    Args:
        words: The sentence.
        trees: The marks of each tree, (words, 2).
        width: Of a line, in points.
        kinds: The kind of each arc of each tree.
        labels: One for each mark of the first tree.
        fontsize: Of the words, in points.
        direction: The reading direction; "auto" is that of most words.
    """
    families = tuple(font_families([*words, *(labels or ())]))
    full = upright_row(words, *trees, labels=labels, fontsize=fontsize, families=families)
    sentence = _Sentence(tuple(words), families, full, fontsize, None if labels is None else tuple(labels))
    plain: list[Sequence[ArcKind]] = [["tree"] * len(marks) for marks in trees]
    arcs = [
        [
            _PlacedArc(arc, min(pair), max(pair), dependent=pair[1])
            for arc, pair in zip(lay_out_arcs(marks, full, kinds=own), marks.tolist(), strict=True)
        ]
        for marks, own in zip(trees, kinds or plain, strict=True)
    ]
    breaks = None if full.width <= width + 0.5 else sentence.breaks(arcs, width)
    if breaks is None:
        row = word_row(words, *trees, width=width, labels=labels, fontsize=fontsize, direction=direction)
        laid = [
            lay_out_arcs(marks, row.row, kinds=own, labels=row.arc_labels if not number else None)
            for number, (marks, own) in enumerate(zip(trees, kinds or plain, strict=True))
        ]
        return [Line(row, tuple(map(tuple, laid)))]
    lines = [sentence.line(arcs, first, last) for first, last in breaks]
    leftward = (reading_direction(words) if direction == "auto" else direction) == "right-to-left"
    return [_mirrored(line, width) if leftward else line for line in lines]


@dataclass(frozen=True)
class _PlacedArc:
    """An arc of the sentence in one long line, with the words that it joins from left to right, and its dependent."""

    arc: Arc
    left: int
    right: int
    dependent: int

    def reaches(self, first: int, last: int) -> bool:
        """Whether it is seen in a line of the words from `first` to `last`."""
        return self.left <= last and self.right >= first


@dataclass(frozen=True)
class _Sentence:
    """The words in one long line, in points, from which lines are cut."""

    words: tuple[str, ...]
    families: tuple[str, ...]
    full: Row
    fontsize: float
    labels: tuple[str, ...] | None

    def breaks(self, arcs: Sequence[Sequence[_PlacedArc]], width: float) -> list[tuple[int, int]] | None:
        """First and last word of each line, as many in each as fit; None where a word is wider than a line."""
        found, first = [], 0
        while first < len(self.words):
            last = first
            while last + 1 < len(self.words) and self._frame(arcs, first, last + 1)[1] <= width:
                last += 1
            if self._frame(arcs, first, last)[1] > width:
                return None
            found.append((first, last))
            first = last + 1
        return found

    def line(self, arcs: Sequence[Sequence[_PlacedArc]], first: int, last: int) -> Line:
        """The words from `first` to `last` with the arcs over them, in points from the left edge of the line."""
        shift, width = self._frame(arcs, first, last)
        own = slice(first, last + 1)
        row = Row(self.full.centres[own] + shift, self.full.reach[own], width)
        labels = None if self.labels is None else self.labels[own]
        height = self.fontsize * 1.7
        words = WordRow(self.words[own], self.families, row, height, height, False, self.fontsize, labels)
        trees = [
            tuple(
                self._cut(one, first, last, shift, width, labelled=number == 0)
                for one in tree
                if one.reaches(first, last)
            )
            for number, tree in enumerate(arcs)
        ]
        return Line(words, tuple(trees))

    def _frame(self, arcs: Sequence[Sequence[_PlacedArc]], first: int, last: int) -> tuple[float, float]:
        """By how much the words of a line move, and its width: with space for arcs that leave it and their labels."""
        left = min(self._edge(first, -1), *self._needs(arcs, first, last, side=-1))
        right = max(self._edge(last, 1), *self._needs(arcs, first, last, side=1))
        return -left, right - left

    def _edge(self, word: int, side: int) -> float:
        """The middle between a word and its neighbour on a side, or the end of the sentence."""
        neighbour = word + side
        if not 0 <= neighbour < len(self.words):
            return self.full.width if side > 0 else 0.0
        half = text_width(self.words[word], fontsize=self.fontsize, families=self.families) / 2 + _LABEL_GAP
        reach = max(float(self.full.reach[word]), half)
        return float(self.full.centres[word]) + side * reach

    def _needs(self, arcs: Sequence[Sequence[_PlacedArc]], first: int, last: int, *, side: int) -> list[float]:
        """How far the arcs that leave a line on a side want it to reach; as far as its last word if none does."""
        found = [self._edge(last if side > 0 else first, side)]
        for number, tree in enumerate(arcs):
            for one in tree:
                leaves = one.right > last >= one.left if side > 0 else one.left < first <= one.right
                inside = one.left if side > 0 else one.right
                if leaves and first <= inside <= last:
                    foot = one.arc.start if inside != one.dependent else one.arc.end
                    label = self._label_width(one.dependent) if number == 0 and inside == one.dependent else 0.0
                    found.append(foot + side * max(label + _LABEL_GAP, STUB))
        return found

    def _label_width(self, word: int) -> float:
        """The width of the label of a word's arc."""
        text = "" if self.labels is None else self.labels[word]
        return text_width(text, fontsize=LABEL_FONTSIZE, families=self.families) if text else 0.0

    def _cut(self, one: _PlacedArc, first: int, last: int, shift: float, width: float, *, labelled: bool) -> Arc:
        """The part of an arc that a line shows."""
        arc = one.arc
        at_left, at_right = sorted((arc.start, arc.end))
        cut_left, cut_right = one.left < first, one.right > last
        left = 0.0 if cut_left else at_left + shift
        right = width if cut_right else at_right + shift
        forward = arc.start <= arc.end
        label = self.labels[one.dependent] if labelled and self.labels and first <= one.dependent <= last else ""
        return replace(
            arc,
            start=left if forward else right,
            end=right if forward else left,
            label=label,
            cut_start=cut_left if forward else cut_right,
            cut_end=cut_right if forward else cut_left,
        )


def _mirrored(line: Line, width: float) -> Line:
    """The line as it is read from right to left, at the right edge of the figure."""
    row = line.row.row
    turned = replace(line.row, row=Row(width - row.centres, row.reach, width))
    flipped = [tuple(replace(arc, start=width - arc.start, end=width - arc.end) for arc in tree) for tree in line.trees]
    return Line(turned, tuple(flipped))
