"""The masked-LM loss of a text beside one masked sentence at a time, and checkpoints that have none."""

import numpy as np
import pytest
import torch
from transformers import (
    AutoModelForMaskedLM,
    BartConfig,
    BartForConditionalGeneration,
    BertConfig,
    BertLMHeadModel,
    PreTrainedModel,
)

from tests.extraction import zoo
from treeprobe.extraction import (
    CheckpointError,
    Encoder,
    batching,
    edit_attention,
    edit_states,
    masked_lm_encoder,
    masked_lm_loss,
    masked_lm_losses,
)
from treeprobe.extraction.masked_lm import choose_masked

FAMILIES = ("bert", "roberta", "distilbert", "modernbert")


def save(folder, model: PreTrainedModel, name: str):
    """A checkpoint of a model beside the tokenizer of a family of the zoo, with a mask token."""
    model.save_pretrained(folder)
    tokenizer = zoo.fast(zoo.ARCHITECTURES[name].vocabulary(), mask_token="[MASK]", padding_side="left")
    tokenizer.save_pretrained(folder)
    return folder


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    made = {}
    for name in FAMILIES:
        torch.manual_seed(0)
        model = AutoModelForMaskedLM.from_config(zoo.encoder(name).model.config)
        for parameter in model.parameters():
            if parameter.dim() > 1:
                parameter.data.normal_(std=0.15)
        made[name] = save(tmp_path_factory.mktemp(name), model, name)
    return made


def speaker(folder, **options) -> Encoder:
    return masked_lm_encoder(folder, Encoder.from_pretrained(folder, **options))


@pytest.mark.parametrize("name", FAMILIES)
def test_the_loss_is_that_of_one_masked_sentence_at_a_time_however_sentences_are_batched(
    folders, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Tokenizers that put spaces inside their subwords (RoBERTa's) read a text, not a list of words."""
    encoder = speaker(folders[name])
    losses, sums = [], []
    for place, sentence in enumerate(zoo.SENTENCES):
        ids = encoder.tokenizer(" ".join(sentence), return_tensors="pt")["input_ids"]
        hidden = 1 + choose_masked(ids.shape[1] - 2, seed=(0, place))
        assert len(hidden) == len(set(hidden.tolist())) == max(1, round(0.15 * (ids.shape[1] - 2)))
        masked = ids.clone()
        masked[0, hidden] = encoder.tokenizer.mask_token_id
        log_p = encoder.model(masked).logits[0].log_softmax(-1)
        losses += [-float(log_p[at, ids[0, at]]) for at in hidden]
        sums.append((sum(losses[-len(hidden) :]), len(hidden)))
    for budget in (1, 30, 1024):
        monkeypatch.setattr(batching, "TOKEN_BUDGET", budget)
        found = masked_lm_loss(encoder, zoo.SENTENCES)
        assert found == pytest.approx(np.mean(losses), rel=1e-4)
        by_sentence = np.stack(masked_lm_losses(encoder, zoo.SENTENCES), axis=1)
        np.testing.assert_allclose(by_sentence, sums, rtol=1e-4)
    assert masked_lm_loss(encoder, zoo.SENTENCES, seed=1) != pytest.approx(np.mean(losses), rel=1e-4)


def test_a_model_that_knows_nothing_loses_the_log_of_its_vocabulary(folders) -> None:
    encoder = speaker(folders["bert"])
    for weight in encoder.model.parameters():
        weight.zero_()
    assert masked_lm_loss(encoder, zoo.SENTENCES) == pytest.approx(np.log(encoder.model.config.vocab_size))


def test_long_sentences_are_cut_and_empty_texts_refused(folders) -> None:
    encoder = speaker(folders["bert"])
    assert np.isfinite(masked_lm_loss(encoder, [["chef"] * 100, ["keys"]]))
    with pytest.raises(ValueError, match="no subwords to mask"):
        masked_lm_loss(encoder, [])
    with pytest.raises(ValueError, match="sentence 2 has no words"):
        masked_lm_loss(encoder, [["keys"], []])
    with pytest.raises(ValueError, match="has no masked-LM head; expected an encoder from masked_lm_encoder"):
        masked_lm_loss(Encoder.from_pretrained(folders["bert"]), zoo.SENTENCES)


def test_edits_of_attention_act_on_the_loss(folders) -> None:
    encoder = speaker(folders["bert"])
    intact = masked_lm_loss(encoder, zoo.SENTENCES)
    with edit_attention(encoder, lambda _block, weights, _mask: torch.zeros_like(weights)):
        assert abs(masked_lm_loss(encoder, zoo.SENTENCES) - intact) > 1e-3
    assert masked_lm_loss(encoder, zoo.SENTENCES) == intact


def test_edits_of_the_encoder_s_states_act_on_the_loss_of_the_head_that_was_put_on_it(folders) -> None:
    encoder = Encoder.from_pretrained(folders["bert"])
    with_head = masked_lm_encoder(folders["bert"], encoder)
    intact = masked_lm_loss(with_head, zoo.SENTENCES)
    for edited in (encoder, with_head):
        with edit_states(edited, lambda _layer, states, _places: -states, layers=1):
            assert abs(masked_lm_loss(with_head, zoo.SENTENCES) - intact) > 1e-3
    assert masked_lm_loss(with_head, zoo.SENTENCES) == intact


def test_the_head_computes_where_and_how_the_encoder_does(folders, tmp_path) -> None:
    half = save(tmp_path, AutoModelForMaskedLM.from_pretrained(folders["bert"]).bfloat16(), "bert")
    read = speaker(half)
    assert {parameter.dtype for parameter in read.model.parameters()} == {torch.float32}
    whole = masked_lm_loss(speaker(folders["bert"]), zoo.SENTENCES)
    assert masked_lm_loss(read, zoo.SENTENCES) == pytest.approx(whole, rel=0.05)
    elsewhere = speaker(folders["bert"], device="meta", dtype="bfloat16")
    assert {(parameter.device.type, parameter.dtype) for parameter in elsewhere.model.parameters()} == {
        ("meta", torch.bfloat16)
    }


def test_checkpoints_without_such_a_head_are_refused(folders, tmp_path) -> None:
    bare = save(tmp_path / "bare", zoo.encoder("bert").model, "bert")
    with pytest.raises(CheckpointError, match="no masked-LM head: weights such as cls"):
        speaker(bare)
    decoder = BertLMHeadModel(BertConfig(**{**zoo.encoder("bert").model.config.to_dict(), "is_decoder": True}))
    with pytest.raises(CheckpointError, match="is a decoder"):
        speaker(save(tmp_path / "decoder", decoder, "bert"))
    with pytest.raises(CheckpointError, match="transformers knows none for a GPT2Model"):
        speaker(save(tmp_path / "gpt2", zoo.encoder("gpt2").model, "gpt2"))
    shape = {"d_model": 16, "encoder_layers": 1, "decoder_layers": 1, "encoder_ffn_dim": 16, "decoder_ffn_dim": 16}
    heads = {"encoder_attention_heads": 2, "decoder_attention_heads": 2, "vocab_size": 160}
    with pytest.raises(CheckpointError, match="no masked-LM head"):
        speaker(save(tmp_path / "bart", BartForConditionalGeneration(BartConfig(**shape, **heads)), "bert"))
    maskless = Encoder.from_parts(zoo.encoder("bert").model, zoo.fast(zoo.wordpiece()), name="maskless")
    with pytest.raises(CheckpointError, match="its tokenizer has no mask token"):
        masked_lm_encoder(folders["bert"], maskless)
