"""Metrics as sums over sentences, with bootstrap intervals by resampling documents or sentences.

Every metric is a mean over strata of Σ numerators / Σ denominators. One stratum gives a micro average (UUAS); one
stratum for each sentence length gives the Spearman metrics of Hewitt & Manning (2019). The metric on a bootstrap sample
is then a product of the sentences' counts in the sample with the columns of a tally.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from treeprobe.parsing.scores.rare_strata import missing_variance
from treeprobe.parsing.scores.resampling import Unit, interval, resampled_clusters, resampling_weights

RESAMPLES = 1000


@dataclass(frozen=True)
class Score:
    """The value of a metric with its 95 % bootstrap interval; `n` units were averaged over.

    `resampled` says what the bootstrap samples are drawn from: documents or sentences.
    """

    metric: str
    value: float
    low: float
    high: float
    n: int
    resampled: Unit = "sentences"


@dataclass(frozen=True)
class Difference:
    """The first of two scores less the second, on the same sentences, with its 95 % interval.

    `p` is the two-sided bootstrap p-value of no difference, and `least_p` the smallest that so many resamples can
    give, 2 / (resamples + 1); `n` is the number of units that the first score was averaged over; `resampled` is as in
    `Score`.
    """

    metric: str
    value: float
    low: float
    high: float
    p: float
    n: int
    least_p: float = 2 / (RESAMPLES + 1)
    resampled: Unit = "sentences"

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
        documents: The number of each sentence's document, (sentences,), from 0; None where documents are unknown.
    """

    metric: str
    numerators: NDArray[np.float64]
    denominators: NDArray[np.float64]
    strata: NDArray[np.int64]
    documents: NDArray[np.int64] | None = None

    @property
    def value(self) -> float:
        """The metric over all sentences; nan when no sentence counts."""
        return float(self.on_samples(np.ones((1, len(self.numerators))))[0])

    def __float__(self) -> float:
        """The value, so that a tally can be used where a number is expected."""
        return self.value

    @property
    def n(self) -> int:
        """The number of units averaged over: edges, words or sentences, depending on the metric."""
        return round(self.denominators.sum())

    def on_samples(self, weights: NDArray[Any]) -> NDArray[np.float64]:
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
    def deviations(self) -> NDArray[np.float64]:
        """By how much each sentence deviates from its stratum, in units of the metric, (sentences,); to first order."""
        strata = np.unique(self.strata, return_inverse=True)[1]
        counted = self.denominators > 0
        tops, bottoms, sizes = (
            np.bincount(strata, weights=each)[strata] for each in (self.numerators, self.denominators, counted)
        )
        with np.errstate(invalid="ignore", divide="ignore"):
            found = (self.numerators - tops / bottoms * self.denominators) * sizes / bottoms
        return np.where(counted, found, 0.0)

    @property
    def stratified(self) -> bool:
        """Whether the metric is a mean over more than one stratum."""
        return len(np.unique(self.strata[self.denominators > 0])) > 1

    def score(self, *, resamples: int = RESAMPLES, seed: int = 0) -> Score:
        """The value with its 95 % percentile interval (Efron & Tibshirani 1993, section 13.3; `resampling.interval`).

        For a mean over strata the bootstrap is biased, and its bias is subtracted (chapter 10): a sample lacks some of
        the strata with few sentences, and where those are the long sentences, which are hard, it comes out too high. It
        also varies too little, since it repeats the one sentence of a stratum; it is spread by what is missing
        (`rare_strata.missing_variance`).
        """
        (score,) = score_all([self], resamples=resamples, seed=seed)
        return score

    def bootstrap(self, *, resamples: int = RESAMPLES, seed: int = 0) -> NDArray[np.float64]:
        """The metric on each bootstrap sample, (resamples,); the same seed draws the same samples."""
        return resample([self], resamples=resamples, seed=seed).values[0]


def micro(
    metric: str,
    numerators: Sequence[float] | NDArray[Any],
    denominators: Sequence[float] | NDArray[Any],
    *,
    documents: NDArray[np.int64] | None = None,
) -> Tally:
    """The tally of a micro average, which has one stratum; arguments are (sentences,)."""
    top, bottom = np.asarray(numerators, dtype=np.float64), np.asarray(denominators, dtype=np.float64)
    return Tally(metric, top, bottom, np.zeros(len(top), dtype=np.int64), documents)


def mean_tally(tallies: Sequence[Tally]) -> Tally:
    """The tally of the mean of a metric over several predictions for the same sentences, such as seeds of a probe.

    Its interval is that of the mean: it says how much the mean would move with other sentences, not with other seeds.

    Raises:
        ValueError: If there are none, or they are of different metrics or sentences.
    """
    first = tallies[0] if tallies else None
    if first is None or any((one.metric, len(one.strata)) != (first.metric, len(first.strata)) for one in tallies):
        found = ", ".join(f"{one.metric} over {len(one.strata)} sentences" for one in tallies) or "none"
        raise ValueError(f"cannot average tallies of {found}; expected the same metric on the same sentences")
    return replace(
        first,
        numerators=np.mean([one.numerators for one in tallies], axis=0),
        denominators=np.mean([one.denominators for one in tallies], axis=0),
    )


