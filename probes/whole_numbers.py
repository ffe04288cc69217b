"""Codes for the whole numbers of a tree: its distances, or its depths, around what a probe says of them.

The values coded are the entries of a sentence's matrix of distances above the diagonal, each from 1 to words - 1, or
its words' depths, from 0 to words - 1; both sides know the number of words. A probe says a real number μ, and the value
d is sent with probability

    p(d) = exp(-|d - μ| / b) / Σ_k exp(-|k - μ| / b)          (k over all values that are possible)

a discrete Laplace distribution of width b, cut off where values are impossible: the L1 loss that probes are trained
with is its code length up to constants.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar

from treeprobe.probes.targets import Kind

NARROWEST, WIDEST = 0.05, 50.0


@dataclass(frozen=True)
class WholeNumbers:
    """The values to be coded of some sentences, end to end, each with the `lowest` and `highest` that is possible."""

    values: NDArray[np.int64]
    lowest: int
    highest: NDArray[np.int64]

    @classmethod
    def of(cls, gold: Sequence[NDArray[Any]], *, kind: Kind) -> "WholeNumbers":
        """The values of one array of gold distances or depths a sentence."""
        coded = [entries(array, kind=kind) for array in gold]
        highest = np.repeat([len(array) - 1 for array in gold], [len(values) for values in coded])
        return cls(joined(coded).astype(np.int64), 1 if kind == "distance" else 0, highest.astype(np.int64))

    @property
    def uniform_bits(self) -> float:
        """Bits that they take where every possible value is as likely."""
        return float(np.log2(self.highest - self.lowest + 1).sum())

    def bits(self, centres: NDArray[Any], *, width: float) -> float:
        """Bits that they take around the `centres` that are predicted, (values,)."""
        return -float(log_probability(self.values, centres, self.lowest, self.highest, width=width).sum())

    def best_width(self, centres: NDArray[Any]) -> float:
        """The width around the `centres` at which they take fewest bits, between 0.05 and 50."""

        def length(log_width: float) -> float:
            return self.bits(centres, width=float(np.exp(log_width)))

        found = minimize_scalar(length, bounds=(np.log(NARROWEST), np.log(WIDEST)), method="bounded")
        return float(np.exp(found.x))


def predicted_entries(predicted: Sequence[NDArray[Any]], *, kind: Kind) -> NDArray[np.float64]:
    """What is predicted of each value of `WholeNumbers.of`, in its order."""
    return joined([entries(array, kind=kind) for array in predicted]).astype(np.float64)


def entries(values: NDArray[Any], *, kind: Kind) -> NDArray[Any]:
    """What is coded of a sentence: distances above the diagonal, or all depths."""
    return values[np.triu_indices(len(values), 1)] if kind == "distance" else values


def joined(arrays: Sequence[NDArray[Any]]) -> NDArray[Any]:
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

    The sum over possible values is two geometric series, downwards from the centre and upwards, so that its cost does
    not depend on how many values are possible.
    """
    centres = np.asarray(centres, dtype=np.float64)
    below = np.clip(np.floor(centres), lowest - 1, highest)
    down = log_series(centres - below, below - lowest + 1, width=width)
    up = log_series(below + 1 - centres, highest - below, width=width)
    return (-np.abs(values - centres) / width - np.logaddexp(down, up)) / np.log(2)


def log_series(first: NDArray[np.float64], terms: NDArray[np.float64], *, width: float) -> NDArray[np.float64]:
    """ln Σ exp(-(first + i) / width) over i from 0 to terms - 1; -inf where there are no terms."""
    with np.errstate(divide="ignore"):
        return -first / width + np.log(-np.expm1(-terms / width)) - np.log(-np.expm1(-1 / width))
