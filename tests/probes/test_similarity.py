"""Centred kernel alignment and angles between probes: their theorems, beside kernel matrices written out."""

import numpy as np
import pytest
from numpy.typing import NDArray

from treeprobe.probes import ArrayStates, compare_states, linear_cka, metric_similarity, probe_subspace_angles
from treeprobe.probes.similarity import Moments
from treeprobe.probes.subspaces import leading_directions

Vectors = NDArray[np.float64]


def vectors(words: int, dim: int, *, seed: int = 0) -> Vectors:
    """Vectors whose dimensions differ in size, away from zero."""
    generator = np.random.default_rng(seed)
    return generator.normal(size=(words, dim)) * np.linspace(1, 3, dim) + 5


def turn(dim: int, *, seed: int = 1) -> Vectors:
    """A random rotation."""
    return np.linalg.qr(np.random.default_rng(seed).normal(size=(dim, dim)))[0]


def hsic_of_kernels(x: Vectors, y: Vectors) -> float:
    """The unbiased estimator with its kernel matrices written out, as Song et al. (2012, eq. 5) define it."""
    words = len(x)
    first, second = x @ x.T, y @ y.T
    np.fill_diagonal(first, 0)
    np.fill_diagonal(second, 0)
    ones = np.ones(words)
    sums = (ones @ first @ ones) * (ones @ second @ ones) / ((words - 1) * (words - 2))
    rows = 2 / (words - 2) * (ones @ first @ second @ ones)
    return float((np.trace(first @ second) + sums - rows) / (words * (words - 3)))


def test_the_streaming_estimator_is_that_of_the_kernel_matrices() -> None:
    x, y = vectors(40, 7), vectors(40, 5, seed=3) + vectors(40, 7)[:, :5]
    whole = Moments.of(x, y)
    assert whole.hsic(debiased=True) == pytest.approx(hsic_of_kernels(x, y))
    centre = np.eye(40) - 1 / 40
    biased = np.trace(x @ x.T @ centre @ y @ y.T @ centre) / 39**2
    assert whole.hsic(debiased=False) == pytest.approx(biased)
    pieces = Moments.of(x[:11], y[:11]) + Moments.of(x[11:], y[11:])
    assert pieces.hsic(debiased=True) == pytest.approx(whole.hsic(debiased=True))
    left = whole - Moments.of(x[:11], y[:11])
    assert left.hsic(debiased=True) == pytest.approx(hsic_of_kernels(x[11:], y[11:]))


@pytest.mark.parametrize("debiased", [True, False])
def test_what_is_only_turned_scaled_and_shifted_is_the_same(debiased: bool) -> None:
    x = vectors(60, 8)
    assert linear_cka(x, x @ turn(8) * 3 + 7, debiased=debiased) == pytest.approx(1)
    assert linear_cka(x, x @ np.diag([1, 1, 1, 1, 1, 1, 1, 30.0]), debiased=debiased) < 0.9


def test_few_words_of_many_dimensions_look_alike_only_with_the_bias() -> None:
    unrelated = [linear_cka(vectors(30, 100, seed=s), vectors(30, 100, seed=s + 50)) for s in range(20)]
    biased = [linear_cka(vectors(30, 100, seed=s), vectors(30, 100, seed=s + 50), debiased=False) for s in range(20)]
    assert abs(np.mean(unrelated)) < 0.05
    assert min(biased) > 0.6


def test_a_text_read_in_groups_gives_the_value_of_all_its_words_and_an_interval_around_it() -> None:
    generator = np.random.default_rng(0)
    x = vectors(300, 6)
    y = x @ turn(6) + generator.normal(size=(300, 6))
    cuts = np.sort(generator.choice(np.arange(1, 300), size=39, replace=False))
    first, second = (ArrayStates(np.split(each, cuts)) for each in (x, y))
    found = compare_states(first, second, 0)
    assert found.cka == pytest.approx(linear_cka(x, y))
    assert found.low < found.cka < found.high < 1
    spread = np.square(x - x.mean(axis=0)).sum()
    assert found.change == pytest.approx(np.sqrt(np.square(y - x).sum() / spread))
    same = compare_states(first, first, 0)
    assert (same.cka, same.change) == (pytest.approx(1), pytest.approx(0, abs=1e-6))
    assert np.isnan(compare_states(first, ArrayStates(np.split(y[:, :4], cuts)), 0).change)


def test_the_interval_of_the_jackknife_holds_the_truth_about_as_often_as_it_says() -> None:
    """The truth is the value over very many words of the same kind."""

    def drawn(words: int, seed: int) -> tuple[Vectors, Vectors]:
        generator = np.random.default_rng(seed)
        x = generator.normal(size=(words, 5))
        return x, x * [1, 0.7, 0.4, 0.2, 0] + generator.normal(size=(words, 5))

    truth = linear_cka(*drawn(200_000, 99))
    inside = []
    for seed in range(100):
        x, y = drawn(400, seed)
        found = compare_states(*(ArrayStates(np.split(each, 40)) for each in (x, y)), 0)
        inside.append(found.low <= truth <= found.high)
    assert 0.85 <= np.mean(inside) <= 1


def test_other_sentences_are_refused() -> None:
    first = ArrayStates([vectors(4, 3), vectors(5, 3)])
    with pytest.raises(ValueError, match="2 and 1 sentences, 9 and 9 words; expected the same"):
        compare_states(first, ArrayStates([vectors(9, 3)]), 0)
    with pytest.raises(ValueError, match="9 and 8 words"):
        linear_cka(vectors(9, 3), vectors(8, 3))


def test_angles_are_of_the_directions_that_a_probe_stretches() -> None:
    axes = np.eye(6)
    first, second = axes[:2], np.stack([axes[0], axes[1] * np.cos(0.5) + axes[2] * np.sin(0.5)])
    found = probe_subspace_angles(first, second)
    assert (found.directions, found.largest) == (2, pytest.approx(np.degrees(0.5)))
    assert found.mean == pytest.approx(np.degrees(0.25))
    turned = turn(2) @ first * 4
    assert probe_subspace_angles(first, turned).largest == pytest.approx(0, abs=1e-6)
    assert metric_similarity(first, turned) == pytest.approx(1)
    assert probe_subspace_angles(axes[:2], axes[2:4]).mean == pytest.approx(90)
    assert metric_similarity(axes[:2], axes[2:4]) == pytest.approx(0)


def test_rows_that_training_left_small_do_not_count_even_at_full_rank() -> None:
    noise = np.random.default_rng(0).normal(size=(6, 6)) * 0.01
    first, second = np.diag([3, 3, 0, 0, 0, 0]) + noise, np.diag([0, 0, 3, 3, 0, 0]) + noise.T
    assert leading_directions(first) == 2
    assert probe_subspace_angles(first, second).mean > 88
    assert metric_similarity(first, second) < 0.01


def test_probes_of_states_of_other_widths_have_no_angle() -> None:
    for compare in (probe_subspace_angles, metric_similarity):
        with pytest.raises(ValueError, match="3 and 4 wide"):
            compare(np.eye(3), np.eye(4))
