"""Batches of sentences for training and prediction: packed words, and groups of similar length for the pairs."""

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from probes.states import States

# Sentences of a batch whose pairs are padded to the longest among them.
GROUP_SENTENCES = 8


@dataclass(frozen=True)
class Group:
    """Neighbours in length within a batch, padded to the longest.

    `index` (sentences, words) finds each word's row among the batch's packed words, 0 where there is none; `mask` is
    1.0 at real words; `lengths` (sentences,) counts them. The group's own words are the packed rows `rows`, and stand
    at `real` in the flattened (sentences, words). `positions` are the sentences' places in the batch.
    """

    index: Tensor
    mask: Tensor
    lengths: Tensor
    real: Tensor
    rows: slice
    positions: NDArray[np.int64]

    def to(self, device: torch.device) -> "Group":
        """The group with its tensors on another device."""
        tensors = {name: getattr(self, name).to(device) for name in ("index", "mask", "lengths", "real")}
        return replace(self, **tensors)


@dataclass(frozen=True)
class Batch:
    """Some sentences: `words` (layers, words, dim) packed without padding, on those `layers`, and their groups."""

    sentences: NDArray[np.int64]
    layers: tuple[int, ...]
    words: Tensor
    groups: tuple[Group, ...]

    def layer(self, number: int) -> Tensor:
        """The words on one layer, (words, dim)."""
        return self.words[self.layers.index(number)]

    def to(self, device: torch.device) -> "Batch":
        """The batch with its tensors on another device."""
        if self.words.device == device:
            return self
        return replace(self, words=self.words.to(device), groups=tuple(group.to(device) for group in self.groups))


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
    with ThreadPoolExecutor(max_workers=1) as reader:
        coming = None
        for batch in [*batches, None]:
            arrived = coming
            if batch is not None:
                coming = reader.submit(read_batch, states, batch, layers)
            if arrived is not None:
                yield arrived.result().to(device)


def read_batch(states: States, sentences: NDArray[np.int64], layers: Sequence[int]) -> Batch:
    """One batch, read and indexed."""
    words = torch.from_numpy(states.read(sentences, layers))
    lengths = np.asarray(states.lengths)[sentences]
    starts = np.concatenate([[0], np.cumsum(lengths)[:-1]])
    groups = tuple(
        make_group(positions, starts[positions], lengths[positions])
        for positions in np.array_split(np.arange(len(sentences)), -(-len(sentences) // GROUP_SENTENCES))
    )
    return Batch(sentences, tuple(layers), words, groups)


def make_group(positions: NDArray[np.int64], starts: NDArray[np.int64], lengths: NDArray[np.int64]) -> Group:
    """The index and mask of some sentences of a batch."""
    place = np.arange(int(lengths.max()))
    real = place < lengths[:, None]
    index = np.where(real, starts[:, None] + place, 0)
    return Group(
        torch.from_numpy(index),
        torch.from_numpy(real.astype(np.float32)),
        torch.from_numpy(lengths.astype(np.float32)),
        torch.from_numpy(np.flatnonzero(real)),
        slice(int(starts[0]), int(starts[-1] + lengths[-1])),
        positions,
    )
