"""Sentences in chunks of about one length, and the states of their subwords, held where the model computes."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
import torch
from torch import Tensor
from tqdm import tqdm

from treeprobe.devices import memory_named, moved
from treeprobe.extraction.alignment import Integers, bounds_of
from treeprobe.extraction.encoder import Encoder
from treeprobe.extraction.subwords import Subwords

T = TypeVar("T")
_PASSES = 1 << 15
"""Forward passes of one sentence in a chunk at most, unless a single sentence alone takes more: `token_budget_batches`
looks at each of them in Python."""

_NUMBERS = 1 << 26
"""Numbers that the states of a chunk's subwords have at most, likewise: 256 MB in single precision."""


@dataclass(frozen=True)
class Chunk:
    """Some sentences of a text, of about one length, whose words, subwords and matrices are numbered anew.

    Attributes:
        sentences: (sentences,) their numbers in the text, longest first.
        words: (sentences,) how many words each has.
        matrix_bounds: (sentences + 1,) where the (words, words) matrix of each begins in a flat array of all.
    """

    sentences: Integers
    words: Integers
    matrix_bounds: Integers

    @property
    def size(self) -> int:
        """Entries of all matrices."""
        return int(self.matrix_bounds[-1])


def chunks(subwords: Subwords, *, numbers: int) -> Iterator[Chunk]:
    """The sentences of a text, longest first, in chunks whose states and passes are bounded.

    Args:
        numbers: how many numbers the states of a subword are, all layers together.
    """
    words, lengths = np.diff(subwords.word_bounds), np.diff(subwords.alignment.subword_bounds)
    order = np.argsort(-words, kind="stable")
    passes, held = (words * (words + 1) // 2)[order], (lengths * numbers)[order]
    start = 0
    while start < len(order):
        fits = (np.cumsum(passes[start:]) <= _PASSES) & (np.cumsum(held[start:]) <= _NUMBERS)
        end = start + max(1, int(fits.sum()))
        chosen = order[start:end]
        yield Chunk(chosen, words[chosen], bounds_of(words[chosen] ** 2))
        start = end


def read_by_sentence(
    encoder: Encoder,
    subwords: Subwords,
    read: Callable[[Chunk, "tqdm[Any]"], Iterable[T]],
    *,
    passes: int,
    title: str,
    work: str,
    progress: bool,
) -> list[T]:
    """What is read of each sentence, in the order of the text, a chunk at a time.

    Args:
        read: yields what it reads of each sentence of a chunk, and moves the bar on by the forward passes it took.
        passes: how many these are in all.
        title: of the bar, which is shown where `progress`.
        work: what is done, for the error where a card's memory is too small for it.
    """
    remedy = "smaller batches (extraction.batching.CARD_TOKEN_BUDGET), bfloat16 (dtype)"
    found: dict[int, T] = {}
    with (
        memory_named(torch, work=work, remedy=remedy),
        tqdm(total=passes, desc=title, unit=" passes", disable=not progress, delay=1.0) as bar,
    ):
        for chunk in chunks(subwords, numbers=len(encoder.layers) * encoder.dim):
            found.update(zip(chunk.sentences.tolist(), read(chunk, bar)))
    return [found[sentence] for sentence in sorted(found)]


def ranges(starts: Integers, counts: Integers) -> Integers:
    """The numbers from each start on, so many of each, one after the other."""
    within = np.arange(int(counts.sum())) - np.repeat(np.cumsum(counts) - counts, counts)
    return np.repeat(starts, counts) + within


def on_device(encoder: Encoder, *arrays: Integers) -> tuple[Tensor, ...]:
    """Arrays of numbers where the model computes."""
    return tuple(moved(torch.from_numpy(np.ascontiguousarray(array)), encoder.device) for array in arrays)
