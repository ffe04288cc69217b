"""Gold values by sentence, checked once and packed."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol

import numpy as np
from numpy.typing import NDArray

# What a probe predicts and is trained on: a value for every pair of words (distance), or for every word (the others).
# A head is a word's place, counted from 0; that of the word without a head is its own.
Quantity = Literal["distance", "depth", "relation", "head"]


PART_SENTENCES = 256
"""Sentences whose gold values are checked and packed at once."""


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
    """Columns of gold values as `Targets`, where a treebank is not at hand.

    `relations` are for the families that predict them alone, and `heads`, counted from 0 with -1 at the root, for
    `PolarProbe` alone.
    """

    distances: Sequence[NDArray[Any]] = ()
    depths: Sequence[NDArray[Any]] = ()
    relations: Sequence[Sequence[str]] = ()
    heads: Sequence[Sequence[int] | NDArray[Any]] = ()


class PackedGold:
    """One column of gold values, flat: integers from 0 to 255 take a byte each, anything else a float32.

    A treebank may compute its matrices on demand; packing asks for each of them once, not once an epoch.

    Attributes:
        lengths: words of each sentence, (sentences,).
        flat: the values, sentence after sentence.
    """

    def __init__(self, quantity: Quantity, column: Sequence[NDArray[Any]], lengths: NDArray[np.int64]) -> None:
        """Pack one array a sentence. Raises ValueError where the arrays do not fit sentences of these lengths."""
        self.lengths = lengths
        self._axes = 2 if quantity == "distance" else 1
        self.flat = np.concatenate(list(_checked_parts(quantity, column, lengths.tolist())))
        self._starts = np.concatenate([[0], np.cumsum(lengths**self._axes)])

    def __getitem__(self, sentence: int) -> NDArray[Any]:
        """The gold values of a sentence, in its shape: a view."""
        shape = (int(self.lengths[sentence]),) * self._axes
        return self.flat[self._starts[sentence] : self._starts[sentence + 1]].reshape(shape)


def column_of(quantity: Quantity, targets: Targets) -> Sequence[NDArray[Any]]:
    """The column of the targets that holds distances or depths."""
    return targets.distances if quantity == "distance" else targets.depths


def checked_values(
    quantity: Quantity, column: Sequence[NDArray[Any]], lengths: Sequence[int]
) -> Iterator[NDArray[Any]]:
    """Gold values of each sentence, flat and compact. Raises ValueError where they do not fit the sentences."""
    return _checked_parts(quantity, column, lengths, size=1)


def _checked_parts(
    quantity: Quantity, column: Sequence[NDArray[Any]], lengths: Sequence[int], *, size: int = PART_SENTENCES
) -> Iterator[NDArray[Any]]:
    """The same for `size` sentences after the other at once, which is several times as fast as one by one."""
    if len(column) != len(lengths):
        raise ValueError(f"{len(column)} arrays of gold {quantity}s for the states of {len(lengths)} sentences")
    axes = 2 if quantity == "distance" else 1
    for first in range(0, len(lengths), size):
        part = [np.asarray(column[number]) for number in range(first, min(first + size, len(lengths)))]
        for number, (gold, words) in enumerate(zip(part, lengths[first:]), start=first + 1):
            if gold.shape != (words,) * axes:
                raise ValueError(
                    f"sentence {number}: gold {quantity}s have shape {gold.shape}; expected {(words,) * axes}"
                )
        flat = np.concatenate([gold.ravel() for gold in part])
        if not np.isfinite(flat).all():
            number = next(number for number, gold in enumerate(part, first + 1) if not np.isfinite(gold).all())
            raise ValueError(f"sentence {number}: gold {quantity}s hold NaN or infinity; expected finite values")
        yield _compact(flat)


def _compact(gold: NDArray[Any]) -> NDArray[Any]:
    """The same values as bytes where nothing is lost by it, else as float32."""
    small = gold.astype(np.uint8) if gold.size and gold.min() >= 0 and gold.max() < 256 else None
    return small if small is not None and (small == gold).all() else gold.astype(np.float32)
