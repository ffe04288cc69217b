"""Kernels over relative offsets: planted ones are found, content has none, and the fit is the best there is."""

import numpy as np
import pytest
import torch

from tests.convolution.known_attention import batches, content_only, planted
from treeprobe.convolution import fit_kernels, measure_offsets
from treeprobe.convolution.kernels import receptive_field

SPAN = 14
OFFSETS = np.arange(-SPAN, SPAN + 1)
LENGTHS = [*np.random.default_rng(0).integers(1, SPAN + 2, 150).tolist(), SPAN + 1]


@pytest.mark.parametrize(("leading", "trailing"), [(1, 1), (0, 0), (1, 0), (0, 2)])
def test_statistics_are_the_sums_of_a_slow_loop(leading, trailing):
    generator = np.random.default_rng(1)
    specials = leading + trailing
    attentions = [generator.dirichlet(np.ones(n + specials), (2, 3, n + specials)) for n in (3, 1, 5, 2, 5)]
    found = measure_offsets(batches(attentions, leading=leading, trailing=trailing, size=2))
    offsets, columns, entropy = np.zeros((2, 3, 9)), np.zeros((2, 3, specials)), np.zeros((2, 3))
    places: dict[tuple[int, int], int] = {}
    for attention in attentions:
        words = attention.shape[-1] - specials
        for i in range(words):
            row = attention[:, :, leading + i]
            entropy -= (row * np.log(row)).sum(-1)
            places[i, words - 1 - i] = places.get((i, words - 1 - i), 0) + 1
            for j in range(words):
                offsets[:, :, j - i + 4] += row[..., leading + j]
            for s, at in enumerate([*range(leading), *range(leading + words, words + specials)]):
                columns[:, :, s] += row[..., at]
    np.testing.assert_allclose(found.offsets, offsets, rtol=1e-5)
    np.testing.assert_allclose(found.specials, columns, rtol=1e-5)
    np.testing.assert_allclose(found.entropy, entropy, rtol=1e-5)
    assert {(left, right): n for left, right, n in found.borders.tolist()} == places


def test_batches_and_their_order_do_not_matter():
    generator = np.random.default_rng(2)
    attentions = [generator.dirichlet(np.ones(n + 2), (1, 2, n + 2)) for n in LENGTHS[:30]]
    a = fit_kernels(measure_offsets(batches(attentions, size=30)))
    b = fit_kernels(measure_offsets(batches(attentions[::-1], size=4)))
    np.testing.assert_allclose(a.share, b.share, atol=1e-5)


@pytest.mark.parametrize("specials", [(0.3, 0.8), (0.0, 0.0)])
@pytest.mark.parametrize("form", ["any", "previous", "gaussian"])
def test_a_planted_kernel_is_found_with_share_one(form, specials):
    kernel = {
        "any": np.random.default_rng(3).gamma(0.5, size=len(OFFSETS)) + 1e-3,
        "previous": np.where(OFFSETS == -1, 1.0, 1e-4),
        "gaussian": np.exp(-0.15 * (OFFSETS + 1.7) ** 2),
    }[form]
    fit = fit_kernels(measure_offsets(batches([planted(kernel, specials, n) for n in LENGTHS])))
    assert fit.share.item() == pytest.approx(1.0, abs=1e-4)
    for words in (1, 5, SPAN + 1):
        expected = planted(kernel, specials, words)[..., 1:-1, 1:-1]
        np.testing.assert_allclose(fit.free.attention(words), expected, atol=2e-3)
    if form == "gaussian":
        assert fit.quadratic_share.item() == pytest.approx(1.0, abs=1e-4)
        assert fit.quadratic_centre.item() == pytest.approx(-1.7, abs=1e-2)
        assert fit.quadratic_width.item() == pytest.approx((2 * 0.15) ** -0.5, abs=1e-2)


def test_a_head_that_looks_at_content_alone_has_a_share_near_zero():
    generator = np.random.default_rng(4)
    lengths = np.tile(LENGTHS, 6)
    fit = fit_kernels(measure_offsets(batches([content_only(n, generator) for n in lengths], size=50)))
    assert fit.information.item() > 0.5
    assert 0 <= fit.share.item() < 0.03
    assert 0 <= fit.quadratic_share.item() <= fit.share.item()


