"""The same training on a GPU, where there is one."""

import numpy as np
import pytest
from scipy.stats import spearmanr

from tests.probes.corpora import LayeredStates
from treeprobe.probes import (
    BilinearProbe,
    DepProbe,
    DepthProbe,
    DistanceProbe,
    KernelProbe,
    MultitaskProbe,
    OrthogonalProbe,
    PoincareProbe,
    PolarProbe,
    fit_all,
    resident,
)

pytestmark = pytest.mark.cuda

KINDS = [DistanceProbe, DepthProbe, BilinearProbe, OrthogonalProbe, KernelProbe, PoincareProbe, MultitaskProbe]


def test_cuda_trains_what_the_processor_trains(train, dev):
    """Losses agree to a hundredth: products run in another order, and an L1 loss's signs turn on the last digit."""

    def fitted(device):
        states, held = LayeredStates([train.vectors, train.exact]), LayeredStates([dev.vectors, dev.exact])
        probes = [kind(layer, rank, epochs=3, device=device) for kind in KINDS for layer, rank in ((0, 6), (1, 24))]
        return fit_all(probes, states, train.bank, validation=(held, dev.bank))

    for here, there in zip(fitted("cpu"), fitted("cuda")):
        expected, found = ([entry["validation"] for entry in probe.history_] for probe in (here, there))
        np.testing.assert_allclose(found, expected, rtol=0.01)
        assert all(isinstance(array, np.ndarray) for array in there.arrays().values())


def test_probes_that_stop_leave_the_gpu_product(train, dev):
    probes = [
        DistanceProbe(0, 24, seed, epochs=30, patience=2 + 9 * seed, learning_rate=0.02, device="cuda")
        for seed in (0, 1)
    ]
    noisy = [each + np.random.default_rng(0).normal(size=each.shape) * 3 for each in train.vectors[:30]]
    held = LayeredStates([dev.vectors])
    gold = type("Gold", (), {"distances": train.distances[:30], "depths": train.depths[:30]})()
    fit_all(probes, LayeredStates([noisy]), gold, validation=(held, dev))
    assert len(probes[0].history_) < len(probes[1].history_)


@pytest.mark.parametrize("held", [True, False])
def test_states_held_on_the_card_and_states_read_every_epoch_train_the_same(train, dev, monkeypatch, held):
    """In float16, as a run stores them, with probes on some of the layers alone."""
    monkeypatch.setattr(resident, "has_room", lambda *_: held)

    def fitted(device):
        states, held_out = LayeredStates([train.vectors] * 3), LayeredStates([dev.vectors] * 3)
        for each in (states, held_out):
            each.stack = [[words.astype(np.float16) for words in layer] for layer in each.stack]
            each.identity = {"settings": {"storage": "float16"}}
        probes = [kind(layer, 6, epochs=3, device=device) for kind in (DistanceProbe, DepthProbe) for layer in (0, 2)]
        fit_all(probes, states, train, validation=(held_out, dev))
        directed = [kind(1, 6, epochs=2, device=device).fit(states, train.trees) for kind in (DepProbe, PolarProbe)]
        return [*probes, *directed], states

    (here, _), (there, states) = fitted("cpu"), fitted("cuda")
    for one, other in zip(here, there):
        expected, found = ([entry["training"] for entry in probe.history_] for probe in (one, other))
        np.testing.assert_allclose(found, expected, rtol=0.01)
    epochs = 1 if held else 3
    assert states.sentences_read(0) <= (epochs + 1) * len(states)


def test_scores_of_probes_trained_on_either_agree(train, dev):
    """Spearman correlations of predicted distances within .002."""

    def score(device):
        probe = DistanceProbe(None, 24, epochs=20, device=device)
        predicted = probe.fit(train.vectors, train.distances).predict(dev.vectors)
        return np.mean([spearmanr(p.ravel(), g.ravel()).statistic for p, g in zip(predicted, dev.distances)])

    assert score("cuda") == pytest.approx(score("cpu"), abs=0.002)
    assert score("cpu") > 0.9


def test_bfloat16_products_train_on_the_card(train, dev):
    exact, rounded = (
        DistanceProbe(None, 24, epochs=10, device="cuda", precision=precision).fit(train.vectors, train.distances)
        for precision in ("float32", "bfloat16")
    )
    assert rounded.history_[-1]["training"] == pytest.approx(exact.history_[-1]["training"], rel=0.05)
