"""Bootstrap intervals: what they must do, and a plain loop that they must equal."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from treeprobe.parsing import Difference, Tally, paired_difference, score_all
from treeprobe.parsing.scores.intervals import resampling_weights


def tally(seed: int, *, strata: int = 1, sentences: int = 60, shift: float = 0.0) -> Tally:
    generator = np.random.default_rng(seed)
    bottom = generator.integers(0, 9, size=sentences).astype(float)
    top = np.minimum(bottom, generator.binomial(bottom.astype(int), 0.5) + shift * bottom)
    return Tally("uuas", top, bottom, generator.integers(strata, size=sentences))


def slow_value(one: Tally, sentences: list[int]) -> float:
    """The mean over strata of sums over sums, the sentences listed one by one."""
    ratios = []
    for stratum in set(one.strata.tolist()):
        chosen = [index for index in sentences if one.strata[index] == stratum]
        if sum(one.denominators[chosen]) > 0:
            ratios.append(sum(one.numerators[chosen]) / sum(one.denominators[chosen]))
    return float(np.mean(ratios))


@given(st.integers(0, 10**6), st.integers(1, 5))
def test_resampled_values_equal_a_loop_over_the_drawn_sentences(seed: int, strata: int) -> None:
    one = tally(seed, strata=strata, sentences=20)
    (weights,) = resampling_weights(20, resamples=5, seed=seed)
    drawn = [np.repeat(np.arange(20), row.astype(int)).tolist() for row in weights]
    assert one.bootstrap(resamples=5, seed=seed) == pytest.approx([slow_value(one, sentences) for sentences in drawn])
    assert one.value == pytest.approx(slow_value(one, list(range(20))))


def test_intervals_cover_the_truth_about_as_often_as_they_say() -> None:
    covered = [
        low <= 0.5 <= high
        for low, high in ((s.low, s.high) for s in (tally(i).score(resamples=300) for i in range(200)))
    ]
    assert 0.88 <= np.mean(covered) <= 0.99


def test_an_interval_holds_its_value_and_narrows_with_more_sentences() -> None:
    few, many = (tally(0, sentences=sentences).score() for sentences in (50, 5000))
    assert few.low < few.value < few.high
    assert many.high - many.low < (few.high - few.low) / 5


def test_a_mean_over_rare_strata_is_covered_too() -> None:
    # Long sentences are rare and hard; a resample often lacks a length, and then scores too well.
    generator = np.random.default_rng(0)
    lengths = np.concatenate([np.repeat(np.arange(5, 15), 12), np.arange(15, 35)])
    expected = 0.9 - 0.02 * lengths
    truth = np.mean([expected[lengths == length][0] for length in np.unique(lengths)])
    covered = 0
    for trial in range(150):
        drawn = generator.normal(expected, 0.15)
        score = Tally("dspr", drawn, np.ones(len(lengths)), lengths).score(resamples=200, seed=trial)
        assert score.low < score.value < score.high
        covered += score.low <= truth <= score.high
    assert covered / 150 > 0.88


def test_the_same_predictions_do_not_differ_over_strata() -> None:
    generator = np.random.default_rng(0)
    lengths = np.arange(5, 45)
    first = Tally("dspr", generator.normal(0.9 - 0.02 * lengths, 0.1), np.ones(40), lengths)
    assert paired_difference(first, first).p == 1.0
    worse = Tally("dspr", first.numerators - 0.2, first.denominators, lengths)
    found = paired_difference(first, worse)
    assert (found.low, found.high) == pytest.approx((0.2, 0.2))


def test_scoring_together_is_scoring_one_by_one() -> None:
    tallies = [tally(seed, strata=seed + 1) for seed in range(3)]
    assert score_all(tallies, resamples=250) == [one.score(resamples=250) for one in tallies]
    assert score_all([]) == []
    with pytest.raises(ValueError, match=r"tallies over \[20, 60\] sentences"):
        score_all([tally(0), tally(0, sentences=20)])


def test_a_difference_is_seen_where_there_is_one_and_only_there() -> None:
    base = tally(0, sentences=400)
    same = paired_difference(base, base)
    assert (same.value, same.low, same.high, same.p) == (0, 0, 0, 1)
    better = paired_difference(tally(0, sentences=400, shift=0.2), base)
    assert better.low > 0
    assert better.p == better.least_p == pytest.approx(2 / 1001)
    noise = [paired_difference(tally(seed), tally(seed + 1000), resamples=200).p < 0.05 for seed in range(0, 1000, 10)]
    assert np.mean(noise) < 0.15


@pytest.mark.parametrize(
    ("p", "least_p", "shown"),
    [
        (2 / 1001, 2 / 1001, "<0.002"),
        (2 / 201, 2 / 201, "<0.010"),
        (4 / 1001, 2 / 1001, "0.004"),
        (1, 2 / 1001, "1.000"),
        (1, 2, "–"),
    ],
)
def test_the_least_p_is_printed_as_a_bound(p: float, least_p: float, shown: str) -> None:
    assert Difference("uuas", 0.1, 0.0, 0.2, p, 9, least_p).p_text == shown


def test_a_difference_turns_round_with_its_pair() -> None:
    one, other = paired_difference(tally(0), tally(1)), paired_difference(tally(1), tally(0))
    assert (one.value, one.low, one.high) == pytest.approx((-other.value, -other.high, -other.low))


def test_tallies_that_cannot_be_paired_are_refused() -> None:
    with pytest.raises(ValueError, match="cannot pair uuas over 60 sentences with uuas over 20"):
        paired_difference(tally(0), tally(0, sentences=20))


def test_nothing_counted_is_nan_not_a_score() -> None:
    empty = Tally("uuas", np.zeros(3), np.zeros(3), np.zeros(3, dtype=np.int64))
    score = empty.score(resamples=5)
    assert np.isnan([score.value, score.low, score.high]).all()
    assert score.n == 0


def test_no_sentences_at_all_is_nan_too() -> None:
    none = Tally("uuas", np.zeros(0), np.zeros(0), np.zeros(0, dtype=np.int64))
    assert np.isnan(none.score(resamples=5).value)
