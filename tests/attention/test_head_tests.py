"""Baselines, corrected tests and tables of heads, and the published numbers of MiniLM on English EWT."""

import numpy as np
import pytest

from tests.attention.planted import batches_of, noise, random_sentence, to_heads
from treeprobe.attention import (
    RelationCounts,
    accuracy_intervals,
    adjusted_p_values,
    best_heads,
    offset_baseline,
    relation_table,
    survey_heads,
    trained_baseline,
)
from treeprobe.attention.baselines import best_offsets
from treeprobe.attention.relations import LONGEST_OFFSET
from treeprobe.extraction import stream_attention
from treeprobe.parsing import read_conllu


def null_counts(seed: int, *, gain: float = 0.0) -> RelationCounts:
    """Heads that find each edge by chance 0.4, as the fixed offset 1 does; one head's chance is higher by `gain`."""
    generator = np.random.default_rng(seed)
    groups, relations, layers, heads = 64, 2, 3, 6
    totals = generator.integers(5, 12, (groups, relations))
    chance = np.full((layers, heads), 0.4)
    chance[1, 2] += gain
    correct = generator.binomial(totals[..., None, None, None], chance, (groups, relations, 2, layers, heads))
    offsets = np.zeros((groups, relations, 2 * LONGEST_OFFSET + 1), dtype=np.int64)
    offsets[..., LONGEST_OFFSET + 1] = generator.binomial(totals, 0.4)
    return RelationCounts(("nsubj", "obj"), totals, correct, offsets)


def test_searching_many_useless_heads_seldom_finds_one() -> None:
    least = []
    for seed in range(60):
        counts = null_counts(seed)
        least.append(np.nanmin(adjusted_p_values(counts, offset_baseline(counts), resamples=500)))
    # 5 % of 60 searches is 3; without correction nearly every search of 72 heads would find one.
    assert np.sum(np.array(least) < 0.05) <= 9


def test_a_head_that_gains_is_found_among_many() -> None:
    counts = null_counts(0, gain=0.3)
    p = adjusted_p_values(counts, offset_baseline(counts))
    assert (p[:, :, 1, 2] < 0.01).all()
    others = np.ones((3, 6), dtype=bool)
    others[1, 2] = False
    assert np.median(p[:, :, others]) > 0.3


def test_relations_with_few_edges_are_not_tested() -> None:
    counts = null_counts(0)
    assert np.isnan(adjusted_p_values(counts, offset_baseline(counts), fewest=10_000)).all()


def few_edges(seed: int, *, edges: int, chance: float, groups: int = 64) -> RelationCounts:
    """One relation of few edges, dealt at random into groups, that 50 heads each find by the same chance."""
    generator = np.random.default_rng(seed)
    totals = generator.multinomial(edges, np.full(groups, 1 / groups))[:, None]
    correct = generator.binomial(totals[..., None, None, None], chance, (groups, 1, 2, 5, 5))
    return RelationCounts(("x",), totals, correct, np.zeros((groups, 1, 2 * LONGEST_OFFSET + 1), dtype=np.int64))


def covered_by_bootstrap(counts: RelationCounts, chance: float) -> float:
    """The share of heads whose percentile interval over groups covers their chance: the method that was not taken."""
    weights = np.random.default_rng(0).multinomial(64, np.full(64, 1 / 64), size=500)
    totals, correct = weights @ counts.totals[:, 0], weights @ counts.correct.reshape(64, -1)
    low, high = np.quantile(correct[totals > 0] / totals[totals > 0, None], [0.025, 0.975], axis=0)
    return float(((low <= chance) & (chance <= high)).mean())


@pytest.mark.parametrize(("edges", "chance"), [(10, 0.5), (10, 0.9), (30, 0.95), (100, 0.1), (1000, 0.7)])
def test_intervals_cover_the_truth_also_of_few_edges(edges: int, chance: float) -> None:
    covered, by_bootstrap = [], []
    for seed in range(30):
        counts = few_edges(seed, edges=edges, chance=chance)
        low, high = accuracy_intervals(counts)
        assert ((low <= counts.accuracy) & (counts.accuracy <= high)).all()
        covered.append(((low <= chance) & (chance <= high)).mean())
        by_bootstrap.append(covered_by_bootstrap(counts, chance))
    # 1,500 intervals: three standard errors of a share of .95 are .017.
    assert np.mean(covered) > 0.93
    if edges <= 30 and chance >= 0.9:
        assert np.mean(by_bootstrap) < 0.85


