"""Small random language models of several families, with tokenizers that mark words in different ways."""

from collections.abc import Callable
from functools import cache

import pytest
import torch
from transformers import AutoModelForCausalLM, AutoModelForMaskedLM, BertConfig, BertLMHeadModel, PreTrainedModel

from tests.extraction import zoo
from treeprobe.extraction import Encoder, LanguageModel

MASKED = ("bert", "roberta", "distilbert", "modernbert", "albert", "electra", "deberta-v2")
NEXT = ("gpt2", "llama", "left-to-right-bert", "spm-llama")


@cache
def speaker(name: str) -> LanguageModel:
    """A model of a family with its head and random weights, larger than usual so that every part of it matters."""
    torch.manual_seed(0)
    base = {"left-to-right-bert": "bert", "spm-llama": "llama"}.get(name, name)
    config = zoo.encoder(base).model.config
    backend = zoo.unigram("[CLS] $A") if name == "spm-llama" else zoo.ARCHITECTURES[base].vocabulary()
    if name == "left-to-right-bert":
        model: PreTrainedModel = BertLMHeadModel(BertConfig(**{**config.to_dict(), "is_decoder": True}))
    else:
        model = (AutoModelForMaskedLM if name in MASKED else AutoModelForCausalLM).from_config(config)
    for parameter in model.parameters():
        if parameter.dim() > 1:
            parameter.data.normal_(std=0.15)
    # Only models without special tokens around a sentence need to be told what begins one.
    options = {"mask_token": "[MASK]"} if name in MASKED else {"bos_token": "[CLS]", "eos_token": "[SEP]"}
    encoder = Encoder.from_parts(model, zoo.fast(backend, **options), name=name)
    return LanguageModel(encoder, "masked" if name in MASKED else "next")


@pytest.fixture(scope="session")
def speakers() -> Callable[[str], LanguageModel]:
    return speaker
