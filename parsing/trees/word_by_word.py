"""A sentence's tree as it grows word by word: which edges each new word brings, and which of the earlier ones go."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from treeprobe.parsing.trees.heads import check_heads, tree_edges

Edges = NDArray[np.int64]


@dataclass(frozen=True)
class WordByWord:
    """The tree of every prefix of a sentence, edges without direction.

    Attributes:
        words: the sentence.
        trees: the heads of each prefix, the first of one word, the last of all, words from 0, -1 for the root.

    Raises:
        ValueError: not one tree for each word, or one that is no tree over the words so far.
    """

    words: tuple[str, ...]
    trees: tuple[NDArray[np.int64], ...]

    @classmethod
    def of(cls, words: Sequence[str], trees: Sequence[ArrayLike]) -> "WordByWord":
        """The trees of a sentence's prefixes, checked."""
        checked = tuple(check_heads(heads) for heads in trees)
        if [len(heads) for heads in checked] != [*range(1, len(words) + 1)]:
            found = ", ".join(str(len(heads)) for heads in checked) or "none"
            raise ValueError(
                f"trees over {found} words for a sentence of {len(words)}; expected one for each prefix, the first of "
                "one word"
            )
        return cls(tuple(words), checked)

    def edges(self, count: int) -> Edges:
        """The edges of the tree over the first `count` words, (count - 1, 2), the smaller end first."""
        found = tree_edges(self.trees[count - 1]) if count else np.empty((0, 2), np.int64)
        return found[np.lexsort(found.T[::-1])]

    def joined(self, count: int) -> Edges:
        """The edges of the tree over the first `count` words that the tree before lacked, likewise."""
        return _without(self.edges(count), self.edges(count - 1))

    def dropped(self, count: int) -> Edges:
        """The edges of the tree before that the tree over the first `count` words lacks, likewise."""
        return _without(self.edges(count - 1), self.edges(count))

    @property
    def revisions(self) -> NDArray[np.int64]:
        """How many edges each word makes go, (words,)."""
        return np.array([len(self.dropped(count)) for count in range(1, len(self.words) + 1)], dtype=np.int64)


def _without(edges: Edges, others: Edges) -> Edges:
    """The edges that are not among others, in their order."""
    known = {tuple(edge) for edge in others.tolist()}
    return edges[[tuple(edge) not in known for edge in edges.tolist()]].reshape(-1, 2)
