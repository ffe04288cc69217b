"""Queries, keys and values are what attention and its outputs are computed of, in every family that shows them."""

import numpy as np
import pytest
import torch

from tests.extraction import zoo
from treeprobe.extraction import Encoder, Reading, edit_attention, extract, read_tokens, stream_attention
from treeprobe.extraction.attention_inputs import head_dim, site_heads
from treeprobe.extraction.hooks import SiteError

WITHOUT_INTERFACE = ("deberta-v2", "xlnet")
SHOWN = tuple(name for name in zoo.NAMES if name not in WITHOUT_INTERFACE)
WORDS = zoo.SENTENCES[0]


def by_head(encoder: Encoder, site, layer: int) -> np.ndarray:
    """(heads, positions, head_dim), as many heads as there are of queries."""
    found = read_tokens(encoder, WORDS, site=site)
    vectors = found.vectors[found.layers.index(layer)].reshape(len(found.tokens), -1, head_dim(encoder))
    return vectors.swapaxes(0, 1).repeat(encoder.heads // site_heads(encoder, site), axis=0)


def attention_of(encoder: Encoder) -> np.ndarray:
    """(layers, heads, subwords, subwords)"""
    (batch,) = stream_attention(encoder, [WORDS], level="subwords")
    return batch.unpadded()[0]


@pytest.mark.parametrize("name", SHOWN)
def test_attention_is_the_softmax_of_queries_times_keys(name: str) -> None:
    """By hand: a head's scores, its mask or bias aside, give its attention; those of another head do not."""
    encoder = zoo.encoder(name)
    model = attention_of(encoder)
    for layer in (1, 3):
        scores = by_head(encoder, "query", layer) @ by_head(encoder, "key", layer).swapaxes(1, 2)
        if name != "t5":  # which does not divide, and adds a bias for each offset
            scores = scores / head_dim(encoder) ** 0.5
        if name in ("gpt2", "llama"):
            scores = np.where(np.tri(scores.shape[-1], dtype=bool), scores, -np.inf)
        if name == "t5":
            bias = torch.log(torch.from_numpy(model[layer - 1])).numpy() - scores
            # What is left is a bias that depends on the offset alone, up to the constant of the softmax.
            steps = np.diff(bias, axis=-1)
            np.testing.assert_allclose(steps[:, 1:, 1:], steps[:, :-1, :-1], atol=1e-4)
            continue
        if name == "modernbert" and layer != 1:  # these blocks attend within a window
            near = np.abs(np.subtract.outer(np.arange(scores.shape[-1]), np.arange(scores.shape[-1]))) <= 4
            scores = np.where(near, scores, -np.inf)
        weights = torch.from_numpy(scores).softmax(-1).numpy()
        np.testing.assert_allclose(weights, model[layer - 1], atol=1e-6)
        assert np.abs(weights[::-1] - model[layer - 1]).max() > 1e-3


def test_what_the_heads_hand_on_is_attention_times_values(minilm: Encoder) -> None:
    """MiniLM: softmax(QKᵀ / √d) V through the output projection is what the block adds, to 1e-5."""
    for layer in (1, 6):
        query, key, value = (by_head(minilm, site, layer) for site in ("query", "key", "value"))
        weights = torch.from_numpy(query @ key.swapaxes(1, 2) / head_dim(minilm) ** 0.5).softmax(-1).numpy()
        np.testing.assert_allclose(weights, attention_of(minilm)[layer - 1], atol=1e-6)
        outputs = torch.from_numpy((weights @ value).swapaxes(0, 1).reshape(len(weights[0]), -1))
        added = minilm.model.encoder.layer[layer - 1].attention.output.dense(outputs).numpy()
        np.testing.assert_allclose(added, read_tokens(minilm, WORDS, site="attention").vectors[layer - 1], atol=1e-5)


@pytest.mark.parametrize("name", SHOWN)
def test_words_have_the_mean_of_their_subwords_and_reading_changes_nothing(name: str) -> None:
    encoder = zoo.encoder(name)
    before = extract(encoder, [WORDS]).read([0])
    implementation = encoder.model.config._attn_implementation
    states = extract(encoder, [WORDS], reading=Reading(site="key"))
    tokens = read_tokens(encoder, WORDS, site="key")
    assert states.layers == tokens.layers == (1, 2, 3)
    for word in range(len(WORDS)):
        whole = tokens.vectors[:, tokens.words == word].mean(1)
        np.testing.assert_allclose(states.read([0])[:, word], whole, atol=1e-5)
    assert encoder.model.config._attn_implementation == implementation
    np.testing.assert_array_equal(extract(encoder, [WORDS]).read([0]), before)


def test_an_edit_of_attention_acts_on_the_queries_above_it_and_not_on_those_below() -> None:
    encoder = zoo.encoder("bert")
    whole = read_tokens(encoder, WORDS, site="query").vectors
    with edit_attention(encoder, lambda block, weights, mask: mask / mask.sum(-1, keepdim=True) + 0 * weights):
        cut = read_tokens(encoder, WORDS, site="query").vectors
    np.testing.assert_allclose(cut[0], whole[0], atol=1e-6)
    assert np.abs(cut[1] - whole[1]).max() > 1e-3


@pytest.mark.parametrize("name", WITHOUT_INTERFACE)
def test_models_that_do_not_show_them_are_refused_before_any_work(name: str) -> None:
    with pytest.raises(SiteError, match="does not show its query vectors"):
        extract(zoo.encoder(name), [WORDS], reading=Reading(site="query"))
