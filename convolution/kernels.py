"""How convolutional each attention head is: its best content-free kernel, and how much of the head it explains."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import logsumexp

from treeprobe.convolution.fitting import FLOOR, Fitted, Observed, fit_free, fit_quadratic, fit_uniform
from treeprobe.convolution.statistics import OffsetStatistics
from treeprobe.extraction.heads import head_table

Floats = NDArray[np.float64]

FIELD_SHARE = 0.9
"""The share of a head's attention to words that its receptive field holds."""

LEAST_INFORMATION = 1e-4
"""Nats per query: closer to uniform attention than this, shares would reflect float32's rounding."""


@dataclass(frozen=True)
class Kernels:
    """Content-free attention of every head: weights by relative offset, and weights of special positions.

    A word attends to the word at offset δ in proportion to exp(log_offsets[δ + span]) and to special position s in
    proportion to exp(log_specials[s]), among the positions that its sentence has. A special position attends to
    special positions as `special_rows` says, and uniformly to words with the rest.
    """

    log_offsets: Floats
    """(layers, heads, 2·span + 1)"""
    log_specials: Floats
    """(layers, heads, specials)"""
    special_rows: Floats | None
    """(layers, heads, specials, specials); None where special positions attend uniformly to all positions."""
    leading: int
    """Special positions before the first word."""
    causal: bool = False
    """Whether no word attends to its right, as in a decoder."""

    @property
    def span(self) -> int:
        """The farthest offset."""
        return (self.log_offsets.shape[-1] - 1) // 2

    def attention(self, words: int) -> Floats:
        """Attention between the words of a sentence; special positions take the rest.

        Args:
            words: words in the sentence.

        Returns:
            (layers, heads, words, words); rows are queries.

        Raises:
            ValueError: the sentence is longer than those that the kernels were fitted to.
        """
        if words - 1 > self.span:
            raise ValueError(f"the kernels were fitted to offsets up to {self.span}, found {words} words")
        position = np.arange(words)
        scores = self.log_offsets[..., position - position[:, None] + self.span]
        specials = (
            logsumexp(self.log_specials, axis=-1, keepdims=True)[..., None] if self.log_specials.size else -np.inf
        )
        total = np.logaddexp(logsumexp(scores, axis=-1, keepdims=True), specials)
        return np.exp(scores - total)

    def near(self, reach: int) -> Floats:
        """Weights of the nearest offsets alone, as if no other position could be attended to.

        Args:
            reach: the farthest offset on either side.

        Returns:
            (layers, heads, 2·reach + 1) weights of offsets -reach to reach, each head's summing to 1.

        Raises:
            ValueError: the kernels do not reach so far.
        """
        if not 0 <= reach <= self.span:
            raise ValueError(f"the kernels were fitted to offsets up to {self.span}, found a reach of {reach}")
        weights = np.exp(self.log_offsets[..., self.span - reach : self.span + reach + 1])
        return weights / weights.sum(-1, keepdims=True)

    def uniform(self) -> "Kernels":
        """Kernels of the same size that attend uniformly to every position that a word may attend to."""
        log_offsets = np.zeros_like(self.log_offsets)
        if self.causal:
            log_offsets[..., self.span + 1 :] = FLOOR
        return Kernels(log_offsets, np.zeros_like(self.log_specials), None, self.leading, self.causal)

    def shuffled(self, seed: int = 0) -> "Kernels":
        """Every head with the kernel of a random other head of the model; no head keeps its own.

        Args:
            seed: seed of the random order.

        Raises:
            ValueError: the model has one head.
        """
        layers, heads = self.log_offsets.shape[:2]
        count = layers * heads
        if count < 2:
            raise ValueError(f"found kernels of {count} head; expected two or more, so that each can take another's")
        # A cyclic shift along a random order is a permutation without fixed points.
        order = np.random.default_rng(seed).permutation(count)
        other = np.empty(count, np.int64)
        other[order] = np.roll(order, 1)

        def moved(values: Floats) -> Floats:
            """Each head's values, at the head that takes them over."""
            return values.reshape(count, *values.shape[2:])[other].reshape(values.shape)

        rows = None if self.special_rows is None else moved(self.special_rows)
        return Kernels(moved(self.log_offsets), moved(self.log_specials), rows, self.leading, self.causal)


