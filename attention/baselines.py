"""Fixed offsets as baselines of heads ("the head is the next word"), chosen on other data than they are scored on."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from treeprobe.attention.relations import LONGEST_OFFSET, RelationCounts
from treeprobe.parsing import Sentence, labelled_edges

ChosenOn = Literal["other half", "same data"]


@dataclass(frozen=True)
class OffsetBaseline:
    """How many edges of each relation the best fixed offset finds."""

    offsets: NDArray[np.int64]
    """(relations,) head minus dependent, in words."""
    correct: NDArray[np.int64]
    """(groups, relations) edges at that offset."""


def offset_baseline(counts: RelationCounts, *, chosen_on: ChosenOn = "other half") -> OffsetBaseline:
    """The best fixed offset of each relation, scored on data that did not choose it.

    Args:
        counts: edges by relation and offset.
        chosen_on: "other half" scores the even groups of sentences with the odd groups' offset and vice versa, so that
            every edge is scored and none chooses for itself; `offsets` are then those of all data, for the reader.
            "same data" takes the offset that is best on the very edges that it is scored on, as published tables do,
            which is slightly too good.

    Raises:
        ValueError: `chosen_on` is neither.
    """
    groups = np.arange(len(counts.offsets))
    overall = best_offsets(counts.offsets.sum(0))
    if chosen_on == "same data":
        return _scored(counts, np.broadcast_to(overall, counts.totals.shape), overall)
    if chosen_on != "other half":
        raise ValueError(f"chosen_on must be 'other half' or 'same data', found {chosen_on!r}")
    halves = [counts.offsets[groups % 2 == parity].sum(0) for parity in (0, 1)]
    chosen = np.stack([best_offsets(halves[1 - group % 2]) for group in groups])
    return _scored(counts, chosen, overall)


def trained_baseline(counts: RelationCounts, sentences: Sequence[Sentence]) -> OffsetBaseline:
    """The baseline whose offsets are the best ones on another treebank's sentences."""
    found = np.zeros((len(counts.relations), 2 * LONGEST_OFFSET + 1), dtype=np.int64)
    number = {relation: place for place, relation in enumerate(counts.relations)}
    for sentence in sentences:
        for dependent, head, relation in labelled_edges(sentence):
            offset = head - dependent
            if relation in number and abs(offset) <= LONGEST_OFFSET:
                found[number[relation], offset + LONGEST_OFFSET] += 1
    best = best_offsets(found)
    return _scored(counts, np.broadcast_to(best, counts.totals.shape), best)


def best_offsets(counts: NDArray[np.int64]) -> NDArray[np.int64]:
    """The most frequent offset of each row, (relations, offsets) -> (relations,); on a tie the nearest, 1 before -1."""
    offsets = np.arange(counts.shape[-1]) - counts.shape[-1] // 2
    order = np.lexsort((-offsets, np.abs(offsets)))
    order = order[order != counts.shape[-1] // 2]  # a word is never its own head
    return offsets[order[counts[:, order].argmax(-1)]]


def _scored(counts: RelationCounts, chosen: NDArray[np.int64], offsets: NDArray[np.int64]) -> OffsetBaseline:
    """The baseline of each group's `chosen` offsets, (groups, relations)."""
    places = chosen[..., None] + LONGEST_OFFSET
    return OffsetBaseline(offsets, np.take_along_axis(counts.offsets, places, axis=2)[..., 0])
