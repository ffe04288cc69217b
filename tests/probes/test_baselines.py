"""Baseline states: against a slow reading of their definition."""

import numpy as np
import pytest
import torch

from tests.probes.corpora import LayeredStates
from treeprobe.probes import DecayStates, DistanceProbe, RandomLstmStates, untransformed_distances


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


def test_untransformed_distances_are_those_of_the_vectors(dev):
    layered = LayeredStates([dev.vectors, dev.exact])
    for states, layer in ((layered, 1), (dev.exact, None)):
        found = untransformed_distances(states, layer=layer)
        for distances, words, gold in zip(found, dev.exact, dev.distances, strict=True):
            slow = [[((one - other) ** 2).sum() for other in words] for one in words]
            np.testing.assert_allclose(distances, slow, atol=1e-5)
            # The exact embedding is itself the tree; vectors that hide it are not.
            np.testing.assert_allclose(distances, gold, atol=1e-5)
    assert not np.allclose(untransformed_distances(layered, layer=0)[0], dev.distances[0], atol=0.5)
