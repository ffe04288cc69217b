"""Fixed offsets as baselines of heads ("the head is the next word"), chosen on other data than they are scored on."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from treeprobe.attention.relations import LONGEST_OFFSET, RelationCounts
from treeprobe.parsing import Sentence, universal_relation

ChosenOn = Literal["other half", "same data"]


@dataclass(frozen=True)
class OffsetBaseline:
    """What the best fixed offset of each relation gets right."""

    offsets: NDArray[np.int64]
    """(relations,) head minus dependent, in words."""
    correct: NDArray[np.int64]
    """(groups, relations) edges of that offset."""


def offset_baseline(counts: RelationCounts, *, chosen_on: ChosenOn = "other half") -> OffsetBaseline:
    """The best fixed offset of each relation, scored on data that did not choose it.

    "other half": the even groups of sentences are scored with the odd groups' offset and the other way round, so that
    every edge is scored and none chooses for itself; `offsets` are those of all data, for the reader. "same data": the
    offset that is best on the very edges that it is scored on, as published tables have it; slightly too good.
    """
    groups = np.arange(len(counts.offsets))
    whole = counts.offsets.sum(0)
    if chosen_on == "same data":
        return _scored(counts, np.broadcast_to(best_offsets(whole), counts.totals.shape), best_offsets(whole))
    if chosen_on != "other half":
        raise ValueError(f"chosen_on must be 'other half' or 'same data', found {chosen_on!r}")
    halves = [counts.offsets[groups % 2 == parity].sum(0) for parity in (0, 1)]
    chosen = np.stack([best_offsets(halves[1 - group % 2]) for group in groups])
    return _scored(counts, chosen, best_offsets(whole))


def trained_baseline(counts: RelationCounts, sentences: Sequence[Sentence]) -> OffsetBaseline:
    """The baseline whose offsets are the best on another treebank's sentences."""
    found = np.zeros((len(counts.relations), 2 * LONGEST_OFFSET + 1), dtype=np.int64)
    number = {relation: place for place, relation in enumerate(counts.relations)}
    for sentence in sentences:
        for dependent, (head, name) in enumerate(zip(sentence.heads, sentence.relations)):
            relation, offset = number.get(universal_relation(name)), head - dependent
            if head >= 0 and relation is not None and abs(offset) <= LONGEST_OFFSET:
                found[relation, offset + LONGEST_OFFSET] += 1
    best = best_offsets(found)
    return _scored(counts, np.broadcast_to(best, counts.totals.shape), best)


def best_offsets(counts: NDArray[np.int64]) -> NDArray[np.int64]:
    """The most frequent offset of each row, (relations, offsets) to (relations,); the nearest on a tie, 1 before -1."""
    offsets = np.arange(counts.shape[-1]) - counts.shape[-1] // 2
    order = np.lexsort((-offsets, np.abs(offsets)))
    order = order[order != counts.shape[-1] // 2]  # a word is never its own head
    return offsets[order[counts[:, order].argmax(-1)]]


def _scored(counts: RelationCounts, chosen: NDArray[np.int64], offsets: NDArray[np.int64]) -> OffsetBaseline:
    """Count the edges of each group's chosen offsets, (groups, relations)."""
    places = chosen[..., None] + LONGEST_OFFSET
    return OffsetBaseline(offsets, np.take_along_axis(counts.offsets, places, axis=2)[..., 0])
