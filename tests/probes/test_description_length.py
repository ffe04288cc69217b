"""Description length: proper distributions, lengths by hand, and codes that shrink where vectors hold trees."""

from itertools import product

import numpy as np
import pytest
from scipy.special import logsumexp

from tests.probes.corpora import LayeredStates
from treeprobe.probes import (
    DepProbe,
    DepthProbe,
    DistanceProbe,
    GoldTargets,
    MultitaskProbe,
    PoincareProbe,
    online_code,
    online_codes,
)
from treeprobe.probes.integer_code import IntegerCode, log_probability, predicted_values


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


@pytest.mark.parametrize("quantity", ["distance", "depth"])
def test_all_messages_of_a_sentence_together_have_probability_one(quantity):
    """Kraft's equality: every matrix of distances, or row of depths, that three words can have."""
    generator = np.random.default_rng(0)
    predicted = generator.normal(1.5, 2, size=(3, 3) if quantity == "distance" else 3)
    total = 0.0
    for values in product((1, 2) if quantity == "distance" else (0, 1, 2), repeat=3):
        message = np.array(values)
        if quantity == "distance":
            message = np.zeros((3, 3), dtype=int)
            message[np.triu_indices(3, 1)] = values
        code = IntegerCode.of([message], quantity=quantity)
        total += 2 ** -code.bits(predicted_values([predicted], quantity=quantity), width=0.7)
    assert total == pytest.approx(1)


def test_code_lengths_by_hand():
    """Three words in a row, all centres at 1 and b = 1: p(1) = 1 / (1 + e⁻¹), p(2) = e⁻¹ / (1 + e⁻¹)."""
    chain = IntegerCode.of([np.array([[0, 1, 2], [1, 0, 1], [2, 1, 0]])], quantity="distance")
    each = np.log2(1 + np.exp(-1))
    assert chain.bits(np.ones(3), width=1.0) == pytest.approx(3 * each + np.log2(np.e))
    assert chain.bits(np.ones(3), width=1e6) == pytest.approx(chain.uniform_bits, rel=1e-4)
    assert chain.uniform_bits == pytest.approx(3)
    assert IntegerCode.of([np.array([0, 1, 1])], quantity="depth").uniform_bits == pytest.approx(3 * np.log2(3))
    alone = IntegerCode.of([np.zeros((1, 1), int)], quantity="distance")
    assert alone.uniform_bits == alone.bits(np.empty(0), width=1.0) == 0


def test_the_best_width_is_that_of_the_noise():
    """Values drawn with width 2 around known centres are coded best with a width near 2."""
    generator = np.random.default_rng(0)
    centres = generator.uniform(5, 25, size=4000)
    values = np.clip(np.round(generator.laplace(centres, 2.0)), 0, 30).astype(int)
    code = IntegerCode(values, 0, np.full(4000, 30), np.full(4000, 1))
    assert code.best_width(centres) == pytest.approx(2.0, rel=0.1)


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
    assert code.uniform_bits == pytest.approx(IntegerCode.of(gold, quantity=probe.quantities[0]).uniform_bits)
    assert code.compression > 1.5
    assert code.bits < nothing.bits
    assert not hasattr(probe, "matrix_")


def test_families_of_distance_probe_have_codes_and_probes_of_several_quantities_have_none(train):
    """The family among linear probes as alone; its vectors hold the trees, so that the code is short."""
    probe = PoincareProbe(rank=24, epochs=30, learning_rate=0.02, batch_size=20)
    options = {"fractions": (0.1, 0.3, 1.0)}
    code = online_code(probe, train.vectors, train.distances, **options)
    linear = DistanceProbe(rank=6, epochs=2)
    _, together = online_codes([linear, probe], train.vectors, GoldTargets(train.distances), **options)
    assert [block.bits for block in code.blocks] == pytest.approx([b.bits for b in together.blocks], rel=1e-3)
    assert code.uniform_bits == pytest.approx(IntegerCode.of(train.distances, quantity="distance").uniform_bits)
    assert code.compression > 1.3
    with pytest.raises(
        ValueError, match="MultitaskProbe predicts distance and depth and relation; expected a probe of distances or"
    ):
        online_codes([MultitaskProbe(rank=6)], train.vectors, train, **options)
    with pytest.raises(ValueError, match="DepProbe predicts distance and relation; expected a probe of distances or"):
        online_code(DepProbe(rank=6), train.vectors, train.trees, **options)


def test_blocks_that_do_not_add_up_are_refused(train):
    with pytest.raises(ValueError, match="increasing shares"):
        online_code(DistanceProbe(), train.vectors, train.distances, fractions=(0.5, 0.2, 1.0))
    with pytest.raises(ValueError, match="do not make two blocks"):
        online_code(DistanceProbe(), train.vectors[:5], train.distances[:5])


def test_the_bits_of_sentences_are_those_of_blocks_and_clones_are_shown_as_they_are_trained(train):
    states, probe = LayeredStates([train.vectors]), DistanceProbe(layer=0, rank=6, epochs=2)
    seen = []
    code = online_codes(
        [probe], states, train, fractions=(0.2, 0.5, 1.0), trained=lambda known, clones: seen.append((known, clones))
    )[0]
    assert [known for known, _ in seen] == [60, 150]
    assert all(clones[0].get_params()["layer"] == 0 and len(clones[0].matrix_) == 6 for _, clones in seen)
    bits, uniform = code.by_sentence
    assert (bits.sum(), uniform.sum()) == pytest.approx((code.bits, code.uniform_bits))
    # In the order of the states: the uniform code of a sentence follows from its length.
    words = np.array([len(each) for each in train.distances])
    np.testing.assert_allclose(uniform, words * (words - 1) / 2 * np.log2(np.maximum(words - 1, 1)), atol=1e-9)
    first = code.blocks[0].rows
    np.testing.assert_allclose(bits[first], uniform[first])
    # What is coded of one sentence by the last clones.
    last, row = code.blocks[-1], int(code.blocks[-1].rows[0])
    alone = IntegerCode.of([train.distances[row]], quantity="distance")
    predicted = predicted_values([seen[-1][1][0].predict(states)[row]], quantity="distance")
    assert bits[row] == pytest.approx(alone.bits(predicted, width=last.width))
