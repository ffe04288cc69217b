"""How long probes are trained, and that those which stop or share a thread leave the others as they are."""

import numpy as np
import pytest
import torch

from tests.probes.probe_corpora import LayeredStates, make_corpus
from treeprobe.probes import DepthProbe, DistanceProbe, PoincareProbe, fit_all
from treeprobe.probes.schedule import LEAST_STEPS, epochs_for, falling


@pytest.fixture
def threads():
    """Sets torch's threads; the number it had comes back after the test."""
    before = torch.get_num_threads()
    yield torch.set_num_threads
    torch.set_num_threads(before)


def test_small_treebanks_take_more_epochs():
    assert epochs_for(None, sentences=12544, batch_size=32) == 5
    assert epochs_for(None, sentences=500, batch_size=32) * 16 >= LEAST_STEPS
    assert epochs_for(None, sentences=1, batch_size=32) == LEAST_STEPS
    assert epochs_for(2, sentences=1, batch_size=32) == 2


def test_the_step_size_falls_from_one_to_zero():
    shares = [falling(done) for done in np.linspace(0, 1, 11)]
    assert shares[0] == 1
    assert shares[-1] == pytest.approx(0)
    assert shares == sorted(shares, reverse=True)


def test_each_probe_stops_by_its_own_loss_and_disturbs_no_other(threads, train, dev):
    """Thirty noisy sentences are soon overfitted; the clean layer goes on learning, as it does alone."""
    threads(1)
    few, noisy = make_corpus(30, seed=5), make_corpus(30, seed=5, noise=3.0)
    states = LayeredStates([noisy.vectors, few.vectors])
    held_out = LayeredStates([dev.vectors, dev.vectors])

    def make() -> list[DistanceProbe]:
        options = {"epochs": 60, "learning_rate": 0.02}
        return [
            DistanceProbe(0, 24, patience=3, **options),
            DistanceProbe(1, 24, patience=None, **options),
            DistanceProbe(1, 8, 1, patience=8, **options),
            DistanceProbe(0, 24, 1, patience=8, **options),
        ]

    together = make()
    fit_all(together, states, few, validation=(held_out, dev))
    lengths = [len(probe.history_) for probe in together]
    assert lengths[0] < 60
    assert lengths[1] == 60
    assert lengths[0] != lengths[3]
    for probe, alone in zip(together, make()):
        losses = [entry["validation"] for entry in probe.history_]
        assert probe.best_epoch_ == int(np.argmin(losses)) + 1
        if len(losses) < 60:
            assert len(losses) - probe.best_epoch_ == probe.patience
        fit_all([alone], states, few, validation=(held_out, dev))
        assert len(alone.history_) == len(losses)
        assert alone.best_epoch_ == probe.best_epoch_
        np.testing.assert_allclose(probe.matrix_, alone.matrix_, atol=1e-3 * np.abs(alone.matrix_).max())


def test_training_ends_when_all_have_stopped(dev):
    noisy = make_corpus(30, seed=5, noise=3.0)
    states = LayeredStates([noisy.vectors])
    probe = DistanceProbe(0, 24, epochs=60, patience=2, learning_rate=0.02)
    fit_all([probe], states, noisy, validation=(LayeredStates([dev.vectors]), dev))
    steps = len(probe.history_)
    assert steps < 60
    assert states.reads == steps + 1, "one batch an epoch, and the vectors' scale"


def test_without_validation_nothing_stops(train):
    probe = DistanceProbe(rank=2, epochs=9, patience=1, learning_rate=5.0).fit(train.vectors, train.distances)
    assert len(probe.history_) == probe.best_epoch_ == 9


def test_other_families_stop_too(dev):
    noisy = make_corpus(30, seed=5, noise=3.0)
    probe = PoincareProbe(rank=24, epochs=60, patience=2, learning_rate=0.02)
    probe.fit(noisy.vectors, noisy.distances, validation=(dev.vectors, dev.distances))
    assert len(probe.history_) == probe.best_epoch_ + 2 < 60


def test_threads_change_nothing_and_are_given_back(threads, train, dev):
    def fitted() -> list[DistanceProbe | DepthProbe]:
        probes = [
            kind(layer, rank, epochs=3) for layer in (1, 0) for rank in (5, 24) for kind in (DistanceProbe, DepthProbe)
        ]
        fit_all(probes, LayeredStates([train.vectors, train.exact]), train)
        return probes

    threads(1)
    one = fitted()
    threads(3)
    three = fitted()
    assert torch.get_num_threads() == 3
    for a, b in zip(one, three):
        np.testing.assert_allclose(a.matrix_, b.matrix_, atol=1e-4 * np.abs(a.matrix_).max())
    with pytest.raises(ValueError, match="not finite"):
        DistanceProbe(rank=2, epochs=1).fit([train.vectors[0] * np.nan], train.distances[:1])
    assert torch.get_num_threads() == 3


def test_an_error_in_one_team_halts_the_others(threads, train):
    """Layer 1 holds NaN; without a halt the team of layer 0 would take its 1,000 epochs first."""
    threads(2)
    broken = [each * np.nan for each in train.vectors]
    states = LayeredStates([train.vectors, broken])
    with pytest.raises(ValueError, match=r"epoch 1: the loss of DistanceProbe\(.*\) is not finite"):
        fit_all([DistanceProbe(layer, 4, epochs=1000) for layer in (0, 1)], states, train)
    assert states.reads < 1000
    assert torch.get_num_threads() == 2


def test_an_error_of_the_reader_is_told_as_it_is(threads, train):
    class Failing(LayeredStates):
        def read(self, sentences, layers=None):
            if self.reads > 3:
                raise OSError("the disk is gone")
            return super().read(sentences, layers)

    threads(2)
    with pytest.raises(OSError, match="the disk is gone"):
        fit_all([DistanceProbe(layer, 4) for layer in (0, 1)], Failing([train.vectors, train.exact]), train)


def test_learning_rates_share_a_pass(train):
    """Two probes that differ in nothing but the step size: one reading, and each as it is alone."""
    states = LayeredStates([train.vectors])

    def make() -> list[DistanceProbe]:
        return [DistanceProbe(0, 4, epochs=2, learning_rate=rate) for rate in (0.0005, 0.01)]

    together = fit_all(make(), states, train)
    reads = states.reads
    for one, alone in zip(together, make()):
        states.reads = 0
        fit_all([alone], states, train)
        np.testing.assert_allclose(one.matrix_, alone.matrix_, atol=1e-4 * np.abs(alone.matrix_).max())
    assert torch.get_num_threads() > 1 or states.reads == reads
