"""Heads of a running model attend by their kernels inside the context, and only there."""

import numpy as np
import pytest
import torch

from tests.convolution.known_attention import batches, planted, random_words
from treeprobe.convolution import Kernels, fit_kernels, measure_offsets, replace_heads, state_change
from treeprobe.convolution.replacement import BlockKernels
from treeprobe.extraction import Encoder, extract, stream_attention

TEXT = random_words(25, seed=3)


@pytest.fixture(scope="module")
def fitted(bert: Encoder) -> Kernels:
    return fit_kernels(measure_offsets(stream_attention(bert, TEXT, level="subwords"))).free


def streamed(encoder: Encoder) -> dict[int, torch.Tensor]:
    """(layers, heads, positions, positions) attention by sentence, padding cut off."""
    found = {}
    for batch in stream_attention(encoder, TEXT, level="subwords"):
        for row, (sentence, length) in enumerate(zip(batch.indices.tolist(), batch.lengths.tolist())):
            positions = length + batch.leading + batch.trailing
            found[sentence] = batch.attention[:, row, :, :positions, :positions]
    return found


def test_replaced_heads_attend_by_their_kernels_and_others_as_they_did(bert, fitted):
    before = streamed(bert)
    with replace_heads(bert, fitted, heads=[(0, 1)]):
        during = streamed(bert)
    after = streamed(bert)
    for sentence, intact in before.items():
        words = intact.shape[-1] - 2
        torch.testing.assert_close(after[sentence], intact)
        torch.testing.assert_close(during[sentence][0, [0, 2]], intact[0, [0, 2]])
        inner = during[sentence][0, 1, 1:-1, 1:-1].double()
        np.testing.assert_allclose(inner, fitted.attention(words)[0, 1], atol=1e-5)
        torch.testing.assert_close(during[sentence].sum(-1), torch.ones(2, 3, words + 2))
    assert any((before[s][1] - during[s][1]).abs().max() > 1e-3 for s in before), "the next block reads other states"


@pytest.mark.parametrize("family", ["bert", "roberta", "distilbert", "gpt2", "modernbert"])
def test_a_fully_replaced_model_is_all_kernel(models, family):
    encoder = models[family]
    intact = fit_kernels(measure_offsets(stream_attention(encoder, TEXT, level="subwords")))
    with replace_heads(encoder, intact.free):
        fit = fit_kernels(measure_offsets(stream_attention(encoder, TEXT, level="subwords")))
    explained = fit.share[~np.isnan(fit.share)]
    assert len(explained) >= 4
    np.testing.assert_allclose(explained, 1.0, atol=3e-3)
    assert (fit.information[np.isnan(fit.share)] < 1e-4).all()
    assert intact.share.min() < 0.9


def test_a_decoder_keeps_looking_back_only(models):
    statistics = measure_offsets(stream_attention(models["gpt2"], TEXT, level="subwords"))
    assert statistics.causal
    with replace_heads(models["gpt2"], fit_kernels(statistics).free.uniform()):
        for attention in streamed(models["gpt2"]).values():
            rows = torch.arange(1, attention.shape[-1] + 1)
            expected = torch.ones(len(rows), len(rows)).tril() / rows[:, None]
            torch.testing.assert_close(attention, expected.expand_as(attention))


def test_special_positions_keep_their_own_rows(bert, fitted):
    with replace_heads(bert, fitted):
        during = streamed(bert)
    for attention in during.values():
        ends = attention[:, :, [0, -1]][..., [0, -1]].double()
        np.testing.assert_allclose(ends, fitted.special_rows, atol=1e-5)
        words = attention[:, :, 0, 1:-1]
        torch.testing.assert_close(words, words[..., :1].expand_as(words))


def test_uniform_kernels_give_every_position_the_same(bert, fitted):
    with replace_heads(bert, fitted.uniform()):
        for attention in streamed(bert).values():
            torch.testing.assert_close(attention, torch.full_like(attention, 1 / attention.shape[-1]))


def test_kernels_are_laid_over_padded_sentences_as_the_slow_way_does():
    kernel, specials = np.random.default_rng(0).gamma(1.0, size=9), (0.4, 0.2)
    attentions = [planted(kernel, specials, n) for n in (5, 2, 4, 1)]
    kernels = Kernels(
        np.log(kernel)[None, None], np.log(np.array(specials))[None, None], np.full((1, 1, 2, 2), 0.25), leading=1
    )
    batch = next(batches(attentions))
    seen = torch.arange(7) < torch.tensor([7, 4, 6, 3])[:, None]
    laid = BlockKernels.of(kernels, 0).attention(seen[:, None, None, :].expand(-1, -1, 7, -1), 4)
    for row, length in enumerate(batch.lengths.tolist()):
        words = slice(1, 1 + length)
        expected = batch.attention[0, row, :, words, : length + 2]
        torch.testing.assert_close(laid[row, :, words, : length + 2], expected, rtol=0, atol=1e-6)
        assert laid[row, :, :, length + 2 :].abs().sum() == 0


def test_a_causal_mask_is_kept(fitted):
    causal = torch.ones(6, 6, dtype=torch.bool).tril()[None, None]
    laid = BlockKernels.of(fitted, 0).attention(causal, 2)
    assert laid.shape == (2, 3, 6, 6)
    assert laid.triu(1).abs().sum() == 0
    torch.testing.assert_close(laid.sum(-1), torch.ones(2, 3, 6))


def test_states_do_not_move_without_cause_and_do_with_it(bert, fitted):
    before = extract(bert, TEXT)
    same = state_change(before, extract(bert, TEXT))
    np.testing.assert_allclose(same.relative, 0, atol=1e-8)
    np.testing.assert_allclose(same.cosine, 1, atol=1e-6)
    with replace_heads(bert, fitted, heads=[(1, head) for head in range(3)]):
        moved = state_change(before, extract(bert, TEXT))
    np.testing.assert_allclose(moved.relative[:2], 0, atol=1e-8)
    assert moved.relative[2] > 1e-4
    flat = np.concatenate([before.sentence(i, 2) for i in range(len(TEXT))]).astype(np.float64)
    with replace_heads(bert, fitted, heads=[(1, head) for head in range(3)]):
        new = extract(bert, TEXT)
    other = np.concatenate([new.sentence(i, 2) for i in range(len(TEXT))])
    expected = ((other - flat) ** 2).sum() / ((flat - flat.mean(0)) ** 2).sum()
    assert moved.relative[2] == pytest.approx(expected, rel=1e-4)


def test_heads_and_kernels_that_do_not_fit_the_model_are_refused(bert, fitted):
    with (
        pytest.raises(ValueError, match="no head 3-1; bert has 2 blocks of 3 heads"),
        replace_heads(bert, fitted, heads=[(2, 0)]),
    ):
        pass
    small = Kernels(fitted.log_offsets[:1], fitted.log_specials[:1], None, 1)
    with pytest.raises(ValueError, match="1 blocks of 3 heads"), replace_heads(bert, small):
        pass
    left_padded = torch.tensor([False, True, True]).expand(1, 1, 3, 3)
    with pytest.raises(ValueError, match="padded on the right"):
        BlockKernels.of(fitted, 0).of_heads([0]).attention(left_padded, 1)
