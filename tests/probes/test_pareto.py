"""Fronts and hypervolumes against brute force, and probes that pay for their norm."""

from itertools import pairwise

import numpy as np
import pytest
from numpy.typing import NDArray
from sklearn.base import clone

from tests.probes.corpora import Corpus, LayeredStates, make_corpus
from treeprobe.probes import DistanceProbe, NuclearNormProbe, fit_all, hypervolume, nuclear_norms, pareto_front
from treeprobe.probes.initial import layer_scales


def slow_front(costs: NDArray[np.float64], gains: NDArray[np.float64]) -> list[bool]:
    return [
        not any(c <= cost and g >= gain and (c < cost or g > gain) for c, g in zip(costs, gains))
        for cost, gain in zip(costs, gains)
    ]


def slow_volume(
    costs: NDArray[np.float64], gains: NDArray[np.float64], least: float, most: float, floor: float
) -> float:
    """Between any two neighbouring complexities the best accuracy is one number."""
    edges = sorted({least, most, *(cost for cost in costs.tolist() if least < cost < most)})
    area = 0.0
    for low, high in pairwise(edges):
        area += (high - low) * max([floor, *(g for c, g in zip(costs, gains) if c <= low)])
    return area / (most - least)


@pytest.mark.parametrize("seed", range(6))
def test_front_and_hypervolume_are_those_of_brute_force(seed: int) -> None:
    generator = np.random.default_rng(seed)
    points = int(generator.integers(1, 12))
    # Few values, so that some points are equally complex, equally accurate, or both.
    costs, gains = generator.integers(0, 6, points).astype(float), generator.integers(0, 5, (3, points)) / 4
    assert pareto_front(costs, gains[0]).tolist() == slow_front(costs, gains[0])
    found = hypervolume(costs, gains, least=1.0, most=4.5, floor=0.3)
    np.testing.assert_allclose(found, [slow_volume(costs, one, 1.0, 4.5, 0.3) for one in gains])


def test_hypervolume_is_an_accuracy_and_early_gains_count_for_more() -> None:
    ranks = np.arange(5.0)
    constant = hypervolume(ranks, np.full(5, 0.7), least=0, most=4)
    early, late = (
        hypervolume(ranks, gains, least=0, most=4) for gains in ([0.1, 0.7, 0.7, 0.7, 0.7], [0.1, 0.1, 0.1, 0.1, 0.7])
    )
    assert constant == pytest.approx(0.7)
    assert early == pytest.approx((0.1 + 3 * 0.7) / 4)
    assert early > late
    # A point that another dominates changes nothing.
    assert hypervolume([0, 4, 3], [0.5, 0.4, 0.2], least=0, most=4) == pytest.approx(0.5)


def test_points_that_do_not_fit_and_empty_ranges_are_refused() -> None:
    with pytest.raises(ValueError, match=r"complexities \(2,\), accuracies \(3,\); expected"):
        pareto_front([1, 2], [0.1, 0.2, 0.3])
    with pytest.raises(ValueError, match=r"complexities from 2 to 2; expected a range"):
        hypervolume([1], [0.5], least=2, most=2)


def test_the_dearer_the_norm_the_smaller_it_is_and_for_nothing_it_is_the_plain_probe(
    train: Corpus, dev: Corpus
) -> None:
    states, held_out = (LayeredStates([corpus.vectors, corpus.exact]) for corpus in (train, dev))
    plain = DistanceProbe(0, 24, learning_rate=0.01)
    priced = [NuclearNormProbe(0, 24, strength=each, learning_rate=0.01) for each in (0.0, 0.01, 0.1, 1.0)]
    fit_all([plain, *priced, DistanceProbe(1, 24)], states, train, validation=(held_out, dev))
    np.testing.assert_allclose(priced[0].matrix_, plain.matrix_, atol=1e-4 * np.abs(plain.matrix_).max())
    norms = nuclear_norms(priced, states)
    assert norms == sorted(norms, reverse=True)
    assert norms[-1] < norms[0] / 4
    # The trace of the metric, by its eigenvalues.
    [scale] = layer_scales(states, [0])
    scaled = plain.matrix_ * scale.numpy().T
    assert norms[0] == pytest.approx(np.linalg.svd(scaled.T @ scaled, compute_uv=False).sum(), rel=1e-4)
    # The metric loses directions, not only size.
    ranks = [np.linalg.svd(probe.matrix_ * scale.numpy().T, compute_uv=False) for probe in (priced[0], priced[2])]
    small, large = ((values > 0.1 * values[0]).sum() for values in reversed(ranks))
    assert small < large


def test_what_a_probe_pays_is_the_gradient_of_strength_times_norm() -> None:
    """With one sentence and one step of Adam, a map moves by the sign of its gradient: down where it is priced."""
    corpus = make_corpus(1, seed=3)
    dear = NuclearNormProbe(None, 4, strength=1e6, epochs=1, learning_rate=0.001)
    start = clone(dear).set_params(learning_rate=0.0)
    for probe in (dear, start):
        probe.fit(corpus.vectors, corpus.distances)
    scale = layer_scales(LayeredStates([corpus.vectors]), [0])[0].numpy().T
    np.testing.assert_allclose((dear.matrix_ - start.matrix_) * scale, -0.001 * np.sign(start.matrix_), atol=2e-6)