@dataclass(frozen=True)
class KernelFit:
    """The best kernels of every head, and their reach; arrays are (layers, heads) unless another shape is given.

    Shares are shares of deviance: how much of the distance in cross-entropy from uniform attention to the observed
    attention the kernel covers. A share is 1 where the kernel is the attention, 0 where offsets explain nothing, and
    nan where there is nothing to explain. Uniform attention here has free weights for special positions, so that
    attention parked on [SEP] does not count as explained by a kernel.
    """

    free: Kernels
    """Kernels of any form."""
    quadratic: Kernels
    """Kernels exp(−α(δ − Δ)²)."""
    share: Floats
    quadratic_share: Floats
    information: Floats
    """Nats per query between uniform and observed attention: what there is to explain."""
    centre: Floats
    """Mean offset of the attention between words."""
    width: Floats
    """Standard deviation of that offset."""
    receptive_field: NDArray[np.int64]
    """The fewest offsets that hold 90 % of the attention between words. Where there is no such attention it is 0, and
    centre and width are nan."""
    quadratic_centre: Floats
    quadratic_width: Floats
    specials: Floats
    """(layers, heads, specials) mean attention of a word to each special position."""

    @property
    def frame(self) -> pd.DataFrame:
        """One row per head: layer and head from 1, every quantity, and the mean attention to each special position."""
        names = ["share", "quadratic_share", "information", "centre", "width", "receptive_field"]
        names += ["quadratic_centre", "quadratic_width"]
        specials = {f"special_{s + 1}": self.specials[..., s] for s in range(self.specials.shape[-1])}
        return head_table({**{name: getattr(self, name) for name in names}, **specials})


def fit_kernels(statistics: OffsetStatistics) -> KernelFit:
    """The best free-form and quadratic kernel of every head, by maximum likelihood (see `fitting`)."""
    shape = statistics.entropy.shape
    observed = _observed(statistics)
    free, uniform = fit_free(observed), fit_uniform(observed)
    quadratic, quadratic_centre, quadratic_width = fit_quadratic(observed)
    possible = -statistics.entropy.reshape(-1) - uniform.likelihood
    informed = possible > LEAST_INFORMATION * statistics.queries

    def share(fitted: Fitted) -> Floats:
        """(layers, heads) the share of the distance from uniform to observed attention that a fit covers."""
        explained = fitted.likelihood - uniform.likelihood
        return np.where(informed, explained / np.where(informed, possible, 1.0), np.nan).reshape(shape)

    def kernels(fitted: Fitted) -> Kernels:
        """A fit of all heads along one axis, by layer and head again."""
        return Kernels(
            fitted.log_offsets.reshape(*shape, -1),
            fitted.log_specials.reshape(*shape, statistics.specials.shape[-1]),
            statistics.special_rows,
            statistics.leading,
            statistics.causal,
        )

    between_words = statistics.offsets.sum(-1, keepdims=True)
    with np.errstate(invalid="ignore"):
        mass = statistics.offsets / between_words
    shifts = np.arange(-statistics.span, statistics.span + 1)
    centre = mass @ shifts
    return KernelFit(
        free=kernels(free),
        quadratic=kernels(quadratic),
        share=share(free),
        quadratic_share=share(quadratic),
        information=(possible / statistics.queries).reshape(shape),
        centre=centre,
        width=np.sqrt(np.maximum(mass @ shifts**2 - centre**2, 0.0)),
        receptive_field=np.where(between_words[..., 0] > 0, receptive_field(mass), 0),
        quadratic_centre=quadratic_centre.reshape(shape),
        quadratic_width=quadratic_width.reshape(shape),
        specials=statistics.specials / statistics.queries,
    )


def receptive_field(mass: Floats, *, share: float = FIELD_SHARE) -> NDArray[np.int64]:
    """The fewest offsets that together hold a given share of the attention, (..., offsets) -> (...)."""
    running = np.cumsum(-np.sort(-mass, axis=-1), axis=-1)
    return 1 + (running < share - 1e-12).sum(-1)


def _observed(statistics: OffsetStatistics) -> Observed:
    """The statistics as the fits take them: layers and heads along one axis, borders as three arrays."""
    left, right, counts = statistics.borders.T
    if statistics.causal:
        # What the causal mask hides does not exist for a kernel, so a query has nothing to its right.
        left, context = np.unique(left, return_inverse=True)
        right = np.zeros_like(left)
        counts = np.bincount(context, weights=counts).astype(np.int64)
    heads = statistics.entropy.size
    return Observed(
        statistics.offsets.reshape(heads, -1),
        statistics.specials.reshape(heads, statistics.specials.shape[-1]),
        left,
        right,
        counts,
    )
