"""Systems ranked by a score, with what other sentences and other seeds would have made of the ranking."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy.stats import rankdata

from treeprobe.parsing.scores.intervals import RESAMPLES, Difference, Tally, mean_tally
from treeprobe.parsing.scores.rank_correlation import centred_ranks, correlate_ranks
from treeprobe.parsing.scores.resampling import Unit, interval, resampled_clusters, resampling_weights

Coefficient = Literal["spearman", "kendall", "weighted_tau"]


@dataclass(frozen=True)
class RankedScore:
    """A system's place among others.

    Attributes:
        name: The system's.
        value: Its score, the mean over seeds.
        low, high: The 95 % interval over sentences and seeds.
        rank: 1 for the highest score; equal scores share the better rank.
        rank_low, rank_high: The ranks that it may have. All systems' together hold the true ranks in 95 of 100 cases.
        best: In which share of the bootstrap samples it scores highest; ties are shared.
        seeds: How many seeds it has.
    """

    name: str
    value: float
    low: float
    high: float
    rank: int
    rank_low: int
    rank_high: int
    best: float
    seeds: int


@dataclass(frozen=True)
class Ranked:
    """Systems from the highest score to the lowest; equal scores in the order given.

    Attributes:
        metric: The score.
        scores: The systems.
        samples: The score of each on the same bootstrap samples, (systems, resamples).
        n: The units that the first was averaged over, such as words.
        unit: What the samples were drawn from.
        clusters: How many of these each sample draws.
    """

    metric: str
    scores: Sequence[RankedScore]
    samples: NDArray[np.float64]
    n: int
    unit: Unit
    clusters: int

    @property
    def names(self) -> list[str]:
        """The systems, the first first."""
        return [one.name for one in self.scores]

    @property
    def candidates(self) -> list[str]:
        """The systems that may be the best, as their rank intervals tell."""
        return [one.name for one in self.scores if one.rank_low == 1]

    def difference(self, first: str, second: str) -> Difference:
        """The score of one less that of another, by their names, over sentences and seeds.

        Where the two were picked by their scores, as the first two are, the difference is a little too large; the rank
        intervals are not.
        """
        places = [self.names.index(name) for name in (first, second)]
        gaps = self.samples[places[0]] - self.samples[places[1]]
        low, high = interval(gaps, clusters=self.clusters)
        least_p = 2 / (len(gaps) + 1)
        tail = min(int((gaps <= 0).sum()), int((gaps >= 0).sum()))
        value = self.scores[places[0]].value - self.scores[places[1]].value
        return Difference(self.metric, value, low, high, min(1.0, (tail + 1) * least_p), self.n, least_p, self.unit)


def rank_tallies(tallies: Mapping[str, Sequence[Tally]], *, resamples: int = RESAMPLES, seed: int = 0) -> Ranked:
    """Rank systems by a micro average, and bootstrap the ranking over sentences and seeds.

    Every sample draws documents or sentences, the same for all systems, and for each system one seed fewer than it has,
    with replacement, since so many make the variance of a mean over seeds come out right (Rao & Wu 1988, "Resampling
    Inference with Complex Survey Data"). A single seed stands for itself: what others would give is then not known.

    The ranks that a system may have follow from all paired differences at once: it stands behind those that are higher
    beyond chance and before those that are lower (Mogstad et al. 2024, "Inference for Ranks", section 3). The bootstrap
    of ranks themselves is not used: where systems are alike its intervals are too narrow.

    Args:
        tallies: One tally a seed, by the system's name; all of one metric over the same sentences.
        resamples: Number of bootstrap samples.
        seed: Seed of the draws; rankings of as many sentences and documents by one seed share their samples.

    Raises:
        ValueError: If there are fewer than two systems, one without a tally, tallies of different metrics or sentences,
            or a mean over strata.
    """
    every = [one for own in tallies.values() for one in own]
    kinds = {(one.metric, len(one.strata)) for one in every}
    if len(tallies) < 2 or not all(tallies.values()) or len(kinds) > 1 or any(one.stratified for one in every):
        told = ", ".join(f"{name}: {len(own)}" for name, own in tallies.items()) or "none"
        found = "; ".join(f"{metric} over {count} sentences" for metric, count in sorted(kinds))
        raise ValueError(
            f"cannot rank tallies of {told} ({found}); expected two systems or more, each with a tally a seed of the "
            "same micro average over the same sentences"
        )
    documents = next((one.documents for one in every if one.documents is not None), None)
    clusters, unit = resampled_clusters(len(every[0].strata), documents)
    draws = list(resampling_weights(clusters, resamples=resamples, seed=seed))
    names, means = list(tallies), [mean_tally(own) for own in tallies.values()]
    values = np.array([one.value for one in means])
    samples = np.stack(
        [
            _over_seeds(np.hstack([[one.on_samples(weights) for one in own] for weights in draws]), [seed, place])
            for place, own in enumerate(tallies.values())
        ]
    )
    count = len(np.unique(clusters))
    order = np.argsort(-values, kind="stable")
    ranks = rankdata(-values, method="min").astype(int)
    lows, highs = rank_intervals(values, samples)
    highest = samples == samples.max(axis=0)
    best = (highest / highest.sum(axis=0)).mean(axis=1)
    scores = [
        RankedScore(
            names[place],
            float(values[place]),
            *interval(samples[place], clusters=count),
            int(ranks[place]),
            int(lows[place]),
            int(highs[place]),
            float(best[place]),
            len(tallies[names[place]]),
        )
        for place in order
    ]
    return Ranked(every[0].metric, scores, samples[order], means[order[0]].n, unit, count)


def _over_seeds(values: NDArray[np.float64], seed: Sequence[int]) -> NDArray[np.float64]:
    """Bootstrap means over seeds, (resamples,), of the scores of each on the samples, (seeds, resamples)."""
    seeds, resamples = values.shape
    drawn = np.random.default_rng(seed).integers(seeds, size=(max(seeds - 1, 1), resamples))
    return np.take_along_axis(values, drawn, axis=0).mean(axis=0)


def rank_intervals(
    values: NDArray[np.float64], samples: NDArray[np.float64], *, level: float = 0.95
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The ranks that each system may have, all at once; see `rank_tallies`.

    Args:
        values: Scores, (systems,).
        samples: The same on bootstrap samples, (systems, resamples).
        level: How often all intervals together hold the true ranks.

    Returns:
        The best and the worst rank of each, (systems,) both, from 1.
    """
    gaps = values[:, None] - values
    spread = np.zeros_like(gaps)
    largest = np.zeros(samples.shape[1])
    for own, row, system in zip(gaps, spread, samples):
        drawn = system - samples
        row[:] = drawn.std(axis=1, ddof=1)
        deviations = np.abs(drawn - own[:, None])
        # What never varies, such as a system beside itself, has no deviation.
        scaled = np.divide(deviations, row[:, None], out=np.zeros_like(deviations), where=row[:, None] > 0)
        np.maximum(largest, scaled.max(axis=0), out=largest)
    reach = np.quantile(largest, level) * spread
    return 1 + (gaps < -reach).sum(axis=1), len(values) - (gaps > reach).sum(axis=1)


@dataclass(frozen=True)
class Agreement:
    """How alike two rankings of the same systems are.

    Attributes:
        coefficient: `spearman`, `kendall` (tau b) or `weighted_tau` (Vigna 2015: exchanges among the first weigh more).
        value: In [-1, 1]; nan where one ranking is all ties.
        low, high: The 95 % interval over sentences and seeds, of these systems and no others.
        n: How many systems were ranked.
    """

    coefficient: Coefficient
    value: float
    low: float
    high: float
    n: int


def rank_agreement(first: Ranked, second: Ranked) -> list[Agreement]:
    """How alike two rankings of the same systems are, with intervals over the bootstrap samples of both.

    The samples are paired where both were drawn over the same sentences by one seed, as `rank_tallies` does. Noise that
    reorders systems of nearly equal scores lowers the coefficients of samples, so that intervals lie lower rather than
    higher than the value.

    Raises:
        ValueError: If the rankings are of different systems, or have different numbers of samples.
    """
    if set(first.names) != set(second.names) or first.samples.shape != second.samples.shape:
        raise ValueError(
            f"cannot compare rankings of {', '.join(sorted(first.names))} and of {', '.join(sorted(second.names))}; "
            "expected the same systems on as many samples"
        )
    order = [second.names.index(name) for name in first.names]
    values = np.array([[one.value for one in first.scores], [second.scores[place].value for place in order]])
    drawn = first.samples.T, second.samples[order].T
    clusters = min(first.clusters, second.clusters)
    found = []
    for coefficient, correlate in COEFFICIENTS.items():
        low, high = interval(correlate(*drawn), clusters=clusters)
        found.append(Agreement(coefficient, float(correlate(values[:1], values[1:])[0]), low, high, len(order)))
    return found


def _spearman(first: NDArray[np.float64], second: NDArray[np.float64]) -> NDArray[np.float64]:
    """Spearman's correlation of each row, (rows, systems) to (rows,); nan where a side is constant, here and below."""
    return correlate_ranks(centred_ranks(first), centred_ranks(second))


def _kendall(first: NDArray[np.float64], second: NDArray[np.float64]) -> NDArray[np.float64]:
    """Kendall's tau b of each row."""
    return correlate_ranks(_exchanges(first), _exchanges(second))


def _weighted_tau(first: NDArray[np.float64], second: NDArray[np.float64]) -> NDArray[np.float64]:
    """The weighted tau of each row, additive and hyperbolic: the mean of those weighted by the ranks of either side."""
    taus = []
    for pair in ((first, second), (second, first)):
        places = np.lexsort((pair[1], pair[0]), axis=-1)[:, ::-1].argsort(axis=-1)
        one, other = np.triu_indices(first.shape[1], k=1)
        weights = np.sqrt((1 / (1 + places))[:, one] + (1 / (1 + places))[:, other])
        taus.append(correlate_ranks(weights * _exchanges(first), weights * _exchanges(second)))
    return np.mean(taus, axis=0)


def _exchanges(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Which of each two systems is higher, (rows, systems) to (rows, pairs): 1 the first, -1 the second, 0 neither."""
    one, other = np.triu_indices(values.shape[1], k=1)
    return np.sign(values[:, one] - values[:, other])


COEFFICIENTS: Mapping[Coefficient, Callable[[NDArray[np.float64], NDArray[np.float64]], NDArray[np.float64]]] = (
    MappingProxyType({"spearman": _spearman, "kendall": _kendall, "weighted_tau": _weighted_tau})
)
