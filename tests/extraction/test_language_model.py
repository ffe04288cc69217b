"""Heads on an encoder's own modules, and checkpoints whose head is missing or predicts something else."""

import warnings

import pytest
import torch
from transformers import (
    AutoModelForCausalLM,
    AutoModelForMaskedLM,
    BertConfig,
    BertLMHeadModel,
    PreTrainedModel,
    XLNetLMHeadModel,
)

from tests.extraction import zoo
from treeprobe.extraction import (
    CheckpointError,
    Encoder,
    TiedHeadAssumed,
    edit_attention,
    embedded_checkpoint,
    language_model,
)

MASKED = ("bert", "roberta", "distilbert", "electra", "modernbert", "albert", "deberta-v2")
NEXT = ("gpt2", "llama")


def save(folder, model: PreTrainedModel, name: str):
    """A checkpoint of a model beside the tokenizer of a family of the zoo."""
    model.save_pretrained(folder)
    zoo.fast(zoo.ARCHITECTURES[name].vocabulary(), mask_token="[MASK]", bos_token="[CLS]").save_pretrained(folder)
    return folder


def with_head(folder, name: str):
    torch.manual_seed(0)
    loader = AutoModelForMaskedLM if name in MASKED else AutoModelForCausalLM
    model = loader.from_config(zoo.encoder(name).model.config)
    for parameter in model.parameters():
        parameter.data.normal_(std=0.15)
    return save(folder, model, name)


@pytest.mark.parametrize("name", [*MASKED, *NEXT])
def test_a_head_on_the_encoders_modules_predicts_as_transformers_own(name: str, tmp_path) -> None:
    folder = with_head(tmp_path, name)
    encoder = Encoder.from_pretrained(folder)
    found = language_model(folder, encoder)
    assert found.prediction == ("masked" if name in MASKED else "next")
    assert found.encoder.model.base_model is encoder.model
    assert found.encoder.digest == encoder.digest
    whole = (AutoModelForMaskedLM if name in MASKED else AutoModelForCausalLM).from_pretrained(folder).eval()
    ids = torch.arange(5, 25)[None]
    logits = found.encoder.run(ids, torch.ones_like(ids)).logits
    torch.testing.assert_close(logits, whole(ids).logits, rtol=0, atol=1e-6)


@pytest.mark.parametrize("name", ["bert", "gpt2"])
def test_edits_of_the_encoder_act_on_the_language_model_and_the_other_way_round(name: str, tmp_path) -> None:
    folder = with_head(tmp_path, name)
    encoder = Encoder.from_pretrained(folder)
    speaker = language_model(folder, encoder).encoder
    ids = torch.arange(5, 25)[None]
    intact = speaker.run(ids, torch.ones_like(ids)).logits
    states = encoder.hidden_states(ids, torch.ones_like(ids))[-1]
    for edited in (encoder, speaker):
        with edit_attention(edited, lambda _block, weights, _mask: torch.zeros_like(weights)):
            assert (speaker.run(ids, torch.ones_like(ids)).logits - intact).abs().max() > 1e-3
            assert (encoder.hidden_states(ids, torch.ones_like(ids))[-1] - states).abs().max() > 1e-3
        assert torch.equal(speaker.run(ids, torch.ones_like(ids)).logits, intact)


def test_a_decoder_of_the_bert_family_predicts_the_next_subword(tmp_path) -> None:
    decoder = BertLMHeadModel(BertConfig(**{**zoo.encoder("bert").model.config.to_dict(), "is_decoder": True}))
    folder = save(tmp_path, decoder, "bert")
    assert language_model(folder, Encoder.from_pretrained(folder)).prediction == "next"


def test_checkpoints_without_a_head_are_refused(tmp_path) -> None:
    minilm = Encoder.from_pretrained(embedded_checkpoint())
    with pytest.raises(CheckpointError, match=r"no masked-LM head: weights such as cls\.predictions"):
        language_model(embedded_checkpoint(), minilm)
    bare = save(tmp_path / "llama", zoo.encoder("llama").model, "llama")
    with pytest.raises(CheckpointError, match=r"no head that predicts the next subword: weights such as lm_head"):
        language_model(bare, Encoder.from_pretrained(bare))
    with pytest.raises(CheckpointError, match="a t5 predicts by its decoder"):
        language_model("nowhere", zoo.encoder("t5"))


def test_models_that_see_what_they_predict_are_refused(tmp_path) -> None:
    torch.manual_seed(0)
    folder = save(tmp_path, XLNetLMHeadModel(zoo.encoder("xlnet").model.config), "xlnet")
    with pytest.raises(CheckpointError, match="change with the subwords that follow"):
        language_model(folder, Encoder.from_pretrained(folder))


def test_a_head_that_is_nothing_but_the_embeddings_is_taken_with_a_warning(tmp_path) -> None:
    bare = save(tmp_path / "bare", zoo.encoder("gpt2").model, "gpt2")
    with pytest.warns(TiedHeadAssumed, match="was saved as a GPT2Model, without a head"):
        language_model(bare, Encoder.from_pretrained(bare))
    whole = with_head(tmp_path / "whole", "gpt2")
    with warnings.catch_warnings():
        warnings.simplefilter("error", TiedHeadAssumed)
        language_model(whole, Encoder.from_pretrained(whole))
