"""Baselines, corrected tests and tables of heads, and the published numbers of MiniLM on English EWT."""

import numpy as np
import pytest
from planted import batches_of, noise, random_sentence, to_heads

from attention import best_heads, offset_baseline, relation_table, survey_heads, trained_baseline
from attention.baselines import best_offsets
from attention.relations import LONGEST_OFFSET, RelationCounts
from attention.significance import search_p_values
from extraction import stream_attention
from parsing import read_conllu


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
        least.append(np.nanmin(search_p_values(counts, offset_baseline(counts), resamples=500)))
    # 5 % of 60 searches is 3; without correction nearly every search of 72 heads would find one.
    assert np.sum(np.array(least) < 0.05) <= 9


def test_a_head_that_gains_is_found_among_many() -> None:
    counts = null_counts(0, gain=0.3)
    p = search_p_values(counts, offset_baseline(counts))
    assert (p[:, :, 1, 2] < 0.01).all()
    others = np.ones((3, 6), dtype=bool)
    others[1, 2] = False
    assert np.median(p[:, :, others]) > 0.3


def test_relations_with_few_edges_are_not_tested() -> None:
    counts = null_counts(0)
    assert np.isnan(search_p_values(counts, offset_baseline(counts), fewest=10_000)).all()


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
    assert list(table.columns[:10]) == [
        "layer", "head", "relation", "direction", "n", "accuracy", "low", "high", "baseline", "offset",
    ]  # fmt: skip
    best = best_heads(counts, table).query("direction == 'to head'")
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
    table = relation_table(counts, offset_baseline(counts, chosen_on="same data"))
    best = best_heads(counts, table).query("direction == 'to head'").set_index("relation")
    for relation, (accuracy, name, baseline) in PUBLISHED.items():
        assert best.loc[relation, "name"] == name
        assert best.loc[relation, "accuracy"] == pytest.approx(accuracy, abs=0.005)
        assert best.loc[relation, "baseline"] == pytest.approx(baseline, abs=0.005)