def test_parking_at_a_special_position_is_no_share():
    flat = np.ones(len(OFFSETS))
    fit = fit_kernels(measure_offsets(batches([planted(flat, (0.1, 40.0), n) for n in LENGTHS])))
    assert np.isnan(fit.share.item())
    assert fit.specials[0, 0, 1] > 0.6


def test_no_kernel_is_likelier_than_the_free_one():
    generator = np.random.default_rng(5)
    attentions = [generator.dirichlet(np.exp(-0.3 * np.arange(n + 2)) + 0.05, (1, 1, n + 2)) for n in LENGTHS[:60]]
    statistics = measure_offsets(batches(attentions))
    fit = fit_kernels(statistics)
    best, oracle = _likelihood(fit.free, attentions), _climb(attentions, statistics.span)
    assert best >= oracle - 1e-4 * abs(oracle)
    assert best == pytest.approx(oracle, rel=1e-3)
    assert best >= _likelihood(fit.quadratic, attentions)


def test_the_fitted_kernel_gives_each_offset_what_was_observed_there():
    generator = np.random.default_rng(6)
    attentions = [generator.dirichlet(np.ones(n + 2), (1, 1, n + 2)) for n in LENGTHS]
    statistics = measure_offsets(batches(attentions))
    kernels = fit_kernels(statistics).free
    expected = np.zeros(2 * SPAN + 1)
    for words in LENGTHS:
        attention = kernels.attention(words)[0, 0]
        for i in range(words):
            expected[SPAN - i : SPAN - i + words] += attention[i]
    np.testing.assert_allclose(statistics.offsets[0, 0], expected, rtol=2e-3, atol=2e-3)


def test_a_decoder_is_measured_over_what_it_may_see():
    def causal(words: int) -> np.ndarray:
        attention = np.tril(np.ones((words, words)))
        return (attention / attention.sum(1, keepdims=True))[None, None]

    statistics = measure_offsets(batches([causal(n) for n in LENGTHS], leading=0, trailing=0))
    assert statistics.causal
    # Uniform over the past: nothing to explain, though over both sides it would be far from uniform.
    assert fit_kernels(statistics).information.item() == pytest.approx(0.0, abs=1e-5)


@pytest.mark.parametrize("slope", [0.05, 1.0, 3.0])
def test_no_kernel_of_a_decoder_looks_to_the_right(slope):
    """Attention that grows towards the word: carried on to its right, the quadratic curve would be at its greatest."""

    def causal(words: int) -> np.ndarray:
        shift = np.arange(words) - np.arange(words)[:, None]
        weights = np.where(shift <= 0, np.exp(slope * shift), 0.0)
        return (weights / weights.sum(1, keepdims=True))[None, None]

    fit = fit_kernels(measure_offsets(batches([causal(n) for n in LENGTHS], leading=0, trailing=0)))
    assert fit.share.item() == pytest.approx(1.0, abs=1e-4)
    assert fit.quadratic_share.item() == pytest.approx(1.0, abs=1e-3)
    for kernels in (fit.free, fit.quadratic, fit.free.uniform()):
        attention = kernels.attention(6)[0, 0]
        assert np.triu(attention, 1).max() < 1e-20
        np.testing.assert_allclose(attention.sum(1), 1)
    np.testing.assert_allclose(fit.quadratic.attention(6)[0, 0], causal(6)[0, 0], atol=1e-3)
    np.testing.assert_allclose(fit.free.uniform().attention(6)[0, 0, 5], 1 / 6)


