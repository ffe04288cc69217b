"""Baselines, control trees, description length and curves: each against a slow reading of its definition."""

from dataclasses import dataclass
from itertools import product

import numpy as np
import pandas as pd
import pytest
import torch
from scipy.special import logsumexp

from tests.probes.probe_corpora import LayeredStates, walk_distances
from treeprobe.probes import (
    DecayStates,
    DepProbe,
    DepthProbe,
    DistanceProbe,
    GoldTargets,
    JointProbe,
    PoincareProbe,
    RandomLstmStates,
    control_heads,
    control_targets,
    curves,
    online_code,
    online_codes,
    over_seeds,
    selectivity,
)
from treeprobe.probes.whole_numbers import WholeNumbers, log_probability, predicted_entries

FOX = "the quick fox saw the lazy dog".split()


def test_decay_is_the_weighted_mean(dev):
    states = DecayStates(LayeredStates([dev.vectors, dev.exact]), layer=1)
    [read] = states.read([3, 0])
    words = dev.exact[3]
    for i in range(len(words)):
        weights = [2.0 ** -abs(i - j) for j in range(len(words))]
        np.testing.assert_allclose(read[i], np.average(words, axis=0, weights=weights), rtol=1e-5, atol=1e-6)
    assert states.layers == (1,)
    assert states.identity["baseline"] == {"name": "decay"}
    assert states.identity["checkpoint"]["digest"] == "abc"


def test_random_lstm_reads_each_sentence_by_itself(dev):
    states = RandomLstmStates(dev.vectors, seed=4)
    together = states.read(slice(0, 5))[0]
    alone = np.concatenate([states.read([i])[0] for i in range(5)])
    np.testing.assert_allclose(together, alone, rtol=1e-4, atol=1e-5)
    np.testing.assert_array_equal(RandomLstmStates(dev.vectors, seed=4).read([2]), states.read([2]))
    assert not np.allclose(RandomLstmStates(dev.vectors, seed=5).read([2]), states.read([2]))
    changed = [dev.vectors[0].copy(), *dev.vectors[1:]]
    changed[0][-1] += 5
    first_word = RandomLstmStates(changed, seed=4).read([0])[0, 0]
    assert not np.allclose(first_word, states.read([0])[0, 0]), "the last word reaches the first from the right"


def test_random_lstm_leaves_the_generator_of_others_alone(dev):
    torch.manual_seed(0)
    expected = torch.rand(3)
    torch.manual_seed(0)
    RandomLstmStates(dev.vectors)
    torch.testing.assert_close(torch.rand(3), expected)


def test_baselines_can_be_probed(train, dev):
    probe = DistanceProbe(0, 8, epochs=1)
    probe.fit(DecayStates(train.vectors), train.distances, validation=(RandomLstmStates(dev.vectors), dev.distances))
    assert np.isfinite(probe.history_[0]["validation"])
    with pytest.raises(ValueError, match="no layer 3"):
        DecayStates(LayeredStates([train.vectors]), layer=3)


def slow_treap(words: list[str], priority: dict[str, int], offset: int = 0) -> dict[int, int]:
    """The definition, by recursion: head of every word but the root."""
    if not words:
        return {}
    root = max(range(len(words)), key=lambda i: (priority[words[i]], -i))
    heads = {}
    for part, start in ((words[:root], 0), (words[root + 1 :], root + 1)):
        if part:
            below = slow_treap(part, priority, offset + start)
            heads |= below
            top = next(i for i in range(offset + start, offset + start + len(part)) if i not in below)
            heads[top] = offset + root
    return heads


@pytest.mark.parametrize("seed", range(5))
def test_control_trees_are_treaps_of_type_priorities(seed):
    from treeprobe.probes.control import type_priority

    priority = {word: type_priority(word, seed=seed) for word in FOX}
    expected = slow_treap(FOX, priority)
    found = control_heads(FOX, seed=seed).tolist()
    assert found == [expected.get(i, -1) for i in range(len(FOX))]


def test_control_trees_are_fixed_by_types_order_and_seed():
    np.testing.assert_array_equal(control_heads(FOX), control_heads(list(FOX)))
    trees = {tuple(control_heads(FOX, seed=seed).tolist()) for seed in range(20)}
    assert len(trees) > 5
    renamed = ["a" if word == "fox" else word for word in FOX]
    assert any(tuple(control_heads(renamed, seed=s)) != tuple(control_heads(FOX, seed=s)) for s in range(20))
    assert control_heads([]).tolist() == []


def test_control_distances_are_those_of_the_control_tree():
    targets = control_targets([FOX, ["alone"], FOX[::-1]])
    for words, distances, depths in zip([FOX, ["alone"], FOX[::-1]], targets.distances, targets.depths):
        heads = control_heads(words)
        np.testing.assert_array_equal(distances, walk_distances(heads))
        np.testing.assert_array_equal(depths, walk_distances(heads)[int(np.flatnonzero(heads < 0)[0])])
    assert selectivity(0.8, 0.5) == pytest.approx(0.3)


