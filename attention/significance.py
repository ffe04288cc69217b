"""Intervals of heads' accuracies, and tests that know how many heads were searched."""

import numpy as np
from numpy.typing import NDArray
from scipy.stats import t as student

from treeprobe.attention.baselines import OffsetBaseline
from treeprobe.attention.relations import RelationCounts

FEWEST_EDGES = 30
"""Relations with fewer edges are not tested: the test rests on a normal approximation."""
AT_ONCE = 250
"""Resamples drawn together, which bounds the memory."""


def accuracy_intervals(counts: RelationCounts) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Ends of each accuracy's 95 % interval, (relations, 2, layers, heads) both; nan for a relation without edges.

    Wilson's score interval of the effective number of edges: edges over the design effect, which is the variance of the
    accuracy over groups of sentences beside that of independent edges, at least 1; quantiles are Student's, as the
    effect is estimated (Korn & Graubard 1998; Franco et al. 2019). A bootstrap of the groups covers the truth in 64 %
    of cases for 10 edges at .9, this one in 99 %; they agree for hundreds of edges.

    These are intervals of one head chosen beforehand; the best of many heads is flattered (see `search_p_values`).
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


def search_p_values(
    counts: RelationCounts,
    baseline: OffsetBaseline,
    *,
    fewest: int = FEWEST_EDGES,
    resamples: int = 2000,
    seed: int = 0,
) -> NDArray[np.float64]:
    """p of "no better than the fixed offset", corrected for every head, direction and relation that was searched.

    One-sided single-step max-T (Westfall & Young 1993). A head's statistic is its gain over the baseline
    on the same edges, over its standard error; under the null hypothesis the largest statistic of all is drawn by
    giving each group of sentences a random normal weight (the multiplier bootstrap of Chernozhukov, Chetverikov & Kato
    2013), which keeps the heads' correlation, so that 72 nearly equal heads cost no more than one. The chance that any
    head without gain has p < 0.05 is then about 5 %.

    Returns:
        (relations, 2, layers, heads); nan for relations with fewer than `fewest` edges. The number of resamples is
        rounded up to whole lots of 250.
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
    # One edge is added to the spread, so that a head that never differs from the baseline has no infinite statistic.
    spread = np.sqrt((residuals**2).sum(0) + 1.0)
    observed = (mean * n / spread).ravel()
    scaled = (residuals / spread).reshape(len(gains), -1)
    generator = np.random.default_rng(seed)
    largest = np.concatenate(
        [(generator.standard_normal((AT_ONCE, len(gains))) @ scaled).max(1) for _ in range(0, resamples, AT_ONCE)]
    )
    reached = len(largest) - np.searchsorted(np.sort(largest), observed, side="left")
    p[tested] = ((reached + 1) / (len(largest) + 1)).reshape(p[tested].shape)
    return p


def held_out_best(counts: RelationCounts, direction: int) -> NDArray[np.float64]:
    """(relations,) accuracy of the best head of one direction when each half of the data chooses it for the other.

    Unlike the best accuracy itself it is not flattered by the search.
    """
    layers_heads = counts.correct[:, :, direction].reshape(*counts.totals.shape, -1)
    correct = np.zeros(len(counts.relations))
    for parity in (0, 1):
        half = np.arange(len(layers_heads)) % 2 == parity
        chosen = layers_heads[~half].sum(0).argmax(-1)
        correct += np.take_along_axis(layers_heads[half].sum(0), chosen[:, None], axis=1)[:, 0]
    with np.errstate(invalid="ignore"):
        return correct / counts.totals.sum(0)
