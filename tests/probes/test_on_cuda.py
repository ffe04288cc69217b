"""The same training on a GPU, where there is one."""

import numpy as np
import pytest
import torch

from tests.probes.corpora import LayeredStates
from treeprobe.probes import (
    BilinearProbe,
    DepthProbe,
    DistanceProbe,
    JointProbe,
    KernelProbe,
    OrthogonalProbe,
    PoincareProbe,
    fit_all,
)

pytestmark = pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device on this machine")

KINDS = [DistanceProbe, DepthProbe, BilinearProbe, OrthogonalProbe, KernelProbe, PoincareProbe, JointProbe]


def test_cuda_trains_what_the_processor_trains(train, dev):
    """Losses agree to a hundredth: products run in another order, and an L1 loss's signs turn on the last digit."""

    def fitted(device):
        states, held = LayeredStates([train.vectors, train.exact]), LayeredStates([dev.vectors, dev.exact])
        probes = [kind(layer, rank, epochs=3, device=device) for kind in KINDS for layer, rank in ((0, 6), (1, 24))]
        return fit_all(probes, states, train, validation=(held, dev))

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
