"""A Laplace code for the integers of a tree, its distances or its depths, given a probe's predictions.

The values coded are the entries of a sentence's matrix of distances above the diagonal, each from 1 to words - 1, or
its words' depths, from 0 to words - 1; sender and receiver know the number of words. Where a probe predicts the real
number μ, the value d is sent with probability

    p(d) = exp(-|d - μ| / b) / Σ_k exp(-|k - μ| / b)          (k over all values that are possible)

a discrete Laplace distribution of width b, truncated to the possible values: the L1 loss that probes are trained
with is its code length up to constants.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar

from treeprobe.probes.targets import Quantity

NARROWEST, WIDEST = 0.05, 50.0


@dataclass(frozen=True)
class IntegerCode:
    """The values of some sentences end to end, with the `lowest` and each one's `highest` possible value.

    `counts` are the numbers of values of each sentence, (sentences,).
    """

    values: NDArray[np.int64]
    lowest: int
    highest: NDArray[np.int64]
    counts: NDArray[np.int64]

    @classmethod
    def of(cls, gold: Sequence[NDArray[Any]], *, quantity: Quantity) -> "IntegerCode":
        """The values of one array of gold distances or depths a sentence."""
        coded = [_entries(array, quantity) for array in gold]
        counts = np.array([len(values) for values in coded], dtype=np.int64)
        highest = np.repeat([len(array) - 1 for array in gold], counts).astype(np.int64)
        return cls(_joined(coded).astype(np.int64), 1 if quantity == "distance" else 0, highest, counts)

    @property
    def uniform_bits(self) -> float:
        """Bits of the uniform code over the possible values."""
        return float(np.log2(self.highest - self.lowest + 1).sum())

    @property
    def uniform_bits_by_sentence(self) -> NDArray[np.float64]:
        """The same, (sentences,)."""
        return self._by_sentence(np.log2(self.highest - self.lowest + 1))

    def bits_by_sentence(self, centres: NDArray[Any], *, width: float) -> NDArray[np.float64]:
        """Bits of the Laplace code around the predicted `centres`, (values,), of each sentence, (sentences,)."""
        return -self._by_sentence(log_probability(self.values, centres, self.lowest, self.highest, width=width))

    def bits(self, centres: NDArray[Any], *, width: float) -> float:
        """Bits of the Laplace code around the predicted `centres`, (values,)."""
        return -float(log_probability(self.values, centres, self.lowest, self.highest, width=width).sum())

    def _by_sentence(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """Sums over the values of each sentence, (sentences,)."""
        sentences = np.repeat(np.arange(len(self.counts)), self.counts)
        return np.asarray(np.bincount(sentences, weights=values, minlength=len(self.counts)), dtype=np.float64)

    def best_width(self, centres: NDArray[Any]) -> float:
        """The width between 0.05 and 50 at which the Laplace code around the `centres`, (values,), is shortest."""

        def length(log_width: float) -> float:
            return self.bits(centres, width=float(np.exp(log_width)))

        found = minimize_scalar(length, bounds=(np.log(NARROWEST), np.log(WIDEST)), method="bounded")
        return float(np.exp(found.x))


def predicted_values(predicted: Sequence[NDArray[Any]], *, quantity: Quantity) -> NDArray[np.float64]:
    """The prediction for each value of `IntegerCode.of`, in its order, (values,)."""
    return _joined([_entries(array, quantity) for array in predicted]).astype(np.float64)


def _entries(values: NDArray[Any], quantity: Quantity) -> NDArray[Any]:
    """What is coded of a sentence: distances above the diagonal, or all depths."""
    return values[np.triu_indices(len(values), 1)] if quantity == "distance" else values


def _joined(arrays: Sequence[NDArray[Any]]) -> NDArray[Any]:
    """The arrays end to end; empty when there are none."""
    return np.concatenate([np.empty(0, dtype=np.int64), *arrays])


def log_probability(
    values: NDArray[np.int64],
    centres: NDArray[Any],
    lowest: int,
    highest: NDArray[np.int64],
    *,
    width: float,
) -> NDArray[np.float64]:
    """log₂ p of each value around its centre, (values,).

    The sum over possible values is two geometric series, downwards and upwards from the centre, so that its cost does
    not depend on their number.
    """
    centres = np.asarray(centres, dtype=np.float64)
    below = np.clip(np.floor(centres), lowest - 1, highest)
    down = _log_series(centres - below, below - lowest + 1, width=width)
    up = _log_series(below + 1 - centres, highest - below, width=width)
    return (-np.abs(values - centres) / width - np.logaddexp(down, up)) / np.log(2)


def _log_series(first: NDArray[np.float64], terms: NDArray[np.float64], *, width: float) -> NDArray[np.float64]:
    """ln Σ exp(-(first + i) / width) over i from 0 to terms - 1; -inf where there are no terms."""
    with np.errstate(divide="ignore"):
        return -first / width + np.log(-np.expm1(-terms / width)) - np.log(-np.expm1(-1 / width))
