"""How convolutional each attention head is: its best content-free kernel and what the kernel explains."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import logsumexp

from treeprobe.convolution.fitting import FLOOR, Fitted, Observed, fit_free, fit_quadratic, fit_uniform
from treeprobe.convolution.statistics import OffsetStatistics

Floats = NDArray[np.float64]

FIELD = 0.9
"""The share of a head's attention to words that its receptive field holds."""

NOTHING = 1e-4
"""Nats a query: nearer to uniform than this, the rounding of attention to float32 would show in shares."""


@dataclass(frozen=True)
class Kernels:
    """Content-free attention of every head: weights by relative offset, with special positions as columns of their own.

    A word attends to the word at offset δ in proportion to exp(log_offsets[δ + span]) and to special position s in
    proportion to exp(log_specials[s]), among the positions that its sentence has. A special position attends to
    special positions by `special_rows` and gives the rest to all words alike.
    """

    log_offsets: Floats
    """(layers, heads, 2·span + 1)"""
    log_specials: Floats
    """(layers, heads, specials)"""
    special_rows: Floats | None
    """(layers, heads, specials, specials); None where special positions attend to every position alike."""
    leading: int
    """How many special positions stand before the first word."""
    causal: bool = False
    """Whether no word looks to its right, as in a decoder."""

    @property
    def span(self) -> int:
        """The farthest offset."""
        return (self.log_offsets.shape[-1] - 1) // 2

    def attention(self, words: int) -> Floats:
        """(layers, heads, words, words): what words give each other; special positions take the rest.

        Raises ValueError when the sentence is longer than those the kernels were fitted to.
        """
        if words - 1 > self.span:
            raise ValueError(f"the kernels were fitted to offsets up to {self.span}, found {words} words")
        place = np.arange(words)
        scores = self.log_offsets[..., place - place[:, None] + self.span]
        specials = (
            logsumexp(self.log_specials, axis=-1, keepdims=True)[..., None] if self.log_specials.size else -np.inf
        )
        total = np.logaddexp(logsumexp(scores, axis=-1, keepdims=True), specials)
        return np.exp(scores - total)

    def uniform(self) -> "Kernels":
        """Kernels of the same size that give every position that a word may see, special ones too, the same."""
        log_offsets = np.zeros_like(self.log_offsets)
        if self.causal:
            log_offsets[..., self.span + 1 :] = FLOOR
        return Kernels(log_offsets, np.zeros_like(self.log_specials), None, self.leading, self.causal)

    def shuffled(self, seed: int = 0) -> "Kernels":
        """Every head with the kernel of a random other head of the model; no head keeps its own.

        Raises ValueError for a model of one head.
        """
        layers, heads = self.log_offsets.shape[:2]
        count = layers * heads
        if count < 2:
            raise ValueError(f"found kernels of {count} head; expected two or more, so that each can take another's")
        # A cyclic shift along a random order is a permutation that moves everything (Sattolo).
        order = np.random.default_rng(seed).permutation(count)
        other = np.empty(count, np.int64)
        other[order] = np.roll(order, 1)

        def moved(values: Floats) -> Floats:
            """Each head's values at the head that takes them."""
            return values.reshape(count, *values.shape[2:])[other].reshape(values.shape)

        rows = None if self.special_rows is None else moved(self.special_rows)
        return Kernels(moved(self.log_offsets), moved(self.log_specials), rows, self.leading, self.causal)


@dataclass(frozen=True)
class KernelFit:
    """The best kernels of every head, and their reach; arrays are (layers, heads) unless told otherwise.

    Shares are shares of deviance: how much of the distance from uniform attention to the attention observed, in
    cross-entropy, the kernel covers; 1 where attention is the kernel, 0 where offsets say nothing. Uniform attention
    here has free constants for special positions, so parking at [SEP] counts for no share. Nan where there is nothing
    to explain.
    """

    free: Kernels
    """Kernels of any form."""
    quadratic: Kernels
    """Kernels exp(−α(δ − Δ)²)."""
    share: Floats
    quadratic_share: Floats
    information: Floats
    """Nats a query between observed and uniform attention: what there was to explain."""
    centre: Floats
    """Mean offset of the attention between words."""
    width: Floats
    """Standard deviation of that offset."""
    receptive_field: NDArray[np.int64]
    """The fewest offsets that hold 90 % of the attention between words. Where there is none it is 0; the two above are
    nan."""
    quadratic_centre: Floats
    quadratic_width: Floats
    specials: Floats
    """(layers, heads, specials) the mean attention of a word to each special position."""

    @property
    def frame(self) -> pd.DataFrame:
        """A tidy table, one row a head; layer and head from 1."""
        layers, heads = self.share.shape
        index = pd.MultiIndex.from_product([range(1, layers + 1), range(1, heads + 1)], names=["layer", "head"])
        names = ["share", "quadratic_share", "information", "centre", "width", "receptive_field"]
        names += ["quadratic_centre", "quadratic_width"]
        columns = {name: getattr(self, name).reshape(-1) for name in names}
        for special in range(self.specials.shape[-1]):
            columns[f"special_{special + 1}"] = self.specials[..., special].reshape(-1)
        return pd.DataFrame(columns, index=index).reset_index()


def fit_kernels(statistics: OffsetStatistics) -> KernelFit:
    """The best free-form and quadratic kernel of every head, by maximum likelihood (see `fitting`)."""
    shape = statistics.entropy.shape
    observed = _observed(statistics)
    free, uniform = fit_free(observed), fit_uniform(observed)
    quadratic, quadratic_centre, quadratic_width = fit_quadratic(observed)
    possible = -statistics.entropy.reshape(-1) - uniform.likelihood
    informed = possible > NOTHING * statistics.queries

    def share(fitted: Fitted) -> Floats:
        """(layers, heads) what a fit explains of the distance from uniform to observed attention."""
        explained = fitted.likelihood - uniform.likelihood
        return np.where(informed, explained / np.where(informed, possible, 1.0), np.nan).reshape(shape)

    def kernels(fitted: Fitted) -> Kernels:
        """The fit of all heads in one row, by layer and head again."""
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


def receptive_field(mass: Floats, *, held: float = FIELD) -> NDArray[np.int64]:
    """(..., offsets) shares of attention -> (...): the fewest offsets that together hold `held` of it."""
    running = np.cumsum(-np.sort(-mass, axis=-1), axis=-1)
    return 1 + (running < held - 1e-12).sum(-1)


def _observed(statistics: OffsetStatistics) -> Observed:
    """The statistics as the fits take them: all heads in one row, places as words to the left and to the right."""
    left, right, counts = statistics.borders.T
    if statistics.causal:
        # What a decoder may not see does not exist for its kernel, so a query has nothing to its right.
        pairs, member = np.unique(left, return_inverse=True)
        left, right = pairs, np.zeros_like(pairs)
        counts = np.bincount(member, weights=counts).astype(np.int64)
    heads = statistics.entropy.size
    return Observed(
        statistics.offsets.reshape(heads, -1),
        statistics.specials.reshape(heads, statistics.specials.shape[-1]),
        left,
        right,
        counts,
    )
