"""Every pair of words of a treebank, so that gold edges can be set beside pairs as far apart that are none."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from treeprobe.parsing.scores.scorer import Scorer
from treeprobe.parsing.treebanks.documents import document_numbers
from treeprobe.parsing.treebanks.treebank import Sentence

Integers = NDArray[np.int64]


@dataclass(frozen=True)
class WordPairs:
    """The pairs of words that UUAS could join, punctuation left out: sentence by sentence, by first and second word.

    Attributes:
        gold: The sentences.
        documents: The document of each sentence, (sentences,); None where unknown.
        sentence: The sentence of each pair, (pairs,).
        first, second: Its two words, counted from 0 with punctuation, (pairs,).
        head: Which of the two is nearer to the root of the gold tree, the first where neither is, (pairs,). Of a gold
            edge it is the head.
        length: How many words the second stands after the first, punctuation not counted, (pairs,): neighbours have 1,
            so that the chain joins the pairs of length 1 and no others.
        attractors: How many words between the two have the universal tag of `head`, (pairs,).
        joined: Whether the pair is an edge of the gold tree, (pairs,).
        offsets: Where the pairs of each sentence begin, (sentences,).
        ranks: The place of each word among those that are not punctuation, one array for each sentence, (words,).
    """

    gold: Sequence[Sentence]
    documents: Integers | None
    sentence: Integers
    first: Integers
    second: Integers
    head: Integers
    length: Integers
    attractors: Integers
    joined: NDArray[np.bool_]
    offsets: Integers
    ranks: Sequence[Integers]

    @classmethod
    def of(cls, scorer: Scorer) -> "WordPairs":
        """The pairs of the sentences that a scorer scores, with its rule for punctuation."""
        kept = [np.flatnonzero(~mask) for mask in scorer.masks()]
        counts = np.array([len(words) * (len(words) - 1) // 2 for words in kept], dtype=np.int64)
        columns = [_pairs_of(sentence, words) for sentence, words in zip(scorer.gold, kept)]
        first, second, head, length, attractors = (
            np.concatenate([*part, np.empty(0, dtype=np.int64)]).astype(np.int64)
            for part in (zip(*columns) if columns else [()] * 5)
        )
        pairs = cls(
            scorer.gold,
            document_numbers(scorer.gold),
            np.repeat(np.arange(len(kept)), counts),
            first,
            second,
            head,
            length,
            attractors,
            np.zeros(len(first), dtype=bool),
            np.concatenate([[0], np.cumsum(counts)])[: len(kept)].astype(np.int64),
            [np.cumsum(~mask) - 1 for mask in scorer.masks()],
        )
        pairs.joined[:] = pairs.edges_of(scorer.gold_trees())
        return pairs

    def __len__(self) -> int:
        """The number of pairs."""
        return len(self.sentence)

    @property
    def dependent(self) -> Integers:
        """The word of each pair that is not `head`, (pairs,)."""
        return self.first + self.second - self.head

    @cached_property
    def edges(self) -> Integers:
        """Which pairs are gold edges, (edges,)."""
        return np.flatnonzero(self.joined)

    @cached_property
    def cell(self) -> Integers:
        """The same number for pairs of one sentence and one length, (pairs,)."""
        longest = int(self.length.max(initial=0)) + 1
        return np.unique(self.sentence * longest + self.length, return_inverse=True)[1].astype(np.int64)

    @cached_property
    def controls(self) -> Integers:
        """How many pairs of its sentence and length are no gold edges, (pairs,)."""
        counts: Integers = np.bincount(self.cell, weights=~self.joined).astype(np.int64)
        return counts[self.cell]

    def edges_of(self, trees: Sequence[NDArray[Any]]) -> NDArray[np.bool_]:
        """Whether each pair is joined in other trees of the same sentences, (pairs,).

        Args:
            trees: Heads of each sentence, (words,), -1 for the root and words left out, as `Scorer.trees` has them.
        """
        found = np.zeros(len(self), dtype=bool)
        for heads, ranks, offset in zip(trees, self.ranks, self.offsets.tolist()):
            (below,) = np.nonzero(heads >= 0)
            ends = np.sort(np.stack([ranks[heads[below]], ranks[below]]), axis=0)
            words = int(ranks[-1]) + 1 if len(ranks) else 0
            # The pairs (0, 1), (0, 2), …, (1, 2), …: row `low` begins after those of all rows above it.
            found[offset + ends[0] * (2 * words - ends[0] - 1) // 2 + ends[1] - ends[0] - 1] = True
        return found


def _pairs_of(sentence: Sentence, kept: Integers) -> tuple[Integers, Integers, Integers, Integers, Integers]:
    """First and second word, head, length and attractors of the pairs of the words `kept`, each (pairs,)."""
    rows, columns = np.triu_indices(len(kept), 1)
    first, second = kept[rows], kept[columns]
    depths = sentence.depths
    head = np.where(depths[second] < depths[first], second, first)
    tags = np.unique(np.array(sentence.upos, dtype=np.str_), return_inverse=True)[1]
    # seen[t, i]: how many of the words before i have tag t.
    seen = np.zeros((int(tags.max(initial=-1)) + 1, len(tags) + 1), dtype=np.int64)
    seen[tags, np.arange(1, len(tags) + 1)] = 1
    seen = seen.cumsum(axis=1)
    attractors = seen[tags[head], second] - seen[tags[head], first + 1]
    return first, second, head, columns - rows, attractors
