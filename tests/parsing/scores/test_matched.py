"""Values matched by length: theorems about trees that know only lengths, and slow oracles beside the weighting."""

from itertools import combinations

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.parsing.toys import random_heads, sentence
from treeprobe.parsing import Scorer, Sentence
from treeprobe.parsing.scores import WordPairs, matched_tally, precision_tally, recall_tally
from treeprobe.parsing.scores.matched import LENGTH_STARTS, balancing_weights, effective_size
from treeprobe.parsing.trees import chain_distances

TAGS = ("NOUN", "VERB", "DET")


def bank(count: int, *, seed: int, longest: int = 18) -> list[Sentence]:
    """Random trees over 1 to `longest` words with random tags, a fifth of them punctuation."""
    generator = np.random.default_rng(seed)
    found = []
    for number in range(count):
        words = int(generator.integers(1, longest + 1))
        marks = generator.choice([".", "NN"], size=words, p=[0.2, 0.8]).tolist()
        one = sentence(random_heads(words, seed + number), xpos=marks)
        object.__setattr__(one, "upos", tuple(generator.choice(TAGS, size=words).tolist()))
        found.append(one)
    return found


def random_distances(gold: list[Sentence], *, seed: int) -> list[NDArray[np.float64]]:
    """Symmetric random distances."""
    generator = np.random.default_rng(seed)
    upper = [np.triu(generator.random((len(one), len(one))), 1) for one in gold]
    return [one + one.T for one in upper]


@pytest.fixture(scope="module")
def gold() -> list[Sentence]:
    return bank(80, seed=7)


@pytest.fixture(scope="module")
def scorer(gold: list[Sentence]) -> Scorer:
    return Scorer(gold, punctuation="xpos")


@pytest.fixture(scope="module")
def pairs(scorer: Scorer) -> WordPairs:
    return WordPairs.of(scorer)


def slow_pairs(scorer: Scorer) -> list[tuple[int, int, int, int, int, bool]]:
    """Sentence, words, length, attractors and whether joined, of every pair, one by one."""
    rows = []
    for number, (one, mask, tree) in enumerate(zip(scorer.gold, scorer.masks(), scorer.gold_trees())):
        kept = [word for word in range(len(one)) if not mask[word]]
        for first, second in combinations(kept, 2):
            head = second if one.depths[second] < one.depths[first] else first
            between = [one.upos[word] for word in range(first + 1, second)]
            joined = tree[first] == second or tree[second] == first
            length = kept.index(second) - kept.index(first)
            rows.append((number, first, second, length, between.count(one.upos[head]), joined))
    return rows


def test_pairs_are_those_found_one_by_one(scorer: Scorer, pairs: WordPairs) -> None:
    slow = slow_pairs(scorer)
    fast = zip(pairs.sentence, pairs.first, pairs.second, pairs.length, pairs.attractors, pairs.joined)
    assert [tuple(row) for row in fast] == slow
    assert any(row[4] > 1 for row in slow)
    assert set(pairs.head) | set(pairs.dependent) == set(pairs.first) | set(pairs.second)


def test_recall_over_all_pairs_is_uuas(gold: list[Sentence], scorer: Scorer, pairs: WordPairs) -> None:
    distances = random_distances(gold, seed=1)
    found = pairs.edges_of(scorer.trees(distances))
    every = np.ones(len(pairs), dtype=bool)
    uuas = scorer.distances(distances)["uuas"]
    for tally in (recall_tally(pairs, found, every), precision_tally(pairs, found, every)):
        assert tally.value == pytest.approx(uuas.value)
        assert tally.n == uuas.n
    assert found.sum() == pairs.joined.sum()
    assert pairs.edges_of(scorer.gold_trees()).tolist() == pairs.joined.tolist()


@pytest.mark.parametrize("lengths", ["gold", "balanced"])
def test_the_chain_has_nothing_and_the_gold_tree_everything(
    gold: list[Sentence], scorer: Scorer, pairs: WordPairs, lengths: str
) -> None:
    """UUAS gives the chain a good part of the gold tree's value; matched by length it is exactly 0, edge by edge."""
    chain = pairs.edges_of(scorer.trees([chain_distances(len(one)) for one in gold]))
    assert chain.tolist() == (pairs.length == 1).tolist()
    every = np.ones(len(pairs), dtype=bool)
    assert recall_tally(pairs, chain, every).value > 0.1
    told = matched_tally(pairs, chain, every, lengths=lengths)  # type: ignore[arg-type]
    assert told.tally.value == pytest.approx(0, abs=1e-12)
    assert np.abs(told.tally.numerators).max() < 1e-12
    own = matched_tally(pairs, pairs.joined, every, lengths=lengths)  # type: ignore[arg-type]
    assert own.tally.value == pytest.approx(1)
    assert 0.5 < own.covered < 1