def test_edges_of_one_group_that_agree_widen_the_interval() -> None:
    generator = np.random.default_rng(0)
    totals = np.full((64, 1), 10)
    alike = np.zeros((64, 1, 2, 1, 1), dtype=np.int64)
    alike[generator.permutation(64)[:32]] = 10
    spread = generator.binomial(10, 0.5, alike.shape)
    offsets = np.zeros((64, 1, 2 * LONGEST_OFFSET + 1), dtype=np.int64)
    widths = []
    for correct in (alike, spread):
        low, high = accuracy_intervals(RelationCounts(("x",), totals, correct, offsets))
        widths.append(float((high - low).max()))
    assert widths[0] > 2.5 * widths[1]  # ten edges that agree are worth one: √10 wider


def test_a_half_holds_the_sentences_of_one_parity(sentences) -> None:
    planted = [[to_heads, noise(0)]]
    counts = survey_heads(batches_of(sentences, planted), sentences).relations
    for parity in (0, 1):
        half = sentences[parity::2]
        alone = survey_heads(batches_of(half, planted), half).relations
        for place, relation in enumerate(alone.relations):
            there = counts.relations.index(relation)
            np.testing.assert_array_equal(alone.correct.sum(0)[place], counts.half(parity).correct.sum(0)[there])


def test_offsets_are_chosen_on_the_other_half() -> None:
    offsets = np.zeros((4, 1, 2 * LONGEST_OFFSET + 1), dtype=np.int64)
    offsets[::2, 0, LONGEST_OFFSET + 1] = 10  # even groups: the head is the next word
    offsets[1::2, 0, LONGEST_OFFSET - 2] = 10  # odd groups: two words before
    counts = RelationCounts(("x",), np.full((4, 1), 10), np.zeros((4, 1, 2, 1, 1), dtype=np.int64), offsets)
    assert offset_baseline(counts).correct.sum() == 0
    assert offset_baseline(counts, chosen_on="same data").correct.sum() == 20


def test_offsets_of_another_treebank_are_its_own(sentences) -> None:
    counts = survey_heads(batches_of(sentences, [[noise(0)]]), sentences).relations
    same = offset_baseline(counts, chosen_on="same data")
    np.testing.assert_array_equal(trained_baseline(counts, sentences).correct, same.correct)


def test_the_nearest_offset_wins_a_tie() -> None:
    counts = np.ones((1, 2 * LONGEST_OFFSET + 1), dtype=np.int64)
    assert best_offsets(counts).tolist() == [1]


def test_the_table_names_the_planted_head_from_one(sentences) -> None:
    generator = np.random.default_rng(1)
    bank = [*sentences, *(random_sentence(9, generator, ["nsubj", "obj", "det"]) for _ in range(100))]
    planted = [[noise(1), noise(2)], [to_heads, noise(3)]]
    counts = survey_heads(batches_of(bank, planted), bank).relations
    table = relation_table(counts, offset_baseline(counts))
    assert list(table.columns) == [
        "layer", "head", "relation", "direction", "n", "accuracy", "low", "high", "baseline", "offset",
    ]  # fmt: skip
    best = best_heads(counts, offset_baseline(counts)).query("direction == 'to head'")
    assert (best["name"] == "2-1").all()
    assert (best["accuracy"] == 1).all()
    assert (best["held_out"] == 1).all()
    assert (best["p"] < 0.01).all()
    assert ((table["low"] <= table["accuracy"] + 1e-9) & (table["accuracy"] <= table["high"] + 1e-9)).all()


PUBLISHED = {
    "nsubj": (0.556, "3-9", 0.339),
    "obj": (0.740, "3-1", 0.358),
    "det": (0.806, "3-9", 0.589),
    "case": (0.674, "3-9", 0.377),
    "aux": (0.700, "2-5", 0.543),
    "amod": (0.790, "3-9", 0.747),
    "cop": (0.616, "3-2", 0.352),
    "xcomp": (0.730, "2-7", 0.562),
}
"""Correct share, head and best fixed offset of all-MiniLM-L6-v2 on English EWT dev (UD 2.16), computed elsewhere."""


@pytest.mark.slow
@pytest.mark.ewt
def test_minilm_on_ewt_dev_as_computed_elsewhere(minilm, ewt) -> None:
    bank = read_conllu(ewt / "en_ewt-dev.conllu")
    counts = survey_heads(stream_attention(minilm, bank.words), bank).relations
    best = (
        best_heads(counts, offset_baseline(counts, chosen_on="same data"))
        .query("direction == 'to head'")
        .set_index("relation")
    )
    for relation, (accuracy, name, baseline) in PUBLISHED.items():
        assert best.loc[relation, "name"] == name
        assert best.loc[relation, "accuracy"] == pytest.approx(accuracy, abs=0.005)
        assert best.loc[relation, "baseline"] == pytest.approx(baseline, abs=0.005)
