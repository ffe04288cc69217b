"""Bootstrap intervals: what they must do, and a plain loop that they must equal."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from treeprobe.parsing import Difference, Tally, paired_difference, score_all
from treeprobe.parsing.scores import mean_tally, micro
from treeprobe.parsing.scores.resampling import MIN_DOCUMENTS, resampling_weights


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
    (weights,) = resampling_weights(np.arange(20), resamples=5, seed=seed)
    drawn = [np.repeat(np.arange(20), row.astype(int)).tolist() for row in weights]
    assert one.bootstrap(resamples=5, seed=seed) == pytest.approx([slow_value(one, sentences) for sentences in drawn])
    assert one.value == pytest.approx(slow_value(one, list(range(20))))


def test_intervals_cover_the_truth_about_as_often_as_they_say() -> None:
    covered = [
        low <= 0.5 <= high
        for low, high in ((s.low, s.high) for s in (tally(i).score(resamples=300) for i in range(200)))
    ]
    assert 0.88 <= np.mean(covered) <= 0.99


def test_intervals_of_few_sentences_cover_the_truth_too() -> None:
    """Plain percentiles of the same samples, which are too narrow for eight sentences, cover it less often."""
    generator = np.random.default_rng(0)
    covered, plain = 0, 0
    for seed in range(400):
        few = micro("uuas", generator.normal(0.5, 0.1, size=8), np.ones(8))
        score = few.score(resamples=300, seed=seed)
        covered += score.low <= 0.5 <= score.high
        low, high = np.quantile(few.bootstrap(resamples=300, seed=seed), [0.025, 0.975])
        plain += low <= 0.5 <= high
    assert covered / 400 > 0.9
    assert plain / 400 < 0.89


def test_of_many_sentences_the_interval_is_the_middle_95_percent() -> None:
    many = tally(0, sentences=5000)
    low, high = np.quantile(many.bootstrap(), [0.025, 0.975])
    score = many.score()
    assert (score.low, score.high) == pytest.approx((low, high), abs=2e-4)


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


def of_documents(generator: np.random.Generator, *, documents: int, clustered: bool) -> Tally:
    """Sentences of ten edges each, found as often as is their document's own rate, whose mean over documents is 0.6.

    Documents have 1 to 11 sentences; with `clustered` off, each sentence has a rate of its own, as if it stood alone.
    """
    numbers = np.repeat(np.arange(documents), generator.integers(1, 12, size=documents))
    rates = generator.beta(6, 4, size=documents)[numbers] if clustered else generator.beta(6, 4, size=len(numbers))
    return micro("uuas", generator.binomial(10, rates), np.full(len(numbers), 10), documents=numbers)


def coverage(*, clustered: bool, known: bool, documents: int = 60) -> float:
    """The share of intervals that hold the true rate, when the documents are known or not."""
    held = []
    for trial in range(200):
        one = of_documents(np.random.default_rng(trial), documents=documents, clustered=clustered)
        score = (one if known else replace(one, documents=None)).score(resamples=200, seed=trial)
        assert score.resampled == ("documents" if known else "sentences")
        held.append(score.low <= 0.6 <= score.high)
    return float(np.mean(held))


def test_sentences_of_one_document_need_documents_to_be_resampled() -> None:
    assert coverage(clustered=True, known=False) < 0.75
    assert coverage(clustered=True, known=True) > 0.9


def test_resampling_documents_costs_nothing_where_sentences_are_independent() -> None:
    assert 0.9 < coverage(clustered=False, known=True) <= 1
    one = of_documents(np.random.default_rng(0), documents=300, clustered=False)
    by_document, by_sentence = one.score(), replace(one, documents=None).score()
    ratio = (by_document.high - by_document.low) / (by_sentence.high - by_sentence.low)
    assert ratio == pytest.approx(1, abs=0.15)


def test_too_few_documents_are_not_resampled() -> None:
    few = of_documents(np.random.default_rng(0), documents=MIN_DOCUMENTS - 1, clustered=True)
    assert few.score() == replace(few, documents=None).score()
    assert few.score().resampled == "sentences"
    assert of_documents(np.random.default_rng(0), documents=MIN_DOCUMENTS, clustered=True).score().resampled == (
        "documents"
    )


def test_a_document_is_drawn_whole() -> None:
    numbers = np.array([0, 0, 1, 2, 2, 2])
    (weights,) = resampling_weights(numbers, resamples=50, seed=0)
    for members in ([0, 1], [3, 4, 5]):
        assert (weights[:, members] == weights[:, members[:1]]).all()
    assert (weights[:, [0, 2, 3]].sum(axis=1) == 3).all()
    assert (weights[:, 0] != weights[:, 2]).any()


def test_documents_that_one_tally_knows_are_those_of_its_partner() -> None:
    first = of_documents(np.random.default_rng(0), documents=40, clustered=True)
    second = replace(first, numerators=np.maximum(first.numerators - 1, 0))
    found = paired_difference(first, replace(second, documents=None))
    assert found == paired_difference(first, second)
    assert found.resampled == "documents"
    other = replace(second, documents=first.documents[::-1].copy())  # type: ignore[index]
    with pytest.raises(ValueError, match="tallies over different documents"):
        paired_difference(first, other)


def test_the_interval_of_a_mean_over_seeds_is_that_of_the_mean() -> None:
    # Seeds whose errors on a sentence are independent: the mean of four is twice as sure as each.
    generator = np.random.default_rng(0)
    seeds = [micro("uuas", generator.binomial(10, 0.6, size=400), np.full(400, 10)) for _ in range(4)]
    mean = mean_tally(seeds)
    assert mean.value == pytest.approx(np.mean([one.value for one in seeds]))
    one, together = seeds[0].score(), mean.score()
    assert (together.high - together.low) / (one.high - one.low) == pytest.approx(0.5, abs=0.1)
    same = mean_tally([seeds[0]] * 4).score()
    assert (same.low, same.high, same.n) == pytest.approx((one.low, one.high, one.n))


def test_tallies_of_different_sentences_have_no_mean() -> None:
    with pytest.raises(ValueError, match="cannot average tallies of uuas over 60 sentences, uuas over 20 sentences"):
        mean_tally([tally(0), tally(0, sentences=20)])
    with pytest.raises(ValueError, match="cannot average tallies of none"):
        mean_tally([])
