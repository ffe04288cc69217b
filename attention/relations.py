"""How often the word that a head attends to most is a word's syntactic head, or its dependent, by relation."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from treeprobe.attention.masks import between_words, sentences_of
from treeprobe.devices import moved
from treeprobe.errors import TreeprobeError
from treeprobe.extraction import AttentionBatch
from treeprobe.parsing import Sentence, labelled_edges

Direction = Literal["to head", "to dependent"]
"""Which way attention goes: from the dependent to its head, or from the head to its dependent."""

DIRECTIONS: tuple[Direction, ...] = get_args(Direction)

GROUPS = 64
"""Sentences are assigned round robin to this many groups: enough to resample, few enough to keep for any treebank."""

LONGEST_OFFSET = 16
"""Fixed offsets up to this many words are candidates for the baseline."""


class RelationError(TreeprobeError, ValueError):
    """A treebank without the relations that heads are compared with."""


@dataclass(frozen=True)
class RelationCounts:
    """Counts by group of sentences: what every accuracy, interval and test of heads is computed from."""

    relations: tuple[str, ...]
    totals: NDArray[np.int64]
    """(groups, relations) edges of each relation."""
    correct: NDArray[np.int64]
    """(groups, relations, 2, layers, heads) edges whose other end is the most-attended word; axis 2 is `DIRECTIONS`."""
    offsets: NDArray[np.int64]
    """(groups, relations, offsets) edges by head minus dependent, from -LONGEST_OFFSET to LONGEST_OFFSET; longer
    edges are not counted."""

    @property
    def accuracy(self) -> NDArray[np.float64]:
        """(relations, 2, layers, heads) over all groups; nan for a relation without edges."""
        with np.errstate(invalid="ignore"):
            return self.correct.sum(0) / self.totals.sum(0)[:, None, None, None]

    def half(self, parity: int) -> "RelationCounts":
        """The counts of sentences of even (0) or odd (1) number: to choose heads on one half and score on the other."""
        chosen = slice(parity, None, 2)
        return RelationCounts(self.relations, self.totals[chosen], self.correct[chosen], self.offsets[chosen])


class RelationTally:
    """Counts over batches of attention between words, kept where the attention is until `result` asks for them.

    A word's attention to itself and to special tokens is left out of the search for the most-attended word (Clark et
    al. 2019, section 4.1); of equal weights the first word counts, and a word that attends to no other word has none.
    Relations lose their subtypes.

    Args:
        relations: those to count, as `relations_of` returns them.
        groups: number of groups of sentences.
    """

    def __init__(self, relations: Sequence[str], *, groups: int = GROUPS) -> None:
        self._relations = tuple(relations)
        self._number = {relation: number for number, relation in enumerate(self._relations)}
        self._totals = torch.zeros(groups, len(relations), dtype=torch.int64)
        self._offsets = torch.zeros(groups, len(relations), 2 * LONGEST_OFFSET + 1, dtype=torch.int64)
        self._grid = (0, 0)
        self._correct: list[Tensor] = []

    def update(self, batch: AttentionBatch, sentences: Sequence[Sentence], between: Tensor | None = None) -> None:
        """Add a batch; `between` is its `between_words` where the caller has it already."""
        between = between_words(batch) if between is None else between
        if not self._correct:
            self._grid = (between.shape[0], between.shape[2])
            shape = (self._totals.numel(), between.shape[0] * between.shape[2])
            self._correct = [torch.zeros(shape, dtype=torch.int64, device=between.device) for _ in DIRECTIONS]
        row, dependent, head, relation, group = self._edges(batch, sentences)
        if not len(row):
            return
        cell = group * len(self._relations) + relation
        by_word = most_attended(between).permute(1, 3, 0, 2)  # sentences, words, layers, heads
        rows, cells, dependents, heads = moved(torch.stack([row, cell, dependent, head]), between.device)
        for counts, query, key in zip(self._correct, (dependents, heads), (heads, dependents)):
            hits = (by_word[rows, query] == key[:, None, None]).flatten(1)
            counts.index_add_(0, cells, hits.to(torch.int64))
        self._totals.view(-1).index_add_(0, cell, torch.ones_like(cell))
        offset = head - dependent
        near = offset.abs() <= LONGEST_OFFSET
        place = cell[near] * self._offsets.shape[2] + offset[near] + LONGEST_OFFSET
        self._offsets.view(-1).index_add_(0, place, torch.ones_like(place))

    def result(self) -> RelationCounts:
        """The counts so far.

        Raises:
            RelationError: no edge was counted.
        """
        if not int(self._totals.sum()):
            raise RelationError("no edge between two words was counted; expected sentences of more than one word")
        groups, relations = self._totals.shape
        correct = torch.stack(self._correct).cpu().view(len(DIRECTIONS), groups, relations, *self._grid)
        return RelationCounts(
            self._relations, self._totals.numpy(), correct.permute(1, 2, 0, 3, 4).numpy(), self._offsets.numpy()
        )

    def _edges(self, batch: AttentionBatch, sentences: Sequence[Sentence]) -> Tensor:
        """(5, edges): row of the sentence in the batch, dependent, head, relation, group."""
        groups = self._totals.shape[0]
        edges = [
            (row, dependent, head, self._number[relation], int(index) % groups)
            for row, (index, sentence) in enumerate(zip(batch.indices, sentences_of(batch, sentences)))
            for dependent, head, relation in labelled_edges(sentence)
        ]
        return torch.tensor(edges, dtype=torch.int64).reshape(-1, 5).T


@torch.inference_mode()
def count_relations(batches: Iterable[AttentionBatch], sentences: Sequence[Sentence]) -> RelationCounts:
    """The counts of a whole stream of attention; `survey_heads` counts them and surface behaviour in one pass.

    Args:
        batches: `stream_attention(encoder, words, level="words")` of the sentences' words.
        sentences: the sentences with their trees, numbered as in the stream.

    Raises:
        RelationError: the treebank has no edges, or names no relations.
        ValueError: attention and sentences do not match.
    """
    tally = RelationTally(relations_of(sentences))
    for batch in batches:
        tally.update(batch, sentences)
    return tally.result()


def most_attended(between: Tensor) -> Tensor:
    """The other word that each word attends to most; -1 where it attends to no other, as a decoder's first word.

    Args:
        between: (layers, sentences, heads, words, words), zero at padding; the diagonal is overwritten and restored.

    Returns:
        (layers, sentences, heads, words).
    """
    diagonal = between.diagonal(dim1=-2, dim2=-1)
    kept = diagonal.clone()
    diagonal.fill_(-1.0)
    weights, attended = between.max(-1)
    diagonal.copy_(kept)
    return attended.masked_fill_(weights <= 0, -1)


def relations_of(sentences: Sequence[Sentence]) -> tuple[str, ...]:
    """The relations of a treebank without their subtypes, the most frequent first; the root's is not among them.

    Raises:
        RelationError: the treebank has no edges, or names none of their relations.
    """
    counts = Counter(relation for sentence in sentences for _, _, relation in labelled_edges(sentence))
    if not counts:
        raise RelationError("the treebank has no edge between two words; heads cannot be compared with its syntax")
    if set(counts) <= {"_", ""}:
        raise RelationError(
            "the treebank names no relations (its DEPREL column is empty); heads are compared with relations one by one"
        )
    return tuple(sorted(counts, key=lambda name: (-counts[name], name)))
