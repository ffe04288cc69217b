"""The masked-LM loss of a checkpoint on a text."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn.functional import cross_entropy

from treeprobe.devices import moved
from treeprobe.extraction.batching import Batch, Batcher, cut_windows
from treeprobe.extraction.encoder import Encoder, wide
from treeprobe.extraction.text import Text

MASKED_SHARE = 0.15
"""Share of a sentence's subwords that is masked (Devlin et al. 2019, section 3.1)."""


@torch.inference_mode()
def masked_lm_loss(encoder: Encoder, words: Sequence[Sequence[str]], *, seed: int = 0) -> float:
    """Mean loss at masked subwords: 15 % of each sentence's, at least one, the same ones for the same seed.

    Every chosen subword is replaced by the mask token. The choice depends on a sentence's position in the text
    alone, not on its batch. Words are joined by single spaces; a sentence is cut off at the model's longest input.

    Args:
        encoder: one with a masked-LM head, from `masked_lm_encoder`.
        words: one non-empty sequence of words per sentence.

    Returns:
        cross-entropy in nats per masked subword.

    Raises:
        ValueError: there is no subword to mask, `words` is not as described, or the encoder has no masked-LM head.
    """
    total, count = torch.zeros((), dtype=torch.float64, device=encoder.device), 0
    for _, batch, masked in _masked_batches(encoder, Text.checked(words), seed=seed):
        total += _losses(encoder, batch, masked, reduction="sum")
        count += int(masked.sum())
    if not count:
        raise ValueError("no subwords to mask; expected at least one sentence with a word that the model reads")
    return float(total) / count


@torch.inference_mode()
def masked_lm_losses(
    encoder: Encoder,
    words: Sequence[Sequence[str]],
    *,
    space_after: Sequence[Sequence[bool]] | None = None,
    seed: int = 0,
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """The loss of each sentence, summed over its masked subwords, in nats, and how many these are, (sentences,) each.

    The same subwords are masked as by `masked_lm_loss`, whose arguments are the same. What edits the encoder's states
    meanwhile acts on the losses.

    Args:
        space_after: whether a space follows each word in the natural sentence; words are joined by spaces where None.
    """
    sums, counts = np.zeros(len(words)), np.zeros(len(words), np.int64)
    for sentences, batch, masked in _masked_batches(encoder, Text.checked(words, space_after), seed=seed):
        losses = _losses(encoder, batch, masked, reduction="none").double().cpu().numpy()
        owners = sentences[masked.nonzero()[:, 0].numpy()]
        sums += np.bincount(owners, losses, minlength=len(words))
        counts += np.bincount(owners, minlength=len(words))
    return sums, counts


def _masked_batches(
    encoder: Encoder, text: Text, *, seed: int
) -> Iterator[tuple[NDArray[np.int64], Batch, torch.Tensor]]:
    """The numbers of a batch's sentences, the batch, and which of its positions are masked, (sentences, positions)."""
    if encoder.model.get_output_embeddings() is None or encoder.tokenizer.mask_token_id is None:
        raise ValueError(f"{encoder!r} has no masked-LM head; expected an encoder from masked_lm_encoder")
    batcher = Batcher(encoder, max_subwords=encoder.max_subwords)
    alignment = batcher.align(text)
    windows = cut_windows(alignment, None)
    if batcher.capacity is not None:
        windows = replace(windows, ends=np.minimum(windows.ends, windows.starts + batcher.capacity))
    leading, lengths = len(batcher.specials.leading), windows.lengths
    for sentences, batch in batcher.batches(alignment, windows, np.flatnonzero(lengths)):
        masked = torch.zeros_like(batch.input_ids, dtype=torch.bool)
        for row, sentence in enumerate(sentences.tolist()):
            masked[row, leading + choose_masked(int(lengths[sentence]), seed=(seed, sentence))] = True
        yield sentences, batch, masked


def choose_masked(subwords: int, *, seed: tuple[int, int]) -> NDArray[np.int64]:
    """The subwords of a sentence that are masked, (masked,) numbers from 0; the same for the same seed."""
    size = max(1, round(MASKED_SHARE * subwords)) if subwords else 0
    return np.random.default_rng(seed).choice(subwords, size, replace=False)


def _losses(encoder: Encoder, batch: Batch, masked: torch.Tensor, *, reduction: Literal["sum", "none"]) -> torch.Tensor:
    """Cross-entropy at the masked positions of a batch, in nats, where the model computes; added up or one by one."""
    ids = batch.input_ids.masked_fill(masked, encoder.tokenizer.mask_token_id)
    logits = encoder.run(ids, batch.attention_mask, batch.token_type_ids, places=batch.places).logits
    # Numbers rather than a mask: for a mask, a card would have to wait to learn how many they are.
    hidden = masked.flatten().nonzero().squeeze(1)
    gold, hidden = moved(batch.input_ids[masked], logits.device), moved(hidden, logits.device)
    return cross_entropy(logits.flatten(0, 1)[hidden].to(wide(logits.dtype)), gold, reduction=reduction)