@pytest.mark.parametrize("width", [0.05, 1.0, 40.0])
@pytest.mark.parametrize("lowest", [0, 1])
def test_the_code_is_a_proper_distribution(width, lowest):
    possible = np.arange(lowest, 9)
    for centre in (-3.0, 0.2, 4.0, 4.5, 8.0, 900.0):
        found = log_probability(
            possible, np.full(len(possible), centre), lowest, np.full(len(possible), 8), width=width
        )
        assert (2.0**found).sum() == pytest.approx(1)
        # The definition, term by term.
        weights = -np.abs(possible - centre) / width
        np.testing.assert_allclose(found, (weights - logsumexp(weights)) / np.log(2), rtol=1e-6, atol=1e-9)
        assert possible[found.argmax()] == np.clip(round(centre), lowest, 8), "the likeliest value is the nearest"


@pytest.mark.parametrize("kind", ["distance", "depth"])
def test_all_messages_of_a_sentence_together_have_probability_one(kind):
    """Kraft's equality: every matrix of distances, or row of depths, that three words can have."""
    generator = np.random.default_rng(0)
    said = generator.normal(1.5, 2, size=(3, 3) if kind == "distance" else 3)
    total = 0.0
    for values in product((1, 2) if kind == "distance" else (0, 1, 2), repeat=3):
        message = np.array(values)
        if kind == "distance":
            message = np.zeros((3, 3), dtype=int)
            message[np.triu_indices(3, 1)] = values
        numbers = WholeNumbers.of([message], kind=kind)
        total += 2 ** -numbers.bits(predicted_entries([said], kind=kind), width=0.7)
    assert total == pytest.approx(1)


def test_code_lengths_by_hand():
    """Three words in a row, all centres at 1 and b = 1: p(1) = 1 / (1 + e⁻¹), p(2) = e⁻¹ / (1 + e⁻¹)."""
    chain = WholeNumbers.of([np.array([[0, 1, 2], [1, 0, 1], [2, 1, 0]])], kind="distance")
    each = np.log2(1 + np.exp(-1))
    assert chain.bits(np.ones(3), width=1.0) == pytest.approx(3 * each + np.log2(np.e))
    assert chain.bits(np.ones(3), width=1e6) == pytest.approx(chain.uniform_bits, rel=1e-4)
    assert chain.uniform_bits == pytest.approx(3)
    assert WholeNumbers.of([np.array([0, 1, 1])], kind="depth").uniform_bits == pytest.approx(3 * np.log2(3))
    alone = WholeNumbers.of([np.zeros((1, 1), int)], kind="distance")
    assert alone.uniform_bits == alone.bits(np.empty(0), width=1.0) == 0


def test_the_best_width_is_that_of_the_noise():
    """Values drawn with width 2 around known centres are coded best with a width near 2."""
    generator = np.random.default_rng(0)
    centres = generator.uniform(5, 25, size=4000)
    values = np.clip(np.round(generator.laplace(centres, 2.0)), 0, 30).astype(int)
    numbers = WholeNumbers(values, 0, np.full(4000, 30))
    assert numbers.best_width(centres) == pytest.approx(2.0, rel=0.1)


def test_codes_of_several_probes_are_those_of_each_alone(train):
    probes = [kind(layer=0, rank=6, epochs=2) for kind in (DistanceProbe, DepthProbe)]
    states = LayeredStates([train.vectors])
    together = online_codes(probes, states, train, fractions=(0.3, 1.0))
    for probe, code, column in zip(probes, together, (train.distances, train.depths)):
        alone = online_code(probe, states, column, fractions=(0.3, 1.0))
        assert [block.bits for block in code.blocks] == pytest.approx([b.bits for b in alone.blocks], rel=1e-3)


@pytest.mark.parametrize("kind", [DistanceProbe, DepthProbe])
def test_vectors_that_hold_trees_shorten_the_code(kind, train):
    gold = train.distances if kind is DistanceProbe else train.depths
    probe = kind(rank=24, epochs=30, learning_rate=0.02, batch_size=20)
    code = online_code(probe, train.vectors, gold, fractions=(0.1, 0.3, 1.0))
    generator = np.random.default_rng(0)
    noise = [generator.normal(size=each.shape).astype(np.float32) for each in train.vectors]
    nothing = online_code(probe, noise, gold, fractions=(0.1, 0.3, 1.0))
    assert [block.sentences for block in code.blocks] == [30, 60, 210]
    assert code.blocks[0].bits == code.blocks[0].uniform_bits
    assert code.uniform_bits == pytest.approx(WholeNumbers.of(gold, kind=probe.kind).uniform_bits)
    assert code.compression > 1.5
    assert code.bits < nothing.bits
    assert not hasattr(probe, "matrix_")


