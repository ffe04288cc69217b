"""Means over rare strata: the variance that a bootstrap misses, against its definition and against the truth."""

import numpy as np
import pytest

from treeprobe.parsing import Tally, paired_difference
from treeprobe.parsing.scores.rare_strata import missing_variance

SIZES = [1, 1, 12, 1, 3, 40, 2, 1]
STRATA = np.repeat(np.arange(5, 5 + len(SIZES)), SIZES)


def test_it_is_the_variance_over_the_squared_size_where_all_strata_vary_alike() -> None:
    generator = np.random.default_rng(0)
    found = []
    for _ in range(300):
        values = generator.normal(0, 0.2, size=len(STRATA))
        means = np.array([values[stratum == STRATA].mean() for stratum in STRATA])
        found.append(missing_variance(values - means, STRATA))
    expected = 0.2**2 * np.mean([1 / size**2 for size in SIZES]) / len(SIZES)
    assert np.mean(found) == pytest.approx(expected, rel=0.05)


def test_a_stratum_with_enough_sentences_answers_for_itself() -> None:
    values = np.where(STRATA == 10, np.resize([-0.3, 0.3], len(STRATA)), 0.0)  # only the 40 sentences vary
    alone = np.resize([-0.3, 0.3], 40)
    far = missing_variance(np.concatenate([alone, np.zeros(40)]), np.repeat([5, 6], 40))
    assert far == pytest.approx((alone**2).sum() / 39 / 40**2 / 4)
    assert missing_variance(values, STRATA) > 0


def test_nothing_is_known_of_strata_of_one_sentence_each() -> None:
    assert missing_variance(np.zeros(4), np.arange(4)) == 0.0


def test_an_interval_over_strata_of_one_sentence_covers_the_truth() -> None:
    """Shifted percentiles of the same samples do so less often: they see no variance where a sentence is alone."""
    generator = np.random.default_rng(0)
    lengths = np.concatenate([np.repeat(np.arange(5, 9), 6), np.arange(9, 40)])
    covered, plain = 0, 0
    for seed in range(150):
        drawn = Tally("dspr", generator.normal(0.7, 0.15, size=len(lengths)), np.ones(len(lengths)), lengths)
        score = drawn.score(resamples=200, seed=seed)
        covered += score.low <= 0.7 <= score.high
        values = drawn.bootstrap(resamples=200, seed=seed)
        low, high = np.quantile(values - np.nanmean(values) + drawn.value, [0.025, 0.975])
        plain += low <= 0.7 <= high
    assert covered / 150 > 0.9
    assert plain / 150 < 0.9


def test_a_difference_is_widened_by_what_its_own_deviations_lack() -> None:
    generator = np.random.default_rng(0)
    lengths = np.arange(5, 45).repeat(2)
    first = Tally("dspr", generator.normal(0.7, 0.2, size=80), np.ones(80), lengths)
    other = Tally("dspr", first.numerators - 0.1 + generator.normal(0, 0.001, size=80), np.ones(80), lengths)
    found = paired_difference(first, other)
    assert found.low < 0.1 < found.high
    assert found.high - found.low < 0.002
    assert first.score().high - first.score().low > 0.05
