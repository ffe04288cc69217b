"""Cells of a card: which pairs of words are looked at, by how far they are apart and by what stands between them."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np
from numpy.typing import NDArray

from treeprobe.parsing import Scorer
from treeprobe.parsing.scores import WordPairs
from treeprobe.parsing.scores.matched import LENGTH_STARTS

ALL = "all"
TOUCHED = "with a changed word"
ATTRACTOR_STARTS = (0, 1, 2, 3)
MARK_STARTS = (0, 1, 2, 4)
"""The smallest number of each class: of attractors, and of punctuation marks in a sentence."""


@dataclass(frozen=True)
class Cell:
    """Some pairs of a text, named by the class of each factor; `all` for a factor that is left open.

    Attributes:
        edges: which kind of edges: all, those with a changed word, those of a construction.
        among: whether each pair is in the cell, (pairs,).
    """

    among: NDArray[np.bool_]
    edges: str = ALL
    length: str = ALL
    attractors: str = ALL
    marks: str = ALL

    @property
    def names(self) -> dict[str, str]:
        """The class of each factor, as the table has it."""
        return {"edges": self.edges, "length": self.length, "attractors": self.attractors, "marks": self.marks}

    @property
    def whole(self) -> bool:
        """Whether it holds every pair."""
        return set(self.names.values()) == {ALL}


@dataclass(frozen=True)
class Pairs:
    """A text as a card scores it: its scorer, its pairs of words, and the cells that it is divided into."""

    scorer: Scorer
    pairs: WordPairs
    cells: Sequence[Cell]


def divided(scorer: Scorer, *, touched: Sequence[NDArray[np.bool_]] | None = None) -> Pairs:
    """Cells by length, attractors, both, punctuation marks of the sentence, and pairs with a changed word.

    Args:
        scorer: of the text.
        touched: whether each word was changed, (words,) for each sentence; pairs with one are a cell of their own
            where there are other words.
    """
    pairs = WordPairs.of(scorer)
    every = np.ones(len(pairs), dtype=bool)
    lengths = _classes(pairs.length, LENGTH_STARTS)
    attractors = _classes(pairs.attractors, ATTRACTOR_STARTS)
    marks = np.array([int(mask.sum()) for mask in scorer.masks()], dtype=np.int64)
    cells = [Cell(every)]
    cells += [Cell(among, length=name) for name, among in lengths.items()]
    cells += [Cell(among, attractors=name) for name, among in attractors.items()]
    cells += [Cell(among, marks=name) for name, among in _classes(marks[pairs.sentence], MARK_STARTS).items()]
    cells += [
        Cell(lengths[length] & attractors[number], length=length, attractors=number)
        for length, number in product(lengths, attractors)
    ]
    if touched is not None and not all(own.all() for own in touched):
        starts = np.cumsum([0, *(len(own) for own in touched)])[:-1]
        words = np.concatenate([*touched, np.empty(0, dtype=bool)]).astype(bool)
        either = words[starts[pairs.sentence] + pairs.first] | words[starts[pairs.sentence] + pairs.second]
        cells.append(Cell(either, edges=TOUCHED))
    return Pairs(scorer, pairs, cells)


def class_names(starts: Sequence[int]) -> list[str]:
    """What classes are called by their smallest numbers: "1", "4-5", "11+"."""
    last = [start - 1 for start in starts[1:]]
    return [str(a) if a == b else f"{a}-{b}" for a, b in zip(starts, last)] + [f"{starts[-1]}+"]


def _classes(numbers: NDArray[np.int64], starts: Sequence[int]) -> dict[str, NDArray[np.bool_]]:
    """Which pairs are in each class, by its name."""
    found = np.searchsorted(starts, numbers, side="right") - 1
    return {name: found == place for place, name in enumerate(class_names(starts))}
