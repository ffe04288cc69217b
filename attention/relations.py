"""How often the word that a head attends to most is the syntactic head of a word, or its dependent, by relation."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from treeprobe.attention.masks import between_words, sentences_of
from treeprobe.errors import TreeprobeError
from treeprobe.extraction import AttentionBatch
from treeprobe.parsing import Sentence, universal_relation

Direction = Literal["to head", "to dependent"]
"""Who attends: the dependent to its head, or the head to its dependent."""

DIRECTIONS: tuple[Direction, ...] = get_args(Direction)

GROUPS = 64
"""Sentences are dealt into so many groups, round robin: enough to resample, and few enough to keep whatever the size
of the treebank."""

LONGEST_OFFSET = 16
"""Fixed offsets up to so many words are candidates for the baseline."""


class RelationError(TreeprobeError, ValueError):
    """A treebank without the relations that heads are compared with."""


@dataclass(frozen=True)
class RelationCounts:
    """Counts by group of sentences: what every accuracy, interval and test of heads is made of."""

    relations: tuple[str, ...]
    totals: NDArray[np.int64]
    """(groups, relations) edges of each relation."""
    correct: NDArray[np.int64]
    """(groups, relations, 2, layers, heads) edges whose other end is the most-attended word, by `DIRECTIONS`."""
    offsets: NDArray[np.int64]
    """(groups, relations, offsets) edges by head minus dependent, from -LONGEST_OFFSET to LONGEST_OFFSET; longer
    edges are in none."""

    @property
    def accuracy(self) -> NDArray[np.float64]:
        """(relations, 2, layers, heads) over all groups; nan for a relation without edges."""
        with np.errstate(invalid="ignore"):
            return self.correct.sum(0) / self.totals.sum(0)[:, None, None, None]

    def half(self, parity: int) -> "RelationCounts":
        """The counts of the even (0) or odd (1) groups, which hold the sentences of even or odd numbers: to choose
        heads on one half and score them on the other."""
        chosen = slice(parity, None, 2)
        return RelationCounts(self.relations, self.totals[chosen], self.correct[chosen], self.offsets[chosen])


class RelationTally:
    """Counts over batches of attention between words.

    A word's attention to itself and to special tokens takes no part in the search for the most-attended word
    (Clark et al. 2019, section 4.1); of equal weights the first word counts, and a word that attends to no other has
    none. Relations are cut at ":".
    """

    def __init__(self, relations: Sequence[str], *, groups: int = GROUPS) -> None:
        self._relations = tuple(relations)
        self._number = {relation: number for number, relation in enumerate(self._relations)}
        self._totals = torch.zeros(groups, len(relations), dtype=torch.int64)
        self._offsets = torch.zeros(groups, len(relations), 2 * LONGEST_OFFSET + 1, dtype=torch.int64)
        self._grid = (0, 0)
        self._correct: list[Tensor] = []

    def update(self, batch: AttentionBatch, sentences: Sequence[Sentence], words: Tensor | None = None) -> None:
        """Add a batch; `words` is its `between_words` when that is at hand."""
        words = between_words(batch) if words is None else words
        if not self._correct:
            self._grid = (words.shape[0], words.shape[2])
            shape = (self._totals.numel(), words.shape[0] * words.shape[2])
            self._correct = [torch.zeros(shape, dtype=torch.int64) for _ in DIRECTIONS]
        row, dependent, head, relation, group = self._edges(batch, sentences)
        if not len(row):
            return
        attended = most_attended(words)
        cell = group * len(self._relations) + relation
        by_place = attended.permute(1, 3, 0, 2)  # sentences, words, layers, heads
        for counts, query, key in zip(self._correct, (dependent, head), (head, dependent)):
            hits = (by_place[row, query] == key[:, None, None]).flatten(1)
            counts.index_add_(0, cell, hits.to(torch.int64))
        self._totals.view(-1).index_add_(0, cell, torch.ones_like(cell))
        offset = head - dependent
        near = offset.abs() <= LONGEST_OFFSET
        place = cell[near] * self._offsets.shape[2] + offset[near] + LONGEST_OFFSET
        self._offsets.view(-1).index_add_(0, place, torch.ones_like(place))

    def result(self) -> RelationCounts:
        """The counts so far. Raises RelationError when no edge was counted."""
        if not int(self._totals.sum()):
            raise RelationError("no edge between two words was counted; expected sentences of more than one word")
        groups, relations = self._totals.shape
        correct = torch.stack(self._correct).view(len(DIRECTIONS), groups, relations, *self._grid)
        return RelationCounts(
            self._relations, self._totals.numpy(), correct.permute(1, 2, 0, 3, 4).numpy(), self._offsets.numpy()
        )

    def _edges(self, batch: AttentionBatch, sentences: Sequence[Sentence]) -> Tensor:
        """(5, edges): row of the sentence in the batch, dependent, head, relation, group."""
        groups = self._totals.shape[0]
        edges = [
            (row, dependent, head, self._number[universal_relation(relation)], int(index) % groups)
            for row, (index, sentence) in enumerate(zip(batch.indices, sentences_of(batch, sentences)))
            for dependent, (head, relation) in enumerate(zip(sentence.heads, sentence.relations))
            if head >= 0
        ]
        return torch.tensor(edges, dtype=torch.int64).reshape(-1, 5).T


@torch.inference_mode()
def count_relations(batches: Iterable[AttentionBatch], sentences: Sequence[Sentence]) -> RelationCounts:
    """The counts of a whole stream of attention between words; `survey_heads` counts them and behaviour at once.

    Args:
        batches: `stream_attention(encoder, words, level="words")` of the sentences' words.
        sentences: the sentences with their trees, numbered as in the stream.

    Raises:
        RelationError: the treebank has no edges, or names no relations.
        ValueError: attention and sentences do not fit each other.
    """
    tally = RelationTally(relations_of(sentences))
    for batch in batches:
        tally.update(batch, sentences)
    return tally.result()


def most_attended(words: Tensor) -> Tensor:
    """(layers, sentences, heads, words) the other word that each word attends to most; -1 where it attends to none.

    A decoder's first word attends to no other. `words` are (layers, sentences, heads, words, words), zero at padding;
    their diagonal is changed and put back.
    """
    diagonal = words.diagonal(dim1=-2, dim2=-1)
    kept = diagonal.clone()
    diagonal.fill_(-1.0)
    weights, attended = words.max(-1)
    diagonal.copy_(kept)
    return attended.masked_fill_(weights <= 0, -1)


def relations_of(sentences: Sequence[Sentence]) -> tuple[str, ...]:
    """The relations of a treebank, subtypes cut, the most frequent first; the root's is not one.

    Raises RelationError when the treebank has no edges, or none that is named.
    """
    counts: dict[str, int] = {}
    for sentence in sentences:
        for head, relation in zip(sentence.heads, sentence.relations):
            if head >= 0:
                name = universal_relation(relation)
                counts[name] = counts.get(name, 0) + 1
    if not counts:
        raise RelationError("the treebank has no edge between two words; heads cannot be compared with its syntax")
    if set(counts) <= {"_", ""}:
        raise RelationError(
            "the treebank names no relations (its DEPREL column is empty); heads are compared with relations one by one"
        )
    return tuple(sorted(counts, key=lambda name: (-counts[name], name)))
