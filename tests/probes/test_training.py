"""How long probes are trained, who reads what, and that no probe changes another."""

import warnings

import numpy as np
import pytest
import torch

from tests.probes.corpora import LayeredStates, make_corpus
from treeprobe import processor
from treeprobe.probes import DepthProbe, DistanceProbe, PoincareProbe, estimator, fit_all
from treeprobe.probes.estimator import PREDICTION_BATCH
from treeprobe.probes.initial import SCALE_SENTENCES
from treeprobe.probes.training import LEAST_STEPS, VALIDATION_BATCH, cosine_decay, epochs_for, split_contiguously

FORMATS = ("float32", "bfloat16")


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


def test_the_learning_rate_decays_from_one_to_zero():
    factors = [cosine_decay(done) for done in np.linspace(0, 1, 11)]
    assert factors[0] == 1
    assert factors[-1] == pytest.approx(0)
    assert factors == sorted(factors, reverse=True)
    assert factors[5] == pytest.approx(0.5)


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
    assert len(states.reads) == steps + 1, "one batch an epoch, and the vectors' scale"


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


def test_an_error_in_one_worker_halts_the_others(threads, train):
    """Layer 1 holds NaN; without a halt the worker of layer 0 would take its 1,000 epochs first."""
    threads(2)
    broken = [each * np.nan for each in train.vectors]
    states = LayeredStates([train.vectors, broken])
    with pytest.raises(ValueError, match=r"epoch 1: the loss of DistanceProbe\(.*\) is not finite"):
        fit_all([DistanceProbe(layer, 4, epochs=1000) for layer in (0, 1)], states, train)
    assert len(states.reads) < 1000
    assert torch.get_num_threads() == 2


def test_an_error_of_the_reader_is_raised_as_it_is(threads, train):
    class Failing(LayeredStates):
        def read(self, sentences, layers=None):
            if len(self.reads) > 3:
                raise OSError("the disk is gone")
            return super().read(sentences, layers)

    threads(2)
    with pytest.raises(OSError, match="the disk is gone"):
        fit_all([DistanceProbe(layer, 4) for layer in (0, 1)], Failing([train.vectors, train.exact]), train)


def test_learning_rates_share_a_pass(threads, train):
    """Two probes of other learning rates are read for once, those of other batches twice; each is as it is alone."""
    threads(1)

    def reads(probes: list[DistanceProbe]) -> int:
        states = LayeredStates([train.vectors])
        fit_all(probes, states, train)
        return states.sentences_read(0)

    def make(**options) -> DistanceProbe:
        return DistanceProbe(0, 4, epochs=2, **options)

    together = [make(learning_rate=rate) for rate in (0.0005, 0.01)]
    alone = [make(learning_rate=rate) for rate in (0.0005, 0.01)]
    assert reads(together) == reads(alone[:1]) == reads(alone[1:])
    for one, other in zip(together, alone):
        np.testing.assert_allclose(one.matrix_, other.matrix_, atol=1e-4 * np.abs(other.matrix_).max())
    assert reads([make(batch_size=32), make(batch_size=16)]) == 2 * reads([make()])


# Probes by layer, threads, and how many workers then read each layer.
@pytest.mark.parametrize("number", [1, 2, 3])
@pytest.mark.parametrize("probes", [(2, 2), (2,), (2, 2, 2), (1, 2, 3)])
def test_a_layer_is_read_once_an_epoch_however_many_threads_share_its_probes(probes, number, threads, dev):
    threads(number)
    states = LayeredStates([dev.vectors for _ in probes])
    fit_all(
        [DistanceProbe(layer, 3, seed, epochs=2) for layer, n in enumerate(probes) for seed in range(n)], states, dev
    )
    # Two epochs, and the scale of the vectors: a corpus of this size is its own sample.
    assert [states.sentences_read(layer) / len(states) for layer in range(len(probes))] == [3] * len(probes)


def test_layers_are_divided_where_a_thread_would_be_idle_or_do_twice_the_work(dev):
    def shares(layers: int, number: int) -> list[list[int]]:
        probes = [kind(layer, 3) for layer in range(layers) for kind in (DistanceProbe, DepthProbe)]
        divided = estimator._divide(probes, LayeredStates([dev.vectors] * layers), shares=number)
        return [[probe.layer for probe in share] for share in divided]

    assert shares(2, 2) == [[0, 0], [1, 1]]
    assert [len(share) for share in shares(7, 2)] == [6, 8]
    assert shares(1, 2) == [[0], [0]]
    assert shares(3, 2) == [[0, 0, 1], [1, 2, 2]]
    assert shares(2, 4) == [[0], [0], [1], [1]]


