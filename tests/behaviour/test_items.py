"""The edges that a pair turns on, what may explain both sides, and the table by source and layer."""

from dataclasses import replace
from itertools import pairwise

import networkx as nx
import numpy as np
import pandas as pd
import pytest
from scipy.special import expit

from treeprobe.behaviour import (
    MinimalPair,
    WordFrequencies,
    association_table,
    covariates_of,
    critical_path,
    grammar_pairs,
    has_path,
)
from treeprobe.behaviour.choices import describe_pair
from treeprobe.parsing.trees import chain_distances

PAIRS = grammar_pairs(240)


def described(pairs: list[MinimalPair], right: np.ndarray) -> pd.DataFrame:
    """A table as `score_pairs` makes it, with these choices."""
    table = pd.DataFrame([describe_pair(number, pair) for number, pair in enumerate(pairs, 1)])
    table = table.astype(dict.fromkeys(("target", "controller", "distance", "attractors"), "Int64"))
    return table.assign(sentence_right=right, left_out="")


def test_the_critical_path_is_the_shortest_in_the_gold_tree() -> None:
    lengths = set()
    for pair in PAIRS:
        assert pair.sentence is not None
        graph = nx.Graph((word, head) for word, head in enumerate(pair.sentence.heads) if head >= 0)
        words = nx.shortest_path(graph, pair.targets[0], pair.controller)
        assert critical_path(pair) == tuple(pairwise(words))
        assert has_path(np.array(pair.sentence.heads), critical_path(pair))
        lengths.add(len(words) - 1)
    assert lengths >= {1, 2}


def test_a_chain_has_the_paths_of_neighbours_alone() -> None:
    for pair in PAIRS:
        chain = np.arange(len(pair.good)) - 1
        expected = all(abs(a - b) == 1 for a, b in critical_path(pair))
        assert has_path(chain, critical_path(pair)) == expected
        assert np.array_equal(chain_distances(len(chain))[0], np.arange(len(chain)))


def test_without_a_tree_it_is_the_edge_itself_and_without_a_controller_nothing() -> None:
    bare = replace(PAIRS[0], sentence=None)
    assert critical_path(bare) == ((bare.targets[0], bare.controller),)
    assert critical_path(replace(bare, controller=None)) == ()
    assert not has_path(np.array([-1, 0]), ())


def test_covariates_are_numbers_for_every_pair() -> None:
    pairs = [*PAIRS[:20], replace(PAIRS[20], controller=None, attractors=None)]
    frequencies = WordFrequencies.of(pair.good for pair in PAIRS)
    found = covariates_of(described(pairs, np.ones(21)), pairs, frequencies=frequencies)
    assert np.isfinite(found.to_numpy(dtype=float)).all()
    assert found["attractors_unknown"].tolist() == [0.0] * 20 + [1.0]
    assert found.loc[3, "frequency_gain"] == pytest.approx(frequencies.preference(pairs[3]))
    assert "log_frequency" not in covariates_of(described(pairs, np.ones(21)), pairs)


def test_one_layer_is_used_and_another_only_goes_with_the_distance() -> None:
    """Layer 1 is what the choices follow; layer 2 has near edges, and near pairs are easy. Only layer 1 stays."""
    pairs = [*grammar_pairs(800)]
    generator = np.random.default_rng(0)
    distance = np.array([float(pair.distance or 1) for pair in pairs])
    near = expit(2.0 - np.log2(distance) * 1.5)
    linked = {layer: (generator.random(len(pairs)) < near).astype(float) for layer in (1, 2)}
    right = (generator.random(len(pairs)) < expit(0.7 + 2.0 * (linked[1] - 0.5) - np.log2(distance) + 1.5)).astype(
        float
    )
    table = described(pairs, right)
    found = association_table(table, pairs, linked, covariates=covariates_of(table, pairs))
    assert set(found["source"]) == {"grammar"}
    assert set(found["resampled"]) == {"sentences"}
    rows = found.set_index(["layer", "measure"])
    assert rows.loc[(1, "log_odds_ratio"), "low"] > 0
    assert rows.loc[(2, "log_odds_ratio"), "low"] > 0
    assert rows.loc[(1, "adjusted_log_odds_ratio"), "low"] > 0
    assert rows.loc[(1, "gain"), "low"] > 0
    assert rows.loc[(2, "adjusted_log_odds_ratio"), "low"] < 0
    assert rows.loc[(2, "gain"), "low"] < 0


def test_pairs_that_are_not_looked_at_do_not_count() -> None:
    right, linked = np.ones(240), np.ones(240)
    right[::2], linked[:40], right[40:60] = 0.0, np.nan, np.nan
    table = described(PAIRS, right)
    found = association_table(table, PAIRS, {3: linked}, covariates=covariates_of(table, PAIRS))
    assert set(found["n"]) == {180}
    assert found.set_index("measure").loc["linked", "value"] == 1.0
