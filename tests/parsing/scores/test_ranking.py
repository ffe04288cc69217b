"""Rankings hold the true ranks, their intervals know of sentences and of seeds, and agreement is told from chance."""

import numpy as np
import pytest
from scipy.stats import kendalltau, spearmanr, weightedtau

from treeprobe.parsing import Tally
from treeprobe.parsing.scores import mean_tally, micro, paired_difference, rank_agreement, rank_tallies
from treeprobe.parsing.scores.ranking import COEFFICIENTS, rank_intervals

WORDS = 10


def tallies(
    truth: dict[str, float], *, seeds: int, sentences: int, spread: float = 0.0, seed: int = 0
) -> dict[str, list[Tally]]:
    """Tallies of systems that have each word right with a probability of their own, by seeds that vary around it."""
    generator = np.random.default_rng(seed)
    hard = generator.normal(0, 0.1, size=sentences)  # what is hard is so for all
    found = {}
    for name, share in truth.items():
        own = np.clip(share + hard + generator.normal(0, spread, size=(seeds, 1)), 0, 1)
        found[name] = [micro("las", row, np.full(sentences, WORDS)) for row in generator.binomial(WORDS, own)]
    return found


def slow_rank_intervals(values: np.ndarray, samples: np.ndarray) -> tuple[list[int], list[int]]:
    """The same intervals with every pair in a loop."""
    systems, resamples = samples.shape
    pairs = [(i, j) for i in range(systems) for j in range(systems) if i != j]
    errors = {(i, j): np.std(samples[i] - samples[j], ddof=1) for i, j in pairs}
    largest = [
        max(abs(samples[i, b] - samples[j, b] - (values[i] - values[j])) / errors[i, j] for i, j in pairs)
        for b in range(resamples)
    ]
    reach = np.quantile(largest, 0.95)
    better = [
        sum(values[j] - values[i] > reach * errors[i, j] for j in range(systems) if j != i) for i in range(systems)
    ]
    worse = [
        sum(values[i] - values[j] > reach * errors[i, j] for j in range(systems) if j != i) for i in range(systems)
    ]
    return [1 + count for count in better], [systems - count for count in worse]


def test_rank_intervals_are_those_of_all_pairs_one_by_one() -> None:
    generator = np.random.default_rng(0)
    values = np.array([0.5, 0.7, 0.52, 0.1])
    samples = values[:, None] + generator.normal(0, 0.02, size=(4, 200)) + generator.normal(0, 0.1, size=200)
    lows, highs = rank_intervals(values, samples)
    assert (lows.tolist(), highs.tolist()) == slow_rank_intervals(values, samples)
    assert lows.tolist() == [2, 1, 2, 4]


def test_clear_systems_are_ranked_surely_and_like_ones_are_not() -> None:
    clear = rank_tallies(tallies({"low": 0.3, "high": 0.8, "middle": 0.5}, seeds=3, sentences=200))
    assert clear.names == ["high", "middle", "low"]
    assert [(one.rank, one.rank_low, one.rank_high) for one in clear.scores] == [(1, 1, 1), (2, 2, 2), (3, 3, 3)]
    assert [one.best for one in clear.scores] == [1, 0, 0]
    assert clear.candidates == ["high"]
    alike = rank_tallies(tallies({"a": 0.5, "b": 0.5, "c": 0.5, "far": 0.1}, seeds=3, sentences=100))
    assert set(alike.candidates) == {"a", "b", "c"}
    assert alike.scores[-1].rank_low == 4
    assert sum(one.best for one in alike.scores) == pytest.approx(1)
    same = tallies({"a": 0.5}, seeds=2, sentences=50)["a"]
    tied = rank_tallies({"one": same, "other": same})
    assert [(one.rank, one.rank_low, one.rank_high) for one in tied.scores] == [(1, 1, 2), (1, 1, 2)]


