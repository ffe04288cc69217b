"""The headline scores against plain loops, scipy and what must hold of any score."""

from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.stats import spearmanr

from tests.parsing.decoding.networkx_trees import minimum_spanning_tree
from tests.parsing.toys import random_heads, sentence
from treeprobe.parsing import Sentence, punctuation_mask, read_conllu, score_depths, score_distances
from treeprobe.parsing.scores.rank_correlation import centred_ranks, correlate_ranks


def slow_uuas(gold: Sequence[Sentence], distances: Sequence[NDArray]) -> float:
    """Micro-averaged UUAS, sentence by sentence with networkx."""
    found = total = 0
    for one, predicted in zip(gold, distances):
        kept = np.flatnonzero(~punctuation_mask(one, "xpos"))
        expected, guessed = (
            {frozenset(edge) for edge in minimum_spanning_tree(matrix[np.ix_(kept, kept)]).edges}
            for matrix in (one.distances, predicted)
        )
        found, total = found + len(expected & guessed), total + len(expected)
    return found / total


def slow_dspr(gold: Sequence[Sentence], distances: Sequence[NDArray]) -> float:
    """DSpr., word by word with scipy."""
    by_length = defaultdict(list)
    for one, predicted in zip(gold, distances):
        if 5 <= len(one) <= 50:
            by_length[len(one)] += [spearmanr(a, b).statistic for a, b in zip(one.distances, predicted)]
    return float(np.mean([np.mean(values) for values in by_length.values()]))


def slow_nspr(gold: Sequence[Sentence], depths: Sequence[NDArray]) -> float:
    """NSpr., sentence by sentence with scipy."""
    by_length = defaultdict(list)
    for one, predicted in zip(gold, depths):
        if 5 <= len(one) <= 50:
            by_length[len(one)].append(spearmanr(one.depths, predicted).statistic)
    return float(np.mean([np.mean(values) for values in by_length.values()]))


def some_bank(seed: int, sentences: int = 30) -> tuple[list[Sentence], list[NDArray], list[NDArray]]:
    """Random sentences, some words of them commas, with noisy predictions that often tie."""
    generator = np.random.default_rng(seed)
    gold, distances, depths = [], [], []
    for number in range(sentences):
        words = int(generator.integers(2, 15))
        tags = generator.choice(["NN", ","], p=[0.8, 0.2], size=words).tolist()
        gold.append(sentence(random_heads(words, seed + number), xpos=tags))
        noise = np.triu(generator.integers(0, 4, size=(words, words)), k=1)
        distances.append(gold[-1].distances + (noise + noise.T) / 2)
        depths.append(gold[-1].depths + generator.random(words) * 3)
    return gold, distances, depths


@pytest.mark.parametrize("seed", [0, 100])
def test_scores_equal_plain_loops(seed: int) -> None:
    gold, distances, depths = some_bank(seed)
    found = {**score_distances(gold, distances), **score_depths(gold, depths)}
    assert found["uuas"].value == pytest.approx(slow_uuas(gold, distances), abs=1e-12)
    assert found["dspr"].value == pytest.approx(slow_dspr(gold, distances), abs=1e-12)
    assert found["nspr"].value == pytest.approx(slow_nspr(gold, depths), abs=1e-12)


def test_gold_predictions_score_one_and_any_growing_map_of_them_too() -> None:
    gold, *_ = some_bank(3)
    for stretch in (lambda x: x, lambda x: x**2, lambda x: np.log1p(x) / 7):
        distances, depths = [stretch(one.distances) for one in gold], [stretch(one.depths) for one in gold]
        found = {**score_distances(gold, distances), **score_depths(gold, depths)}
        assert {name: tally.value for name, tally in found.items()} == pytest.approx(dict.fromkeys(found, 1.0))


def test_reversed_predictions_score_minus_one() -> None:
    gold, *_ = some_bank(4)
    assert score_depths(gold, [-one.depths for one in gold])["nspr"].value == pytest.approx(-1)
    reversed_ = [one.distances.max() - one.distances for one in gold]
    assert score_distances(gold, reversed_)["dspr"].value == pytest.approx(-1)


@given(st.lists(st.lists(st.integers(-2, 2), min_size=6, max_size=6), min_size=2, max_size=2))
def test_spearman_is_scipys_ties_included(rows: list[list[int]]) -> None:
    a, b = np.array(rows)
    found = correlate_ranks(centred_ranks(a), centred_ranks(b))
    if len(set(a)) > 1 and len(set(b)) > 1:
        assert found == pytest.approx(spearmanr(a, b).statistic, abs=1e-12)
    else:
        assert np.isnan(found)


def test_punctuation_takes_part_in_no_edge_and_is_never_the_root() -> None:
    gold = [sentence([1, -1, 1, 2], xpos=["DT", "NN", ",", "VB"])]
    assert score_distances(gold, [gold[0].distances])["uuas"].n == 2
    assert score_distances(gold, [gold[0].distances], punctuation="none")["uuas"].n == 3
    shallow_comma = np.array([2.0, 1.0, 0.0, 2.0])
    assert score_depths(gold, [shallow_comma])["root_accuracy"].value == 1
    assert score_depths(gold, [shallow_comma], punctuation="none")["root_accuracy"].value == 0


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda d: d[:2, :2], r"sentence 2 \(toy-3\): prediction has shape \(2, 2\), expected \(3, 3\)"),
        (lambda d: d * np.nan, r"sentence 2 \(toy-3\): distances between words 1 and 1 are nan"),
        (lambda d: -d, r"sentence 2 \(toy-3\): distances between words 1 and 2 are -1; expected no value below 0"),
        (lambda d: np.triu(d), r"sentence 2 \(toy-3\): distances are not symmetric"),
    ],
)
def test_bad_distances_are_named_with_their_sentence(spoil, message: str) -> None:  # type: ignore[no-untyped-def]
    gold = [sentence([-1, 0]), sentence([-1, 0, 1])]
    with pytest.raises(ValueError, match=message):
        score_distances(gold, [gold[0].distances, spoil(gold[1].distances.astype(float))])


def test_bad_depths_are_named_with_their_sentence() -> None:
    gold = [sentence([-1, 0]), sentence([-1, 0, 1])]
    with pytest.raises(ValueError, match=r"sentence 2 \(toy-3\): depth of word 3 is nan; expected a finite number"):
        score_depths(gold, [np.zeros(2), np.array([0, 1, np.nan])])
    with pytest.raises(ValueError, match="1 predictions for 2 gold sentences; expected one for each"):
        score_depths(gold, [np.zeros(2)])


@pytest.mark.ewt
def test_ewt_dev_has_the_protocols_edges_and_chain_score(ewt: Path) -> None:
    bank = read_conllu(ewt / "en_ewt-dev.conllu")
    chain = [np.abs(np.subtract.outer(np.arange(len(one)), np.arange(len(one)))) for one in bank]
    uuas = score_distances(bank, chain)["uuas"]
    assert uuas.n == 20_196
    assert uuas.value == pytest.approx(0.430, abs=0.0005)
