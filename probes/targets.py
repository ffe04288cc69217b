"""Gold values by sentence, checked once and packed so that a batch is a few small copies."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from probes.batches import Batch
from probes.states import States

Kind = Literal["distance", "depth"]


class Targets(Protocol):
    """Gold values by sentence: a treebank, or anything with these two columns."""

    @property
    def distances(self) -> Sequence[NDArray[Any]]:
        """Tree distances, one (words, words) array a sentence."""

    @property
    def depths(self) -> Sequence[NDArray[Any]]:
        """Tree depths, one (words,) array a sentence."""


@dataclass(frozen=True)
class GoldTargets:
    """Columns of gold values as `Targets`, where a treebank is not at hand."""

    distances: Sequence[NDArray[Any]] = ()
    depths: Sequence[NDArray[Any]] = ()


class PackedTargets:
    """One column of gold values, flat: whole numbers below 256 take a byte each, anything else a float32.

    A treebank may compute its matrices on demand; packing asks for each of them once, not once an epoch.
    """

    def __init__(self, kind: Kind, targets: Targets, states: States) -> None:
        column = column_of(kind, targets)
        self.lengths = np.asarray(states.lengths)
        self.axes = 2 if kind == "distance" else 1
        self.flat = np.concatenate(list(checked(kind, column, self.lengths.tolist())))
        self.starts = np.concatenate([[0], np.cumsum(self.lengths**self.axes)])

    def __getitem__(self, sentence: int) -> NDArray[Any]:
        shape = (int(self.lengths[sentence]),) * self.axes
        return self.flat[self.starts[sentence] : self.starts[sentence + 1]].reshape(shape)

    def padded(self, batch: Batch) -> list[Tensor]:
        """Gold values of a batch group by group, each padded with zeros: (sentences, words) or (…, words, words)."""
        found = []
        for group in batch.groups:
            longest = group.index.shape[1]
            values = np.zeros((len(group.positions), *[longest] * self.axes), dtype=np.float32)
            for row, position in zip(values, group.positions):
                gold = self[batch.sentences[position]]
                row[tuple(slice(size) for size in gold.shape)] = gold
            found.append(torch.from_numpy(values).to(batch.words.device))
        return found

    def packed(self, batch: Batch) -> Tensor:
        """Gold values of a batch's sentences back to back, as its words are."""
        values = np.concatenate([self[sentence].ravel() for sentence in batch.sentences])
        return torch.from_numpy(values.astype(np.float32)).to(batch.words.device)


def column_of(kind: Kind, targets: Targets) -> Sequence[NDArray[Any]]:
    """The column of the targets that a kind of probe is trained on."""
    return targets.distances if kind == "distance" else targets.depths


def checked(kind: Kind, column: Sequence[NDArray[Any]], lengths: Sequence[int]) -> Iterator[NDArray[Any]]:
    """Every sentence's gold values, flat and compact. Raises ValueError where they do not fit the sentences."""
    if len(column) != len(lengths):
        raise ValueError(f"{len(column)} arrays of gold {kind}s for the states of {len(lengths)} sentences")
    for number, (array, words) in enumerate(zip(column, lengths), start=1):
        gold = np.asarray(array)
        expected = (words, words) if kind == "distance" else (words,)
        if gold.shape != expected:
            raise ValueError(f"sentence {number}: gold {kind}s have shape {gold.shape}; expected {expected}")
        if not np.isfinite(gold).all():
            raise ValueError(f"sentence {number}: gold {kind}s hold values that are not finite")
        yield compact(gold).ravel()


def compact(gold: NDArray[Any]) -> NDArray[Any]:
    """The same values as bytes where nothing is lost by it, else as float32."""
    small = gold.astype(np.uint8) if gold.size and gold.min() >= 0 and gold.max() < 256 else None
    return small if small is not None and (small == gold).all() else gold.astype(np.float32)