def test_a_head_that_gives_words_nothing_has_a_kernel_that_gives_them_nothing():
    attentions = []
    for words in LENGTHS:
        attention = np.zeros((1, 1, words + 2, words + 2))
        attention[..., -1] = 1.0
        other = planted(np.where(OFFSETS == -1, 1.0, 1e-3), (0.1, 0.1), words)
        attentions.append(np.concatenate([attention, other], axis=1))
    fit = fit_kernels(measure_offsets(batches(attentions)))
    assert np.isfinite(fit.free.log_offsets).all()
    assert np.isfinite(fit.quadratic.log_offsets).all()
    assert fit.free.attention(5)[0, 0].max() < 1e-20
    assert fit.quadratic.attention(5)[0, 0].max() < 1e-6
    assert np.isnan(fit.share[0, 0])
    assert fit.receptive_field[0, 0] == 0
    assert fit.share[0, 1] == pytest.approx(1.0, abs=1e-4)


def test_other_heads_kernels_are_all_others():
    kernels = np.random.default_rng(7).gamma(0.5, size=(6, len(OFFSETS))) + 1e-3
    attentions = [
        np.concatenate([planted(k, (0.1, 0.1), n) for k in kernels], axis=1).reshape(2, 3, n + 2, n + 2)
        for n in LENGTHS
    ]
    free = fit_kernels(measure_offsets(batches(attentions))).free
    own, other = (k.log_offsets.reshape(6, -1) for k in (free, free.shuffled(1)))
    taken = [int(np.abs(own - row).sum(1).argmin()) for row in other]
    assert sorted(taken) == list(range(6))
    assert all(taken[head] != head for head in range(6))


def test_receptive_field_counts_the_offsets_that_hold_nine_tenths():
    assert receptive_field(np.array([[0.5, 0.05, 0.4, 0.05], [0.25, 0.25, 0.25, 0.25]])).tolist() == [2, 4]


def test_nearby_weights_are_those_of_the_middle_of_a_long_sentence_that_sees_no_further():
    kernel = np.random.default_rng(8).gamma(0.5, size=(1, len(OFFSETS))) + 1e-3
    free = fit_kernels(measure_offsets(batches([planted(kernel[0], (0.1, 0.1), n) for n in LENGTHS]))).free
    for reach in (0, 2, free.span // 2):
        seen = free.attention(2 * reach + 1)[..., reach, :]
        np.testing.assert_allclose(free.near(reach), seen / seen.sum(-1, keepdims=True))


def test_sentences_longer_than_the_kernels_and_empty_streams_are_refused():
    fit = fit_kernels(measure_offsets(batches([planted(np.ones(5), (1, 1), 3)])))
    with pytest.raises(ValueError, match="offsets up to 2, found 5 words"):
        fit.free.attention(5)
    with pytest.raises(ValueError, match="offsets up to 2, found a reach of 3"):
        fit.free.near(3)
    with pytest.raises(ValueError, match="no attention"):
        measure_offsets([])


def _likelihood(kernels, attentions) -> float:
    total = 0.0
    for attention in attentions:
        words = attention.shape[-1] - 2
        span = kernels.span
        place = np.arange(words)
        inner = kernels.log_offsets[0, 0][place - place[:, None] + span]
        first, last = kernels.log_specials[0, 0]
        scores = np.concatenate([np.full((words, 1), first), inner, np.full((words, 1), last)], axis=1)
        scores -= np.log(np.exp(scores).sum(1, keepdims=True))
        total += float((attention[0, 0, 1:-1] * scores).sum())
    return total


def _climb(attentions, span: int) -> float:
    """The greatest likelihood by general optimisation, with automatic derivatives."""
    logs = torch.zeros(2 * span + 3, dtype=torch.float64, requires_grad=True)
    optimiser = torch.optim.LBFGS([logs], max_iter=300, line_search_fn="strong_wolfe")

    def loss() -> torch.Tensor:
        optimiser.zero_grad()
        total = torch.zeros((), dtype=torch.float64)
        for attention in attentions:
            words = attention.shape[-1] - 2
            place = torch.arange(words)
            ends = logs[-2:].expand(words, 2)
            inner = logs[place - place[:, None] + span]
            scores = torch.cat([ends[:, :1], inner, ends[:, 1:]], dim=1).log_softmax(1)
            total = total - (torch.from_numpy(attention[0, 0, 1:-1]) * scores).sum()
        total.backward()
        return total

    optimiser.step(loss)
    return -loss().item()