def test_a_single_seed_is_the_bootstrap_over_sentences_and_seeds_add_their_own_variance() -> None:
    one = tallies({"a": 0.5, "b": 0.6}, seeds=1, sentences=150)
    ranked = rank_tallies(one)
    gap, expected = ranked.difference("b", "a"), paired_difference(one["b"][0], one["a"][0])
    assert (gap.value, gap.low, gap.high, gap.p) == (expected.value, expected.low, expected.high, expected.p)
    varied = tallies({"a": 0.5, "b": 0.6}, seeds=4, sentences=150, spread=0.05)
    found = rank_tallies(varied)
    sentences = paired_difference(mean_tally(varied["b"]), mean_tally(varied["a"]))
    gap = found.difference("b", "a")
    assert gap.value == pytest.approx(sentences.value)
    assert gap.high - gap.low > 1.5 * (sentences.high - sentences.low)
    variance = found.samples.var(axis=1)
    for row, name in zip(variance, found.names):
        within = rank_tallies({name: [mean_tally(varied[name])], "x": varied["a"][:1]}, seed=1)
        between = np.var([each.value for each in varied[name]], ddof=1) / 4
        assert row == pytest.approx(within.samples[within.names.index(name)].var() + between, rel=0.35)


def test_rank_intervals_hold_the_true_ranks() -> None:
    truth = {"a": 0.5, "b": 0.5, "c": 0.55, "d": 0.6}
    missed = 0
    for seed in range(60):
        found = rank_tallies(tallies(truth, seeds=3, sentences=60, spread=0.02, seed=seed), resamples=200)
        for one in found.scores:
            better = sum(share > truth[one.name] for share in truth.values())
            worse = sum(share < truth[one.name] for share in truth.values())
            if one.rank_low > 1 + better or one.rank_high < len(truth) - worse:
                missed += 1
                break
    # Three seeds say little of how seeds vary, so that somewhat more than 5 of 100 are missed.
    assert missed <= 9


def test_coefficients_of_all_samples_at_once_are_scipys_one_by_one_ties_included() -> None:
    generator = np.random.default_rng(5)
    first, second = (generator.integers(5, size=(40, 6)).astype(float) for _ in range(2))
    for name, compute in (("spearman", spearmanr), ("kendall", kendalltau), ("weighted_tau", weightedtau)):
        expected = [compute(*pair).statistic for pair in zip(first, second)]
        np.testing.assert_allclose(COEFFICIENTS[name](first, second), expected, atol=1e-12)
        assert np.isnan(COEFFICIENTS[name](np.ones((1, 3)), np.arange(3.0)[None])).all()


def test_agreement_is_scipys_and_its_interval_tells_order_from_chance() -> None:
    truth = {name: 0.1 + 0.1 * place for place, name in enumerate("abcdefg")}
    first = rank_tallies(tallies(truth, seeds=2, sentences=200, seed=0))
    second = rank_tallies(tallies({name: share**2 for name, share in truth.items()}, seeds=1, sentences=200, seed=1))
    by_name = [{one.name: one.value for one in each.scores} for each in (first, second)]
    columns = [[each[name] for name in truth] for each in by_name]
    for found, compute in zip(rank_agreement(first, second), (spearmanr, kendalltau, weightedtau)):
        assert found.value == pytest.approx(compute(*columns).statistic)
        assert found.value == 1
        assert found.low > 0.7
        assert found.n == 7
    generator = np.random.default_rng(3)
    shuffled = dict(zip(truth, generator.permutation(list(truth.values())).tolist()))
    other = rank_tallies(tallies(shuffled, seeds=1, sentences=200, seed=1))
    for found in rank_agreement(first, other):
        assert found.high < 0.9
        assert found.low - 1e-9 <= found.value <= found.high + 1e-9


def test_what_cannot_be_ranked_is_refused() -> None:
    own = tallies({"a": 0.5, "b": 0.6}, seeds=1, sentences=20)
    with pytest.raises(ValueError, match=r"cannot rank tallies of a: 1 \(las over 20 sentences\)"):
        rank_tallies({"a": own["a"]})
    with pytest.raises(ValueError, match=r"las over 10 sentences; las over 20 sentences"):
        rank_tallies({**own, "c": tallies({"c": 0.5}, seeds=1, sentences=10)["c"]})
    with pytest.raises(ValueError, match="b: 0"):
        rank_tallies({"a": own["a"], "b": []})
    strata = Tally("las", np.ones(4), np.ones(4), np.array([0, 0, 1, 1]))
    with pytest.raises(ValueError, match="micro average"):
        rank_tallies({"a": [strata], "b": [strata]})
    with pytest.raises(ValueError, match="rankings of a, b and of a, c"):
        rank_agreement(rank_tallies(own), rank_tallies({"a": own["a"], "c": own["b"]}))