def test_families_of_distance_probe_have_codes_and_probes_of_several_things_have_none(train):
    """The family among linear probes as alone; its vectors hold the trees, so that the code is short."""
    probe = PoincareProbe(rank=24, epochs=30, learning_rate=0.02, batch_size=20)
    options = {"fractions": (0.1, 0.3, 1.0)}
    code = online_code(probe, train.vectors, train.distances, **options)
    linear = DistanceProbe(rank=6, epochs=2)
    _, together = online_codes([linear, probe], train.vectors, GoldTargets(train.distances), **options)
    assert [block.bits for block in code.blocks] == pytest.approx([b.bits for b in together.blocks], rel=1e-3)
    assert code.uniform_bits == pytest.approx(WholeNumbers.of(train.distances, kind="distance").uniform_bits)
    assert code.compression > 1.3
    with pytest.raises(ValueError, match="JointProbe predicts distance and depth; expected a probe of distances or"):
        online_codes([JointProbe(rank=6)], train.vectors, train, **options)
    with pytest.raises(ValueError, match="DepProbe predicts distance and relation; expected a probe of distances or"):
        online_code(DepProbe(rank=6), train.vectors, train.trees, **options)


def test_blocks_that_do_not_add_up_are_refused(train):
    with pytest.raises(ValueError, match="increasing shares"):
        online_code(DistanceProbe(), train.vectors, train.distances, fractions=(0.5, 0.2, 1.0))
    with pytest.raises(ValueError, match="do not make two blocks"):
        online_code(DistanceProbe(), train.vectors[:5], train.distances[:5])


def test_curves_are_tidy_and_agree_with_lone_probes(train, dev):
    states, held = LayeredStates([train.vectors, train.exact]), LayeredStates([dev.vectors, dev.exact])
    table = curves(
        states,
        train,
        validation=(held, dev),
        ranks=(2, 6),
        seeds=(0, 1),
        score=lambda probe, predicted: {"mean": float(np.mean([each.mean() for each in predicted]))},
        epochs=1,
    )
    assert len(table) == 2 * 2 * 2 * 2 * 2
    row = table.query("probe == 'depth' and layer == 1 and rank == 6 and seed == 1 and metric == 'loss'")
    alone = DepthProbe(1, 6, 1, epochs=1).fit(states, train.depths, validation=(held, dev.depths))
    assert row["value"].item() == pytest.approx(alone.history_[0]["validation"], rel=1e-4)


def test_curves_are_of_any_family(train, dev):
    table = curves(train.vectors, train, validation=(dev.vectors, dev), kinds=(PoincareProbe,), ranks=(2, 6), epochs=1)
    alone = PoincareProbe(rank=6, epochs=1).fit(train.vectors, train.distances, validation=(dev.vectors, dev.distances))
    assert table["probe"].tolist() == ["poincare", "poincare"]
    assert table["value"].iloc[1] == pytest.approx(-alone.score(dev.vectors, dev.distances), rel=1e-4)


@dataclass(frozen=True)
class Estimate:
    """A score with its interval, as `treeprobe.parsing.Score`."""

    value: float
    low: float
    high: float
    n: int


def test_curves_keep_intervals_where_there_are_any(train, dev):
    table = curves(
        train.vectors,
        train,
        validation=(dev.vectors, dev),
        kinds=(DistanceProbe,),
        ranks=(3,),
        score=lambda probe, predicted: {"uuas": Estimate(0.5, 0.4, 0.6, len(predicted))},
        epochs=1,
    )
    loss, uuas = table.to_dict("records")
    assert (uuas["value"], uuas["low"], uuas["high"], uuas["n"]) == (0.5, 0.4, 0.6, 60)
    assert np.isnan(loss["low"])
    assert pd.isna(loss["n"])


def test_over_seeds_is_students_interval():
    table = pd.DataFrame({"layer": [1, 1, 1, 2], "seed": [0, 1, 2, 0], "value": [0.5, 0.6, 0.7, 0.9]})
    first, second = over_seeds(table).to_dict("records")
    assert (first["value"], first["deviation"], first["n"]) == (pytest.approx(0.6), pytest.approx(0.1), 3)
    assert first["high"] - first["value"] == pytest.approx(4.302653 * 0.1 / np.sqrt(3), rel=1e-5)
    assert second["n"] == 1
    assert np.isnan(second["low"])
    with pytest.raises(ValueError, match="more than once"):
        over_seeds(pd.concat([table, table]))
    with pytest.raises(ValueError, match="lacks the columns seed"):
        over_seeds(table.drop(columns="seed"))
