"""The model that is measured, and the bare passes over the batches that the library makes for it."""

import copy
from collections.abc import Callable, Sequence
from typing import Any
from unittest import mock

import torch
from transformers import BertConfig, BertModel

from treeprobe.extraction import Encoder
from treeprobe.extraction.attention import reported_attention
from treeprobe.extraction.batching import Batch
from treeprobe.parsing import Treebank
from treeprobe.training.tokenizer import train_tokenizer

LARGE = {"num_hidden_layers": 24, "hidden_size": 1024, "num_attention_heads": 16, "intermediate_size": 4096}
SMALL = {"num_hidden_layers": 2, "hidden_size": 64, "num_attention_heads": 4, "intermediate_size": 128}
VOCABULARY = 16_000


def new_encoder(train: Treebank, *, small: bool, device: str) -> Encoder:
    """The model with random weights and a tokenizer for the treebank's text."""
    texts = [" ".join(words) for words in train.words]
    tokenizer = train_tokenizer(texts, vocabulary_size=500 if small else VOCABULARY, max_subwords=512)
    torch.manual_seed(0)
    model = BertModel(BertConfig(vocab_size=len(tokenizer), **(SMALL if small else LARGE)), add_pooling_layer=False)
    return Encoder.from_parts(model, tokenizer, name="random BERT", device=device)


def in_bfloat16(encoder: Encoder) -> Encoder:
    """The same model computing in bfloat16."""
    model = copy.deepcopy(encoder.model).cpu()
    return Encoder.from_parts(model, encoder.tokenizer, name=encoder.name, device=encoder.device, dtype="bfloat16")


def recorded(module: Any, name: str, work: Callable[[], object]) -> list[Batch]:
    """The batches that a function of a module is given, as its second argument, while the work is done."""
    batches: list[Batch] = []
    real = getattr(module, name)

    def spy(encoder: Encoder, batch: Batch, *more: Any) -> Any:
        batches.append(batch)
        return real(encoder, batch, *more)

    with mock.patch.object(module, name, spy):
        work()
    return batches


@torch.inference_mode()
def bare_states(encoder: Encoder, batches: Sequence[Batch]) -> None:
    """The model on ready batches, hidden states asked for and dropped."""
    for batch in batches:
        encoder.hidden_states(batch.input_ids, batch.attention_mask, batch.token_type_ids)


@torch.inference_mode()
def bare_attention(encoder: Encoder, batches: Sequence[Batch]) -> None:
    """The model on ready batches, attention returned and dropped."""
    with reported_attention(encoder):
        for batch in batches:
            encoder.run(batch.input_ids, batch.attention_mask, batch.token_type_ids, output_attentions=True)
