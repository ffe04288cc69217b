"""Batches of sentences for training and prediction: packed words, and groups of similar length for the pairs."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from typing import TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from treeprobe.probes.states import States

Result = TypeVar("Result")

# Sentences of a batch whose pairs are padded to the longest among them.
GROUP_SENTENCES = 8


@dataclass(frozen=True)
class Group:
    """Neighbours in length within a batch, padded to the longest.

    `index` (sentences, words) finds each word's row among the batch's packed words, that of another where there is
    none; `mask` is 1.0 at real words; `lengths` (sentences,) counts them; `pair_weights` (sentences, words, words) is
    1 / words² at pairs of real words, else 0, and `word_weights` (sentences, words) likewise 1 / words. The group's own
    words are the packed rows `rows`, and stand at `real` in the flattened (sentences, words). `positions` are the
    sentences' places in the batch.
    """

    index: Tensor
    mask: Tensor
    lengths: Tensor
    pair_weights: Tensor
    word_weights: Tensor
    real: Tensor
    rows: slice
    positions: NDArray[np.int64]

    def to(self, device: torch.device) -> "Group":
        """The group with its tensors on another device."""
        names = ("index", "mask", "lengths", "pair_weights", "word_weights", "real")
        return replace(self, **{name: getattr(self, name).to(device) for name in names})


@dataclass(frozen=True)
class Batch:
    """Some sentences: `words` (layers, words, dim) packed without padding, on those `layers`, and their groups.

    `word_weights` (words,) is 1 / words of each word's sentence.
    """

    sentences: NDArray[np.int64]
    layers: tuple[int, ...]
    words: Tensor
    word_weights: Tensor
    groups: tuple[Group, ...]

    def layer(self, number: int) -> Tensor:
        """The words on one layer, (words, dim)."""
        return self.words[self.layers.index(number)]

    def to(self, device: torch.device) -> "Batch":
        """The batch with its tensors on another device."""
        if self.words.device == device:
            return self
        words, weights = self.words.to(device), self.word_weights.to(device)
        return replace(self, words=words, word_weights=weights, groups=tuple(group.to(device) for group in self.groups))


def shuffled_batches(
    lengths: NDArray[np.int64], *, size: int, generator: np.random.Generator
) -> list[NDArray[np.int64]]:
    """Every sentence once, in batches of mixed lengths, each sorted by length inside.

    Lengths are mixed on purpose: batches of one length each would make the steps biased.
    """
    order = generator.permutation(len(lengths))
    batches = [order[start : start + size] for start in range(0, len(order), size)]
    return [batch[np.argsort(lengths[batch], kind="stable")] for batch in batches]


def ordered_batches(lengths: NDArray[np.int64], *, size: int) -> list[NDArray[np.int64]]:
    """Every sentence once, shortest first; for prediction, where order does not matter."""
    order = np.argsort(lengths, kind="stable")
    return [order[start : start + size] for start in range(0, len(order), size)]


def read_batches(
    states: States, batches: Sequence[NDArray[np.int64]], *, layers: Sequence[int], device: torch.device
) -> Iterator[Batch]:
    """The batches with their vectors, the next one read by a thread while the current one is worked on."""
    for batch in ahead(partial(read_batch, states, sentences, layers) for sentences in batches):
        yield batch.to(device)


def ahead(jobs: Iterable[Callable[[], Result]]) -> Iterator[Result]:
    """What the jobs return, in order; the next one is done by a thread while its forerunner is worked on."""
    with ThreadPoolExecutor(max_workers=1) as worker:
        coming = None
        for job in jobs:
            arrived, coming = coming, worker.submit(job)
            if arrived is not None:
                yield arrived.result()
        if coming is not None:
            yield coming.result()


def read_batch(states: States, sentences: NDArray[np.int64], layers: Sequence[int]) -> Batch:
    """One batch, read and indexed."""
    words = torch.from_numpy(states.read(sentences, layers))
    lengths = np.asarray(states.lengths)[sentences]
    starts = np.concatenate([[0], np.cumsum(lengths)[:-1]])
    groups = tuple(
        make_group(positions, starts[positions], lengths[positions])
        for positions in np.array_split(np.arange(len(sentences)), -(-len(sentences) // GROUP_SENTENCES))
    )
    weights = torch.from_numpy(np.repeat(1 / lengths, lengths).astype(np.float32))
    return Batch(sentences, tuple(layers), words, weights, groups)


def make_group(positions: NDArray[np.int64], starts: NDArray[np.int64], lengths: NDArray[np.int64]) -> Group:
    """The index and weights of some sentences of a batch."""
    place = np.arange(int(lengths.max()))
    real = place < lengths[:, None]
    index = np.where(real, starts[:, None] + place, starts[:, None])
    mask = torch.from_numpy(real.astype(np.float32))
    sizes = torch.from_numpy(lengths.astype(np.float32))
    word_weights = mask / sizes[:, None]
    return Group(
        torch.from_numpy(index),
        mask,
        sizes,
        word_weights[:, :, None] * word_weights[:, None, :],
        word_weights,
        torch.from_numpy(np.flatnonzero(real)),
        slice(int(starts[0]), int(starts[-1] + lengths[-1])),
        positions,
    )