@dataclass(frozen=True)
class Resampled:
    """The metrics of several tallies on the same bootstrap samples.

    Attributes:
        tallies: The tallies, all over the same sentences.
        values: The metric of each on each sample, (tallies, resamples).
        unit: What the samples were drawn from.
        clusters: How many of these each sample draws.
    """

    tallies: Sequence[Tally]
    values: NDArray[np.float64]
    unit: Unit
    clusters: int

    def score(self, number: int) -> Score:
        """The value and interval of one tally, by its number."""
        tally = self.tallies[number]
        low, high = interval(_corrected(self.values[number], tally.value, [tally]), clusters=self.clusters)
        return Score(tally.metric, tally.value, low, high, tally.n, self.unit)

    def difference(self, first: int, second: int) -> Difference:
        """The first tally less the second, by their numbers."""
        ours, theirs = self.tallies[first], self.tallies[second]
        value = ours.value - theirs.value
        gaps = _corrected(self.values[first] - self.values[second], value, [ours, theirs])
        low, high = interval(gaps, clusters=self.clusters)
        found = gaps[~np.isnan(gaps)]
        tail = min((found <= 0).sum(), (found >= 0).sum())
        least_p = 2 / (len(found) + 1)
        p = min(1.0, (int(tail) + 1) * least_p)
        return Difference(ours.metric, value, low, high, p, ours.n, least_p, self.unit)


def resample(tallies: Sequence[Tally], *, resamples: int = RESAMPLES, seed: int = 0) -> Resampled:
    """Each tally's metric on the same bootstrap samples; sharing them is much faster.

    The documents that any of the tallies knows are those of all, since all are over the same sentences.

    Raises:
        ValueError: If the tallies are over different numbers of sentences, or over different documents.
    """
    sizes = {len(tally.numerators) for tally in tallies}
    if len(sizes) > 1:
        raise ValueError(f"tallies over {sorted(sizes)} sentences; expected the same sentences in all")
    if not tallies:
        return Resampled(tallies, np.empty((0, resamples)), "sentences", 0)
    clusters, unit = resampled_clusters(sizes.pop(), _shared_documents(tallies))
    draws = resampling_weights(clusters, resamples=resamples, seed=seed)
    values = np.hstack([np.stack([tally.on_samples(weights) for tally in tallies]) for weights in draws])
    return Resampled(tallies, values, unit, len(np.unique(clusters)))


def _shared_documents(tallies: Sequence[Tally]) -> NDArray[np.int64] | None:
    """The documents of tallies over the same sentences; None where none knows them."""
    known = [tally.documents for tally in tallies if tally.documents is not None]
    if any(not np.array_equal(documents, known[0]) for documents in known[1:]):
        raise ValueError("tallies over different documents; expected the same sentences in all")
    return known[0] if known else None


def score_all(tallies: Sequence[Tally], *, resamples: int = RESAMPLES, seed: int = 0) -> list[Score]:
    """The value and interval of each tally, all from the same bootstrap samples.

    Raises:
        ValueError: If the tallies are over different numbers of sentences, or over different documents.
    """
    found = resample(tallies, resamples=resamples, seed=seed)
    return [found.score(number) for number in range(len(tallies))]


def paired_difference(first: Tally, second: Tally, *, resamples: int = RESAMPLES, seed: int = 0) -> Difference:
    """`first` less `second`, both scored on the same bootstrap samples; negative where the second is higher.

    Raises:
        ValueError: If the tallies are not of the same metric over the same sentences.
    """
    return paired_differences([(first, second)], resamples=resamples, seed=seed)[0]


def paired_differences(
    pairs: Sequence[tuple[Tally, Tally]], *, resamples: int = RESAMPLES, seed: int = 0
) -> list[Difference]:
    """`paired_difference` of many pairs over the same sentences, all from the same bootstrap samples.

    Raises:
        ValueError: If a pair is not of the same metric, or the tallies are not over the same sentences.
    """
    for first, second in pairs:
        if first.metric != second.metric or len(first.numerators) != len(second.numerators):
            raise ValueError(
                f"cannot pair {first.metric} over {len(first.numerators)} sentences with "
                f"{second.metric} over {len(second.numerators)}; expected the same metric on the same sentences"
            )
    found = resample([tally for pair in pairs for tally in pair], resamples=resamples, seed=seed)
    return [found.difference(2 * place, 2 * place + 1) for place in range(len(pairs))]


def p_text(p: float, least_p: float) -> str:
    """A p-value in print: three decimals, or that it is below the smallest that could be found; a dash without any."""
    if np.isnan(p) or least_p > 1:
        return "–"
    return f"{p:.3f}" if p > least_p else f"<{math.ceil(least_p * 1000) / 1000:.3f}"


def _corrected(values: NDArray[np.float64], value: float, tallies: Sequence[Tally]) -> NDArray[np.float64]:
    """Bootstrap values of a mean over strata, or of the first tally less the second, centred and widened.

    They are shifted to have mean `value`, and spread by the variance that they lack; see `Tally.score`. Those of a
    micro average are left as they are.
    """
    first = tallies[0]
    if not first.stratified:
        return values
    centred = values - np.nanmean(values)
    counted = np.all([tally.denominators > 0 for tally in tallies], axis=0)
    deviations = first.deviations - tallies[1].deviations if len(tallies) > 1 else first.deviations
    lacking = missing_variance(deviations[counted], first.strata[counted])
    variance = float(np.nanvar(values))
    return value + centred * (np.sqrt(1 + lacking / variance) if variance else 1.0)
