"""Intervals of heads' accuracies, and p-values adjusted for the number of heads searched."""

import numpy as np
from numpy.typing import NDArray
from scipy.stats import t as student

from treeprobe.attention.baselines import OffsetBaseline
from treeprobe.attention.relations import RelationCounts

FEWEST_EDGES = 30
"""Relations with fewer edges are not tested: the test rests on a normal approximation."""
RESAMPLE_BATCH = 250
"""Resamples drawn together, which bounds memory."""
RESAMPLES = 2000
LEAST_P = 1 / (RESAMPLES + 1)
"""The smallest p-value that so many resamples can give."""


def accuracy_intervals(counts: RelationCounts) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """95 % intervals of each accuracy, for a head chosen in advance (for the best of many see `adjusted_p_values`).

    Wilson's score interval with the effective number of edges: edges over the design effect, which is the variance of
    the accuracy over groups of sentences relative to that of independent edges, at least 1. Quantiles are Student's, as
    the effect is estimated (Korn & Graubard 1998; Franco et al. 2019). For 10 edges and an accuracy of .9, a bootstrap
    over groups covers the truth in 64 % of cases, this interval in 99 %; they agree for hundreds of edges.

    Returns:
        The lower and the upper ends, (relations, 2, layers, heads) each; nan for a relation without edges.
    """
    n = counts.totals.sum(0)[:, None, None, None].astype(np.float64)
    groups = (counts.totals > 0).sum(0)[:, None, None, None]
    p = counts.accuracy
    residuals = counts.correct - p * counts.totals[:, :, None, None, None]
    with np.errstate(invalid="ignore", divide="ignore"):
        variance = (residuals**2).sum(0) / n**2 * groups / np.maximum(groups - 1, 1)
        alone = p * (1 - p) / n
        effect = np.where(alone > 0, np.maximum(variance / alone, 1.0), 1.0)
        z = student.ppf(0.975, np.maximum(groups - 1, 1))
        edges = n / effect
        middle = (p * edges + z**2 / 2) / (edges + z**2)
        half = z * np.sqrt(p * (1 - p) * edges + z**2 / 4) / (edges + z**2)
    # Rounding must not leave an accuracy of 0 or 1 outside its own interval.
    return np.clip(middle - half, 0.0, p), np.clip(middle + half, p, 1.0)


def adjusted_p_values(
    counts: RelationCounts,
    baseline: OffsetBaseline,
    *,
    fewest: int = FEWEST_EDGES,
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> NDArray[np.float64]:
    """p-values of "no better than the fixed offset", adjusted for every head, direction and relation searched.

    One-sided single-step max-T (Westfall & Young 1993). A head's statistic is its gain over the baseline on the same
    edges, divided by its standard error. The null distribution of the largest statistic is drawn by giving each group
    of sentences a random normal weight (the multiplier bootstrap of Chernozhukov, Chetverikov & Kato 2013), which keeps
    the correlation between heads, so that 72 nearly equal heads cost no more than one. The probability that any head
    without gain has p < 0.05 is then about 5 %.

    Args:
        counts: what heads find.
        baseline: what fixed offsets find of the same edges.
        fewest: relations with fewer edges are not tested.
        resamples: draws from the null distribution, rounded up to a multiple of 250.
        seed: seed of the draws.

    Returns:
        (relations, 2, layers, heads); nan for relations that are not tested.
    """
    totals = counts.totals.sum(0)
    tested = np.flatnonzero(totals >= fewest)
    p = np.full(counts.correct.shape[1:], np.nan)
    if not len(tested):
        return p
    n = totals[tested][:, None, None, None]
    gains = counts.correct[:, tested] - baseline.correct[:, tested, None, None, None]
    mean = gains.sum(0) / n
    residuals = gains - mean * counts.totals[:, tested, None, None, None]
    # One edge is added, so that a head that never differs from the baseline has no infinite statistic.
    deviation = np.sqrt((residuals**2).sum(0) + 1.0)
    observed = (mean * n / deviation).ravel()
    scaled = (residuals / deviation).reshape(len(gains), -1)
    generator = np.random.default_rng(seed)
    largest = np.concatenate(
        [
            (generator.standard_normal((RESAMPLE_BATCH, len(gains))) @ scaled).max(1)
            for _ in range(0, resamples, RESAMPLE_BATCH)
        ]
    )
    reached = len(largest) - np.searchsorted(np.sort(largest), observed, side="left")
    p[tested] = ((reached + 1) / (len(largest) + 1)).reshape(p[tested].shape)
    return p


def held_out_accuracy(counts: RelationCounts, direction: int) -> NDArray[np.float64]:
    """Accuracy of the best head when each half of the groups of sentences chooses it for the other half.

    Unlike the best accuracy itself, it is not inflated by the search.

    Args:
        counts: what heads find.
        direction: index in `DIRECTIONS`.

    Returns:
        (relations,); nan for a relation without edges.
    """
    by_head = counts.correct[:, :, direction].reshape(*counts.totals.shape, -1)
    correct = np.zeros(len(counts.relations))
    for parity in (0, 1):
        half = np.arange(len(by_head)) % 2 == parity
        chosen = by_head[~half].sum(0).argmax(-1)
        correct += np.take_along_axis(by_head[half].sum(0), chosen[:, None], axis=1)[:, 0]
    with np.errstate(invalid="ignore"):
        return correct / counts.totals.sum(0)
