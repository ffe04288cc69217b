"""What treeprobe is compared with: a model of transformers by itself, on ready batches or one sentence at a time."""

from collections.abc import Iterator, Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from treeprobe.extraction import Encoder

Words = Sequence[Sequence[str]]

BUDGET = 1536
"""Positions of a batch, padding counted."""


def ready_batches(encoder: Encoder, sentences: Words, *, budget: int = BUDGET) -> list[dict[str, Tensor]]:
    """Sentences tokenized, sorted by length and padded beforehand, as many to a batch as the budget allows."""
    ids = encoder.tokenizer([list(words) for words in sentences], is_split_into_words=True)["input_ids"]
    ids.sort(key=len, reverse=True)
    batches, start = [], 0
    while start < len(ids):
        group = ids[start : start + max(1, budget // len(ids[start]))]
        start += len(group)
        batches.append(dict(encoder.tokenizer.pad({"input_ids": group}, return_tensors="pt")))
    return batches


@torch.inference_mode()
def bare_pass(encoder: Encoder, batches: Sequence[dict[str, Tensor]], *, attention: bool = False) -> None:
    """The model on ready batches; hidden states or attention are asked for, and dropped."""
    if attention:
        encoder.model.set_attn_implementation("eager")
    for batch in batches:
        encoder.model(**batch, output_hidden_states=not attention, output_attentions=attention)


@torch.inference_mode()
def sentence_states(encoder: Encoder, sentences: Words) -> list[NDArray[np.float32]]:
    """Word vectors as published scripts make them, a sentence at a time, (layers, words, dim) each."""
    found = []
    for words in sentences:
        inputs = encoder.tokenizer(list(words), is_split_into_words=True, return_tensors="pt")
        states = torch.stack(encoder.model(**inputs, output_hidden_states=True).hidden_states)[:, 0].float()
        owners = word_numbers(inputs.word_ids())
        found.append(np.stack([states[:, owners == word].mean(1).numpy() for word in range(len(words))], axis=1))
    return found


@torch.inference_mode()
def sentence_attention(encoder: Encoder, sentences: Words) -> Iterator[NDArray[np.float32]]:
    """Attention between [CLS], words and [SEP], a sentence at a time, (layers, heads, words + 2, words + 2) each.

    Attention to a word is that to all its subwords together, attention from a word the mean over its subwords.
    """
    encoder.model.set_attn_implementation("eager")
    for words in sentences:
        inputs = encoder.tokenizer(list(words), is_split_into_words=True, return_tensors="pt")
        attention = torch.stack(encoder.model(**inputs, output_attentions=True).attentions)[:, 0].numpy()
        owners = word_numbers(inputs.word_ids()) + 1
        owners[-1] = len(words) + 1
        member = (np.arange(len(words) + 2)[:, None] == owners).astype(np.float32)
        yield member / member.sum(1, keepdims=True) @ attention @ member.T


def word_numbers(word_ids: Sequence[int | None]) -> NDArray[np.int64]:
    """(subwords,) the word of each, -1 for special tokens."""
    return np.array([-1 if word is None else word for word in word_ids])
