"""How alike two sets of states of the same words are: centred kernel alignment, from sums over words."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from functools import reduce
from operator import add
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from scipy.stats import t as student

from treeprobe.probes.states import States

GROUPS = 10
"""Groups of sentences of which one after the other is left out, for an interval."""
_READ_SENTENCES = 256


@dataclass(frozen=True)
class Moments:
    """Sums over words of two vectors each, x of (words, first dim) and y of (words, second dim).

    Sums of other words are added with `+`, and taken away with `-`, so that a text is read piece by piece.

    Attributes:
        words: how many.
        products: sum of x yᵀ, (first dim, second dim).
        first, second: sum of x, and of y.
        first_by_norm, second_by_norm: sum of x ‖y‖², and of y ‖x‖².
        norms: sums of ‖x‖², ‖y‖², and ‖x‖² ‖y‖², (3,).
    """

    words: int
    products: NDArray[np.float64]
    first: NDArray[np.float64]
    second: NDArray[np.float64]
    first_by_norm: NDArray[np.float64]
    second_by_norm: NDArray[np.float64]
    norms: NDArray[np.float64]

    @classmethod
    def of(cls, first: NDArray[np.floating[Any]], second: NDArray[np.floating[Any]]) -> Self:
        """The sums over some words, both (words, dim); vectors close to zero keep more digits."""
        x, y = np.asarray(first, dtype=np.float64), np.asarray(second, dtype=np.float64)
        x_norms, y_norms = np.square(x).sum(axis=1), np.square(y).sum(axis=1)
        norms = np.array([x_norms.sum(), y_norms.sum(), x_norms @ y_norms])
        return cls(len(x), x.T @ y, x.sum(axis=0), y.sum(axis=0), y_norms @ x, x_norms @ y, norms)

    def __add__(self, other: "Moments") -> "Moments":
        return Moments(*(getattr(self, one.name) + getattr(other, one.name) for one in fields(self)))

    def __sub__(self, other: "Moments") -> "Moments":
        return Moments(*(getattr(self, one.name) - getattr(other, one.name) for one in fields(self)))

    def hsic(self, *, debiased: bool) -> float:
        """The Hilbert-Schmidt independence criterion of x and y with linear kernels: ‖covariance of x and y‖².

        With `debiased`, the estimator without bias of Song et al. (2012, "Feature Selection via Dependence
        Maximization", eq. 5), for which the kernel matrices are never made; nan for fewer than 4 words. Without it,
        that of Gretton et al. (2005, eq. 9), which is too high where words are few beside dimensions.
        """
        words = self.words
        if words < 4:
            return float("nan")
        if not debiased:
            centred = self.products - np.outer(self.first, self.second) / words
            return float(np.square(centred).sum() / (words - 1) ** 2)
        x_norms, y_norms, both = self.norms
        # Of the kernel matrices with zeros on their diagonals: trace of the product, sums, and product of row sums.
        trace = np.square(self.products).sum() - both
        sums = (self.first @ self.first - x_norms) * (self.second @ self.second - y_norms)
        rows = (
            self.first @ self.products @ self.second
            - self.first @ self.first_by_norm
            - self.second @ self.second_by_norm
            + both
        )
        found = trace + sums / ((words - 1) * (words - 2)) - 2 * rows / (words - 2)
        return float(found / (words * (words - 3)))


@dataclass(frozen=True)
class Alike:
    """How alike two layers are, and by how much the second moved away from the first.

    `cka` is linear CKA with its 95 % interval; `change` is the root mean square of ‖y - x‖ in units of the spread of
    the x, the root mean square of their distances from their mean: 0 where nothing moved, nan where widths differ.
    """

    cka: float
    low: float
    high: float
    change: float


def linear_cka(first: NDArray[np.floating[Any]], second: NDArray[np.floating[Any]], *, debiased: bool = True) -> float:
    """Centred kernel alignment of two sets of vectors of the same words, (words, dim) each, with linear kernels.

    1 where one is the other turned, mirrored, scaled as a whole or moved; 0 where they have nothing linear in common.
    Kornblith et al. (2019, "Similarity of Neural Network Representations Revisited", section 3); `debiased` as Murphy
    et al. (2024) have it, without which few words of many dimensions look alike whatever they are. A debiased value can
    come out a little below 0 or above 1.

    Raises:
        ValueError: the two are not of the same number of words.
    """
    _check_rows(len(first), len(second))
    x, y = (np.asarray(each, dtype=np.float64) - np.mean(each, axis=0, dtype=np.float64) for each in (first, second))
    return _Pair.of(x, y).cka(debiased=debiased)


def compare_states(first: States, second: States, layer: int, *, debiased: bool = True) -> Alike:
    """Linear CKA of one layer of two models on the same text, and how far its words moved, in one pass over the text.

    The interval is that of a jackknife: each of ten groups of sentences is left out in turn (Efron & Tibshirani 1993,
    section 11.5, Student's t with 9 degrees of freedom). Memory is that of some matrices of (dim, dim) for each group.

    Raises:
        ValueError: the two hold other numbers of words or sentences.
    """
    lengths = [np.asarray(states.lengths) for states in (first, second)]
    if not np.array_equal(lengths[0], lengths[1]):
        raise ValueError(
            f"states of {len(lengths[0])} and {len(lengths[1])} sentences, {lengths[0].sum()} and {lengths[1].sum()} "
            "words; expected the same sentences"
        )
    groups = min(GROUPS, len(lengths[0]))
    # Neighbouring sentences are of one document: they are left out together.
    sentences = np.array_split(np.arange(len(lengths[0])), groups)
    # All vectors are read as differences from one point among them, which changes nothing but rounding.
    origins = [states.read(sentences[0], [layer])[0].mean(axis=0, dtype=np.float64) for states in (first, second)]
    if first.dim == second.dim:
        origins[1] = origins[0]  # so that how far words moved can be told
    found = [reduce(add, _moments(first, second, layer, numbers, origins)) for numbers in sentences]
    total = reduce(add, found)
    value = total.cka(debiased=debiased)
    if groups < 2:
        return Alike(value, float("nan"), float("nan"), total.change)
    others = np.array([(total - each).cka(debiased=debiased) for each in found])
    error = np.sqrt((groups - 1) / groups * np.square(others - others.mean()).sum())
    half = float(student.ppf(0.975, groups - 1) * error)
    return Alike(value, value - half, value + half, total.change)


@dataclass(frozen=True)
class _Pair:
    """The moments of two vectors of each word with each other and with themselves."""

    across: Moments
    first: Moments
    second: Moments

    @classmethod
    def of(cls, x: NDArray[np.float64], y: NDArray[np.float64]) -> Self:
        return cls(Moments.of(x, y), Moments.of(x, x), Moments.of(y, y))

    def __add__(self, other: "_Pair") -> "_Pair":
        return _Pair(self.across + other.across, self.first + other.first, self.second + other.second)

    def __sub__(self, other: "_Pair") -> "_Pair":
        return _Pair(self.across - other.across, self.first - other.first, self.second - other.second)

    def cka(self, *, debiased: bool) -> float:
        across, first, second = (each.hsic(debiased=debiased) for each in (self.across, self.first, self.second))
        return across / float(np.sqrt(first * second)) if first > 0 and second > 0 else float("nan")

    @property
    def change(self) -> float:
        """As in `Alike`."""
        if self.across.products.shape[0] != self.across.products.shape[1]:
            return float("nan")
        x_norms, y_norms, _ = self.across.norms
        moved = x_norms + y_norms - 2 * np.trace(self.across.products)
        spread = x_norms - self.across.first @ self.across.first / self.across.words
        return float(np.sqrt(max(moved, 0.0) / spread)) if spread > 0 else float("nan")


def _moments(
    first: States, second: States, layer: int, sentences: NDArray[np.int64], origin: Sequence[NDArray[np.float64]]
) -> Iterator[_Pair]:
    """The moments of some sentences, a few hundred of them at once."""
    for start in range(0, len(sentences), _READ_SENTENCES):
        some = sentences[start : start + _READ_SENTENCES]
        x, y = (states.read(some, [layer])[0] - point for states, point in zip((first, second), origin))
        yield _Pair.of(x, y)


def _check_rows(first: int, second: int) -> None:
    if first != second:
        raise ValueError(f"vectors of {first} and {second} words; expected the same words")
