"""Which positions of a batch hold words, and the attention between words alone."""

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from treeprobe.devices import moved
from treeprobe.extraction import AttentionBatch
from treeprobe.parsing import Sentence


def word_mask(batch: AttentionBatch) -> Tensor:
    """(sentences, words) bool: which positions hold a word and not padding."""
    lengths = np.asarray(batch.lengths, dtype=np.int64)
    return moved(torch.from_numpy(np.arange(lengths.max()) < lengths[:, None]), batch.attention.device)


def between_words(batch: AttentionBatch) -> Tensor:
    """(layers, sentences, heads, words, words) attention from words to words, zero at padding; a copy."""
    mask = word_mask(batch)
    words = slice(batch.leading, batch.leading + mask.shape[1])
    both = (mask[:, :, None] & mask[:, None, :]).to(batch.attention.dtype)
    return batch.attention[..., words, words] * both[:, None]


def sentences_of(batch: AttentionBatch, sentences: Sequence[Sentence]) -> list[Sentence]:
    """The sentences of a batch.

    Raises:
        ValueError: one has another number of words than its attention has positions.
    """
    found = [sentences[int(index)] for index in batch.indices]
    for index, sentence, length in zip(batch.indices, found, batch.lengths):
        if len(sentence) != length:
            raise ValueError(
                f"sentence {int(index) + 1} has {len(sentence)} words but its attention has {int(length)} positions; "
                'expected attention between words (level="words") of the same sentences'
            )
    return found
