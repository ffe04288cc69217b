"""A text read stretch by stretch: sentences of several shards gathered by length together, their vectors checked."""

import math
from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import torch
from torch import Tensor

from treeprobe.devices import fetched
from treeprobe.errors import TreeprobeError
from treeprobe.extraction.report import AlignmentReport
from treeprobe.extraction.states import Layout
from treeprobe.extraction.text import Text
from treeprobe.extraction.word_vectors import AlignedText, WordBatch, WordReader
from treeprobe.overlap import made_ahead

STRETCH_WORDS = 1 << 15
"""Words that are sorted by length together. A shard of BERT-base holds but 1,890, and sentences sorted within it have
20 % of padding (of BERT-large 737, and 33 %); within stretches of this length, those of any model have 2 %. It is also
what a killed extraction may lose; a fixed number, as what is in a batch touches the last digits of its vectors, and an
extraction that goes on where it was stopped has to find the same."""


class StorageError(TreeprobeError, ValueError):
    """Vectors that tell nothing: not finite, all zero, or beyond what the storage format can hold."""


@dataclass(frozen=True)
class Stretch:
    """Shards that are read together."""

    shards: range
    """Their numbers."""
    reports: Sequence[AlignmentReport]
    """The report of each."""
    batches: Iterator[WordBatch]
    """Vectors of all their words, those without a subword left out, in whatever order is fastest; words are numbered
    through the whole text. Raises StorageError at the end where a layer is zero throughout."""


def read_stretches(
    reader: WordReader, text: Text, layout: Layout, wanted: Sequence[int], *, passed: Callable[[int], object]
) -> Generator[Stretch]:
    """Every stretch that holds a shard of those wanted. The next is tokenized while the model reads one.

    The batches of a stretch are the same whichever of its shards are wanted.

    Args:
        passed: called with the number of words that have been read or passed over so far.
    """

    def align(shards: range) -> AlignedText:
        first, last = layout.shard_bounds[shards.start], layout.shard_bounds[shards.stop]
        return reader.align(text.part(int(first), int(last)), first_sentence=int(first))

    stretches = _stretches(layout, wanted)
    for shards, aligned in zip(stretches, made_ahead(align, stretches)):
        first, last = int(layout.shard_words[shards.start]), int(layout.shard_words[shards.stop])
        passed(first)
        yield Stretch(shards, _reports(aligned, layout, shards), _batches(reader, aligned, first, passed))
        passed(last)


def _stretches(layout: Layout, wanted: Sequence[int]) -> list[range]:
    """The stretches of neighbouring shards that hold one of those wanted, in order."""
    numbers = layout.shard_words[:-1] // STRETCH_WORDS
    found = np.unique(numbers[list(wanted)])
    bounds = np.searchsorted(numbers, np.stack([found, found + 1]))
    return [range(int(start), int(stop)) for start, stop in bounds.T]


def check_finite(batch: WordBatch, layout: Layout) -> None:
    """Look at the ranges of a batch's values alone, unless one of them is bad.

    Raises:
        StorageError: a value is not finite in the storage format.
    """
    ranges = fetched(torch, batch.ranges, after=batch.ready).tolist()
    for place, (layer, (least, largest)) in enumerate(zip(layout.layers, ranges)):
        if math.isfinite(least) and math.isfinite(largest):
            continue
        found = batch.fetched(slice(place, place + 1))[0]
        bad = torch.nonzero(~found.isfinite().all(1)).flatten().numpy()
        row = bad[batch.words[bad].argmin()]
        sentence = int(np.searchsorted(layout.word_bounds, batch.words[row], "right"))
        raise StorageError(
            f"layer {layer} of sentence {sentence} has a value beyond {str(found.dtype).removeprefix('torch.')} "
            f"(largest {torch.finfo(found.dtype).max:g}), which would be stored as {found[row].abs().amax():g}: store "
            "float32 or bfloat16, and if it is not finite there either, compute in float32"
        )


def _batches(
    reader: WordReader, aligned: AlignedText, first_word: int, passed: Callable[[int], object]
) -> Iterator[WordBatch]:
    zero: Tensor | None = None
    done = first_word
    for batch in reader.read(aligned):
        here = (batch.ranges == 0).all(1)
        zero = here if zero is None else zero.logical_and_(here)  # in place: what stays would part the heap
        read = batch.read
        yield batch.moved(first_word)
        del batch
        passed(done := done + read)
    if zero is not None:
        _check_zeros(zero, reader, aligned.report, aligned.first_sentence)


def _check_zeros(zero: Tensor, reader: WordReader, report: AlignmentReport, first: int) -> None:
    """Refuse layers of zeros alone, given which of the (layers,) are zero throughout a stretch."""
    read = report.words > len(report.dropped)  # words that the tokenizer drops have zeros
    if not (read and reader.reading.site == "hidden"):
        return
    for layer, is_zero in zip(reader.layers, zero.tolist()):
        if is_zero:
            raise StorageError(
                f"layer {layer} is zero for every word of sentences {first + 1} to {first + report.sentences}, "
                f"expected vectors that differ: the checkpoint's weights are zero, or too small for "
                f"{reader.reading.storage}"
            )


def _reports(aligned: AlignedText, layout: Layout, shards: range) -> list[AlignmentReport]:
    """The report of each shard of a stretch."""
    words, subwords = aligned.word_bounds, aligned.subword_bounds
    bounds = layout.shard_bounds[shards.start : shards.stop + 1].tolist()
    return [
        aligned.report.part(
            range(start, stop),
            words=int(words[stop - aligned.first_sentence] - words[start - aligned.first_sentence]),
            subwords=int(subwords[stop - aligned.first_sentence] - subwords[start - aligned.first_sentence]),
        )
        for start, stop in pairwise(bounds)
    ]
