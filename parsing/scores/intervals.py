"""Metrics as sums over sentences, with bootstrap intervals by resampling sentences.

Every metric is a mean over strata of Σ numerators / Σ denominators. One stratum gives a micro average (UUAS); one
stratum for each sentence length gives the Spearman metrics of Hewitt & Manning (2019). The metric on a bootstrap sample
is then a product of the sentences' counts in the sample with the columns of a tally.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

RESAMPLES = 1000
_RESAMPLES_AT_ONCE = 100


@dataclass(frozen=True)
class Score:
    """The value of a metric with its 95 % bootstrap interval over sentences; `n` units were averaged over."""

    metric: str
    value: float
    low: float
    high: float
    n: int


@dataclass(frozen=True)
class Difference:
    """The first of two scores less the second, on the same sentences, with its 95 % interval.

    `p` is the two-sided bootstrap p-value of no difference, and `least_p` the smallest that so many resamples can
    give, 2 / (resamples + 1); `n` is the number of units that the first score was averaged over.
    """

    metric: str
    value: float
    low: float
    high: float
    p: float
    n: int
    least_p: float = 2 / (RESAMPLES + 1)

    @property
    def p_text(self) -> str:
        """p in print: three decimals, or "<0.002" at its floor, since no p of a finite number of resamples is zero."""
        return p_text(self.p, self.least_p)


@dataclass(frozen=True)
class Tally:
    """What a metric counts in each sentence.

    Attributes:
        metric: The metric's name.
        numerators: The sum of the metric's values in each sentence, (sentences,).
        denominators: The number of units in each sentence, (sentences,); 0 for a sentence that does not count.
        strata: The stratum of each sentence, (sentences,).
    """

    metric: str
    numerators: NDArray[np.float64]
    denominators: NDArray[np.float64]
    strata: NDArray[np.int64]

    @property
    def value(self) -> float:
        """The metric over all sentences; nan when no sentence counts."""
        return float(self.resampled(np.ones((1, len(self.numerators))))[0])

    def __float__(self) -> float:
        """The value, so that a tally can be used where a number is expected."""
        return self.value

    @property
    def n(self) -> int:
        """The number of units averaged over: edges, words or sentences, depending on the metric."""
        return round(self.denominators.sum())

    def resampled(self, weights: NDArray[Any]) -> NDArray[np.float64]:
        """The metric on each bootstrap sample; strata without sentences in a sample are ignored there.

        Args:
            weights: How often each sentence occurs in each sample, (samples, sentences).

        Returns:
            The metric, (samples,).
        """
        counted = self.denominators > 0
        labels, members = np.unique(self.strata[counted], return_inverse=True)
        indicator = np.zeros((int(counted.sum()), len(labels)))
        indicator[np.arange(len(members)), members] = 1.0
        counts = weights[:, counted]
        numerators = counts @ (indicator * self.numerators[counted, None])
        denominators = counts @ (indicator * self.denominators[counted, None])
        with np.errstate(invalid="ignore", divide="ignore"):
            ratios = np.where(denominators > 0, numerators / denominators, np.nan)
            present = (~np.isnan(ratios)).sum(axis=1)
            return np.where(present > 0, np.nansum(ratios, axis=1) / present, np.nan)

    @property
    def stratified(self) -> bool:
        """Whether the metric is a mean over more than one stratum."""
        return len(np.unique(self.strata[self.denominators > 0])) > 1

    def score(self, *, resamples: int = RESAMPLES, seed: int = 0) -> Score:
        """The value with its 95 % percentile interval over sentences (Efron & Tibshirani 1993, section 13.3).

        For a mean over strata the bootstrap is biased, and its bias is subtracted (chapter 10): a sample lacks some of
        the strata with few sentences, and where those are the long sentences, which are hard, it comes out too high.
        """
        (score,) = score_all([self], resamples=resamples, seed=seed)
        return score

    def bootstrap(self, *, resamples: int = RESAMPLES, seed: int = 0) -> NDArray[np.float64]:
        """The metric on each bootstrap sample, (resamples,); the same seed draws the same sentences."""
        return bootstrap_all([self], resamples=resamples, seed=seed)[0]


def micro(
    metric: str, numerators: Sequence[float] | NDArray[Any], denominators: Sequence[float] | NDArray[Any]
) -> Tally:
    """The tally of a micro average, which has one stratum; arguments are (sentences,)."""
    top, bottom = np.asarray(numerators, dtype=np.float64), np.asarray(denominators, dtype=np.float64)
    return Tally(metric, top, bottom, np.zeros(len(top), dtype=np.int64))


def score_all(tallies: Sequence[Tally], *, resamples: int = RESAMPLES, seed: int = 0) -> list[Score]:
    """The value and interval of each tally, all from the same bootstrap samples.

    Raises:
        ValueError: If the tallies are over different numbers of sentences.
    """
    values = bootstrap_all(tallies, resamples=resamples, seed=seed)
    return [resampled_score(tally, row) for tally, row in zip(tallies, values)]


def resampled_score(tally: Tally, values: NDArray[np.float64]) -> Score:
    """The score of a tally, given its metric on each bootstrap sample, (resamples,)."""
    return Score(tally.metric, tally.value, *interval(_unbiased(values, tally.value, tally)), tally.n)


def _unbiased(values: NDArray[np.float64], value: float, tally: Tally) -> NDArray[np.float64]:
    """Bootstrap values shifted to have mean `value` if `tally` is a mean over strata; see `Tally.score`."""
    return values - (np.nanmean(values) - value) if tally.stratified else values


def bootstrap_all(tallies: Sequence[Tally], *, resamples: int = RESAMPLES, seed: int = 0) -> NDArray[np.float64]:
    """Each tally's metric on the same bootstrap samples, (tallies, resamples); sharing them is much faster.

    Raises:
        ValueError: If the tallies are over different numbers of sentences.
    """
    sizes = {len(tally.numerators) for tally in tallies}
    if len(sizes) > 1:
        raise ValueError(f"tallies over {sorted(sizes)} sentences; expected the same sentences in all")
    if not tallies:
        return np.empty((0, resamples))
    draws = resampling_weights(sizes.pop(), resamples=resamples, seed=seed)
    return np.hstack([np.stack([tally.resampled(weights) for tally in tallies]) for weights in draws])


def resampling_weights(sentences: int, *, resamples: int, seed: int) -> Iterator[NDArray[np.float64]]:
    """How often each sentence occurs in each bootstrap sample, as blocks of rows, (at most 100, sentences)."""
    generator = np.random.default_rng(seed)
    even = np.full(sentences, 1 / max(sentences, 1))
    for start in range(0, resamples, _RESAMPLES_AT_ONCE):
        rows = min(_RESAMPLES_AT_ONCE, resamples - start)
        drawn = generator.multinomial(sentences, even, size=rows) if sentences else np.zeros((rows, 0))
        yield drawn.astype(np.float64)


def interval(values: NDArray[np.float64]) -> tuple[float, float]:
    """The middle 95 % of the values that are not nan; nan for both ends when there are none."""
    found = values[~np.isnan(values)]
    if not found.size:
        return float("nan"), float("nan")
    low, high = np.quantile(found, [0.025, 0.975])
    return float(low), float(high)


def paired_difference(first: Tally, second: Tally, *, resamples: int = RESAMPLES, seed: int = 0) -> Difference:
    """`first` less `second`, both scored on the same bootstrap samples; negative where the second is higher.

    Raises:
        ValueError: If the tallies are not of the same metric over the same number of sentences.
    """
    return paired_differences([(first, second)], resamples=resamples, seed=seed)[0]


def paired_differences(
    pairs: Sequence[tuple[Tally, Tally]], *, resamples: int = RESAMPLES, seed: int = 0
) -> list[Difference]:
    """`paired_difference` of many pairs over the same sentences, all from the same bootstrap samples.

    Raises:
        ValueError: If a pair is not of the same metric, or the tallies are over different numbers of sentences.
    """
    for first, second in pairs:
        if first.metric != second.metric or len(first.numerators) != len(second.numerators):
            raise ValueError(
                f"cannot pair {first.metric} over {len(first.numerators)} sentences with "
                f"{second.metric} over {len(second.numerators)}; expected the same metric on the same sentences"
            )
    values = bootstrap_all([tally for pair in pairs for tally in pair], resamples=resamples, seed=seed)
    return [
        difference(first, second, values[2 * place] - values[2 * place + 1])
        for place, (first, second) in enumerate(pairs)
    ]


def difference(first: Tally, second: Tally, gaps: NDArray[np.float64]) -> Difference:
    """`first` less `second`, given the difference on each bootstrap sample, (resamples,)."""
    value = first.value - second.value
    gaps = _unbiased(gaps, value, first)
    low, high = interval(gaps)
    found = gaps[~np.isnan(gaps)]
    tail = min((found <= 0).sum(), (found >= 0).sum())
    least_p = 2 / (len(found) + 1)
    p = min(1.0, (int(tail) + 1) * least_p)
    return Difference(first.metric, value, low, high, p, first.n, least_p)


def p_text(p: float, least_p: float) -> str:
    """A p-value in print: three decimals, or that it is below the smallest that could be found; a dash without any."""
    if np.isnan(p) or least_p > 1:
        return "–"
    return f"{p:.3f}" if p > least_p else f"<{math.ceil(least_p * 1000) / 1000:.3f}"
