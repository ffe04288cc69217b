"""Models whose heads cannot be analysed: each is refused by an error of its own that says what was found."""

import pytest
import torch
import transformers as hf

from tests.extraction import zoo
from treeprobe.extraction import AttentionError, CheckpointError, Encoder, edit_attention, extract, stream_attention

SMALL = {"hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 32}

WITHOUT_HEADS = {
    "FNet": hf.FNetConfig(hidden_size=16, num_hidden_layers=2, intermediate_size=32),
    "Mamba": hf.MambaConfig(hidden_size=16, num_hidden_layers=2, state_size=4),
}
UNREADABLE = {
    "returned no attention weights": hf.BigBirdConfig(**SMALL),
    "the attention of 1 blocks, expected all 3": hf.RecurrentGemmaConfig(**{**SMALL, "num_hidden_layers": 3}),
    r"attention of shape \(.*\), expected \(sentences, heads, subwords, subwords\)": hf.LongformerConfig(
        **SMALL, attention_window=4, max_position_embeddings=64
    ),
    "sums to .* over a row, expected probabilities": hf.SqueezeBertConfig(**SMALL, embedding_size=16),
}


def encoder_of(config: hf.PretrainedConfig) -> Encoder:
    tokenizer = zoo.wordpiece()
    config.vocab_size, config.pad_token_id = tokenizer.get_vocab_size(), 0
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        return Encoder.from_parts(hf.AutoModel.from_config(config), zoo.fast(tokenizer), name="other")


@pytest.mark.parametrize("name", WITHOUT_HEADS)
def test_models_without_heads_are_refused_before_any_work(name: str) -> None:
    encoder = encoder_of(WITHOUT_HEADS[name])
    with pytest.raises(AttentionError, match=f"{name}Model has no attention heads.*self-attention"):
        stream_attention(encoder, zoo.SENTENCES)
    assert len(extract(encoder, zoo.SENTENCES[:2])) == 2  # what the message promises


@pytest.mark.parametrize("message", UNREADABLE)
def test_attention_that_is_not_all_probabilities_is_refused(message: str) -> None:
    encoder = encoder_of(UNREADABLE[message])
    with pytest.raises(AttentionError, match=f"{message}.*another checkpoint"):
        list(stream_attention(encoder, zoo.SENTENCES))


def test_it_is_a_checkpoint_error() -> None:
    assert issubclass(AttentionError, CheckpointError)


def test_an_edit_may_silence_attention() -> None:
    encoder = zoo.encoder("bert")
    with edit_attention(encoder, lambda block, weights, mask: weights * 0):
        assert all(not batch.attention.any() for batch in stream_attention(encoder, zoo.SENTENCES))