def test_what_knows_only_lengths_has_nothing_on_average(pairs: WordPairs) -> None:
    """Pairs joined at random, by a chance that falls with length: UUAS is well above 0, the matched values are not."""
    generator, every = np.random.default_rng(3), np.ones(len(pairs), dtype=bool)
    draws = [generator.random(len(pairs)) < 0.8 / pairs.length for _ in range(300)]
    for lengths in ("gold", "balanced"):
        values = [matched_tally(pairs, found, every, lengths=lengths).tally.value for found in draws]  # type: ignore[arg-type]
        assert abs(np.mean(values)) < 4 * np.std(values) / np.sqrt(len(values))
    assert np.mean([recall_tally(pairs, found, every).value for found in draws]) > 0.2
    known = [found | (pairs.joined & (generator.random(len(pairs)) < 0.3)) for found in draws]
    assert np.mean([matched_tally(pairs, found, every).tally.value for found in known]) > 0.15


def slow_matched(scorer: Scorer, trees: list[NDArray[np.int64]], *, balanced: bool) -> tuple[float, float, float]:
    """Value, effective size and covered share, by lists of pairs and their weights."""
    pairs = slow_pairs(scorer)
    found = {
        (number, *sorted((word, int(head))))
        for number, heads in enumerate(trees)
        for word, head in enumerate(heads)
        if head >= 0
    }
    kept = []
    for number, first, second, length, _, joined in pairs:
        controls = [row for row in pairs if row[0] == number and row[3] == length and not row[5]]
        if joined and controls:
            wrong = np.mean([(number, row[1], row[2]) in found for row in controls])
            kept.append((length, ((number, first, second) in found) - wrong, [row[:3] for row in controls]))
    binned = [max(start for start in LENGTH_STARTS if start <= length) for length, _, _ in kept]
    weights = [1 / binned.count(own) if balanced else 1.0 for own in binned]
    value = sum(weight * row[1] for weight, row in zip(weights, kept)) / sum(weights)
    of_controls: dict[tuple[int, int, int], float] = {}
    for weight, (_, _, controls) in zip(weights, kept):
        for one in controls:
            of_controls[one] = of_controls.get(one, 0.0) + weight / len(controls)
    sizes = [sum(own) ** 2 / sum(weight**2 for weight in own) for own in (weights, list(of_controls.values()))]
    return value, min(sizes), len(kept) / sum(row[5] for row in pairs)


@pytest.mark.parametrize("balanced", [False, True])
def test_weights_are_those_of_the_slow_oracle(balanced: bool) -> None:
    gold = bank(25, seed=11, longest=15)
    scorer = Scorer(gold, punctuation="xpos")
    pairs = WordPairs.of(scorer)
    trees = scorer.trees(random_distances(gold, seed=4))
    every = np.ones(len(pairs), dtype=bool)
    told = matched_tally(pairs, pairs.edges_of(trees), every, lengths="balanced" if balanced else "gold")
    assert (told.tally.value, told.effective, told.covered) == pytest.approx(
        slow_matched(scorer, trees, balanced=balanced)
    )
    assert told.effective < told.tally.n if balanced else told.effective <= told.tally.n


def test_a_value_without_controls_is_undefined() -> None:
    """Of two words, the one pair is the edge: nothing is as far apart."""
    gold = [sentence([-1, 0]), sentence([1, -1])]
    scorer = Scorer(gold, punctuation="none")
    pairs = WordPairs.of(scorer)
    told = matched_tally(pairs, pairs.joined, np.ones(len(pairs), dtype=bool))
    assert np.isnan(told.tally.value)
    assert (told.effective, told.covered, told.tally.n) == (0.0, 0.0, 0)
    nothing = matched_tally(pairs, pairs.joined, np.zeros(len(pairs), dtype=bool), lengths="balanced")
    assert np.isnan(nothing.covered)
    assert np.isnan(nothing.tally.value)


def test_every_class_of_lengths_weighs_the_same() -> None:
    weights = balancing_weights(np.array([1, 1, 1, 2, 4, 5, 30]))
    assert weights[:3].sum() == pytest.approx(weights[3]) == pytest.approx(weights[4:6].sum())
    assert weights.sum() == pytest.approx(7)
    assert effective_size(np.ones(9)) == pytest.approx(9)
    assert effective_size(np.array([1.0, 0, 0])) == pytest.approx(1)


def test_a_bank_without_pairs_has_none() -> None:
    for gold in ([], [sentence([-1])]):
        pairs = WordPairs.of(Scorer(gold, punctuation="none"))
        assert len(pairs) == 0
        assert np.isnan(recall_tally(pairs, pairs.joined, pairs.joined).value)
        assert np.isnan(matched_tally(pairs, pairs.joined, pairs.joined).tally.value)
