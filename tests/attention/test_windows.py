"""Local attention: the softmax within a window, and nothing of the rest."""

import numpy as np
import pytest

from tests.extraction import zoo
from treeprobe.attention import local_attention
from treeprobe.extraction import extract, stream_attention

WORDS = zoo.SENTENCES[0]


def attention_of(encoder) -> np.ndarray:
    (batch,) = stream_attention(encoder, [WORDS], level="subwords")
    return batch.unpadded()[0]


def test_the_first_block_attends_within_its_window_in_the_proportions_of_before() -> None:
    encoder = zoo.encoder("bert")
    whole = attention_of(encoder)[0]
    with local_attention(encoder, 2, specials=False):
        local = attention_of(encoder)
    position = np.arange(whole.shape[-1])
    near = np.abs(position - position[:, None]) <= 2
    expected = np.where(near, whole, 0)
    np.testing.assert_allclose(local[0], expected / expected.sum(-1, keepdims=True), atol=1e-6)
    assert not local[:, :, ~near].any()


def test_special_tokens_stay_in_sight_of_all() -> None:
    encoder = zoo.encoder("bert")
    with local_attention(encoder, 0):
        local = attention_of(encoder)
    seen = local.max((0, 1)) > 0
    expected = np.eye(len(seen), dtype=bool)
    expected[[0, -1]] = expected[:, [0, -1]] = True
    np.testing.assert_array_equal(seen, expected)


def test_a_word_knows_as_far_as_windows_reach_through_the_blocks() -> None:
    """Three blocks of a window of 1: what is 3 subwords away is seen, what is 4 away is not."""
    encoder = zoo.encoder("bert")
    known = sorted({word for sentence in zoo.SENTENCES for word in sentence})
    same, other_word = [word for word in known if len(encoder.tokenizer.tokenize(word)) == 1][:2]
    words = [same] * 12
    changed = [same] * 6 + [other_word] + [same] * 5
    with local_attention(encoder, 1, specials=False):
        one, other = (extract(encoder, [each]).sentence(0, 3) for each in (words, changed))
    moved = np.abs(one - other).max(1) > 1e-5  # less is the rounding of the softmax that is cut
    np.testing.assert_array_equal(np.flatnonzero(moved), [3, 4, 5, 6, 7, 8, 9])
    one, other = (extract(encoder, [each]).sentence(0, 3) for each in (words, changed))
    assert (np.abs(one - other).max(1) > 1e-5).all()


def test_a_window_below_zero_is_refused() -> None:
    with pytest.raises(ValueError, match="a window of -1"), local_attention(zoo.encoder("bert"), -1):
        pass
