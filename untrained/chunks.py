"""Sentences in chunks of about one length, and the states of their subwords, held where the model computes."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from treeprobe.devices import moved
from treeprobe.extraction.alignment import Integers, bounds_of
from treeprobe.extraction.encoder import Encoder
from treeprobe.extraction.subwords import Subwords

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


def ranges(starts: Integers, counts: Integers) -> Integers:
    """The numbers from each start on, so many of each, one after the other."""
    within = np.arange(int(counts.sum())) - np.repeat(np.cumsum(counts) - counts, counts)
    return np.repeat(starts, counts) + within


def on_device(encoder: Encoder, *arrays: Integers) -> tuple[Tensor, ...]:
    """Arrays of numbers where the model computes."""
    return tuple(moved(torch.from_numpy(np.ascontiguousarray(array)), encoder.device) for array in arrays)
