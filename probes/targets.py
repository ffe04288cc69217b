"""Gold values by sentence, checked once and packed so that a batch is a few small copies."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from treeprobe.probes.batches import Batch
from treeprobe.probes.states import States

Kind = Literal["distance", "depth", "relation"]

# A batch's gold by kind: distances padded by group, depths and relations packed as the words are.
BatchGold = Mapping[Kind, Any]

UNKNOWN = -100  # the number of a relation that training did not see


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
    """Columns of gold values as `Targets`, where a treebank is not at hand; `relations` are for `DepProbe` alone."""

    distances: Sequence[NDArray[Any]] = ()
    depths: Sequence[NDArray[Any]] = ()
    relations: Sequence[Sequence[str]] = ()


class PackedTargets:
    """One column of gold values, flat: whole numbers below 256 take a byte each, anything else a float32.

    A treebank may compute its matrices on demand; packing asks for each of them once, not once an epoch. Relations are
    packed as their places among the `relations` that are told apart.
    """

    def __init__(self, kind: Kind, targets: Targets, states: States, *, relations: Sequence[str] = ()) -> None:
        self.kind = kind
        self.lengths = np.asarray(states.lengths)
        self.axes = 2 if kind == "distance" else 1
        column = numbered(relations_of(targets), relations) if kind == "relation" else column_of(kind, targets)
        self.flat = np.concatenate(list(checked(kind, column, self.lengths.tolist())))
        self.starts = np.concatenate([[0], np.cumsum(self.lengths**self.axes)])

    def __getitem__(self, sentence: int) -> NDArray[Any]:
        """The gold values of a sentence, in its shape: a view."""
        shape = (int(self.lengths[sentence]),) * self.axes
        return self.flat[self.starts[sentence] : self.starts[sentence + 1]].reshape(shape)

    def of(self, batch: Batch) -> Any:
        """The gold of a batch: distances group by group, padded; depths and relations packed as its words are."""
        return self._padded(batch) if self.kind == "distance" else self._packed(batch)

    def _padded(self, batch: Batch) -> list[Tensor]:
        found = []
        for group in batch.groups:
            values = np.zeros(group.pair_weights.shape, dtype=np.float32)
            for row, position in zip(values, group.positions):
                gold = self[batch.sentences[position]]
                row[: len(gold), : len(gold)] = gold
            found.append(torch.from_numpy(values).to(batch.words.device))
        return found

    def _packed(self, batch: Batch) -> Tensor:
        values = np.concatenate([self[sentence] for sentence in batch.sentences])
        number_format = np.int64 if self.kind == "relation" else np.float32
        return torch.from_numpy(values.astype(number_format)).to(batch.words.device)


def column_of(kind: Kind, targets: Targets) -> Sequence[NDArray[Any]]:
    """The column of the targets that holds distances or depths."""
    return targets.distances if kind == "distance" else targets.depths


def relations_of(targets: Any) -> Sequence[Sequence[str]]:
    """Every sentence's relations, of columns or of a treebank, whose sentences have them."""
    return targets.relations if isinstance(targets, GoldTargets) else [tree.relations for tree in targets]


def numbered(relations: Sequence[Sequence[str]], known: Sequence[str]) -> list[NDArray[np.int64]]:
    """Places of the relations among those known; `UNKNOWN` where they are not there."""
    places = {relation: place for place, relation in enumerate(known)}
    return [np.array([places.get(relation, UNKNOWN) for relation in sentence]) for sentence in relations]


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


def mean_loss(kind: Kind, predicted: Sequence[NDArray[Any]], column: Sequence[NDArray[Any]]) -> float:
    """Hewitt & Manning's loss (2019): the mean over sentences of the mean absolute error of their entries.

    Entries are the ordered pairs of words, each with itself included, or the words.

    Raises ValueError where the gold values do not fit what is predicted.
    """
    gold = checked(kind, column, [len(each) for each in predicted])
    return float(np.mean([np.abs(one.ravel() - other).mean() for one, other in zip(predicted, gold)]))


def compact(gold: NDArray[Any]) -> NDArray[Any]:
    """The same values as bytes where nothing is lost by it, else as float32."""
    small = gold.astype(np.uint8) if gold.size and gold.min() >= 0 and gold.max() < 256 else None
    return small if small is not None and (small == gold).all() else gold.astype(np.float32)