def test_contiguous_parts_are_balanced():
    """Neighbours stay together, none is lost, and no part exceeds its share by more than an item."""
    generator = np.random.default_rng(0)
    for _ in range(200):
        loads = generator.integers(1, 50, size=generator.integers(1, 30)).tolist()
        workers = int(generator.integers(1, 10))
        parts = split_contiguously(loads, workers)
        assert [place for part in parts for place in part] == list(range(len(loads)))
        assert all(parts)
        assert len(parts) <= workers
        assert max(sum(loads[place] for place in part) for part in parts) <= sum(loads) / workers + max(loads)


def test_no_more_is_read_at_once_from_a_longer_corpus(threads, train, dev):
    """Beside one sample for the scale of the vectors, a batch at a time."""
    threads(1)
    for times in (2, 4):
        states, held_out = LayeredStates([train.vectors * times]), LayeredStates([dev.vectors * times])
        gold, held_gold = ([each for _ in range(times) for each in corpus.distances] for corpus in (train, dev))
        probe = DistanceProbe(0, 2, epochs=1, batch_size=20).fit(states, gold, validation=(held_out, held_gold))
        sample, *batches = [sentences for _, sentences in states.reads]
        assert sample == SCALE_SENTENCES < len(states)
        assert max(batches) == 20
        probe.predict(states)
        assert max(sentences for _, sentences in held_out.reads) == VALIDATION_BATCH
        assert max(sentences for _, sentences in states.reads[1 + len(batches) :]) == PREDICTION_BATCH


def test_products_in_bfloat16_train_nearly_the_same_probe(train, dev):
    """Rounded products move the losses by a few thousandths, not more; maps and losses stay in float32."""
    plain, rounded = ([DistanceProbe(0, 24, precision=each), DepthProbe(0, 24, precision=each)] for each in FORMATS)
    states, held_out = LayeredStates([train.vectors]), LayeredStates([dev.vectors])
    fit_all(plain, states, train, validation=(held_out, dev))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # most processors say that they are slow at it
        fit_all(rounded, states, train, validation=(held_out, dev))
    for exact, probe in zip(plain, rounded):
        assert probe.matrix_.dtype == np.float32
        assert not np.array_equal(probe.matrix_, exact.matrix_)
        losses = [min(entry["validation"] for entry in each.history_) for each in (exact, probe)]
        assert losses[1] == pytest.approx(losses[0], rel=0.02)


def test_a_format_that_a_probe_cannot_be_trained_in_is_refused(train):
    for probe, expected in (
        (DistanceProbe(precision="float8"), "float32 or bfloat16"),
        (PoincareProbe(precision="bfloat16"), "float32"),
    ):
        with pytest.raises(ValueError, match=rf"precision '.*' of {type(probe).__name__}; expected {expected}$"):
            fit_all([probe.set_params(rank=8)], LayeredStates([train.vectors]), train)


def test_slow_bfloat16_is_said_once(monkeypatch, train):
    processor._say_slow.cache_clear()
    monkeypatch.setattr(processor, "multiplies_bfloat16", lambda _: False)
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        for _ in range(2):
            probes = [kind(0, 4, epochs=1, precision="bfloat16") for kind in (DistanceProbe, DepthProbe)]
            fit_all(probes, LayeredStates([train.vectors]), train)
    assert [str(each.message).split(":")[0] for each in told] == ["training in bfloat16"]
    assert "slower" in str(told[0].message)


def test_probes_that_stop_at_different_times_are_regrouped_and_go_on_as_before(train, dev):
    """Layers whose probes stop leave the product of those that stay, which end where they end alone."""
    noisy = make_corpus(30, seed=5, noise=3.0)
    states, held_out = LayeredStates([noisy.vectors] * 3), LayeredStates([dev.vectors] * 3)

    def make() -> list[DistanceProbe]:
        options = {"epochs": 25, "learning_rate": 0.02}
        return [
            DistanceProbe(layer, 24, seed, patience=2 + 3 * (layer + seed), **options)
            for layer in range(3)
            for seed in range(2)
        ]

    together = fit_all(make(), states, noisy, validation=(held_out, dev))
    assert len({len(probe.history_) for probe in together}) > 2
    for probe, alone in zip(together, make()):
        fit_all([alone], states, noisy, validation=(held_out, dev))
        assert len(alone.history_) == len(probe.history_)
        losses = [[entry["validation"] for entry in each.history_] for each in (probe, alone)]
        np.testing.assert_allclose(*losses, rtol=1e-4)
