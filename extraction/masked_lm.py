"""A checkpoint with its masked-LM head, and the loss that it has on a text."""

import os
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn.functional import cross_entropy
from transformers import AutoModelForMaskedLM, PreTrainedModel

from treeprobe.extraction.alignment import Aligner
from treeprobe.extraction.batching import Batch, cut_windows, make_batch
from treeprobe.extraction.checkpoint import CheckpointError
from treeprobe.extraction.encoder import Encoder, quiet_loading
from treeprobe.extraction.text import check_text

MASKED_SHARE = 0.15
"""How many of a sentence's subwords are masked (Devlin et al. 2019, section 3.1)."""


def masked_lm_encoder(folder_or_hub_name: str | os.PathLike[str], encoder: Encoder) -> Encoder:
    """The checkpoint with its masked-LM head, as an encoder whose attention can be edited.

    Args:
        encoder: the same checkpoint, already loaded: its tokenizer, number format and device are used again.

    Raises:
        CheckpointError: the checkpoint has no masked-LM head, or its tokenizer no mask token.
    """
    model = _load(folder_or_hub_name, encoder)
    return Encoder.from_parts(
        model, encoder.tokenizer, name=encoder.name, device=encoder.device, dtype=encoder.model.dtype
    )


@torch.inference_mode()
def masked_lm_loss(encoder: Encoder, words: Sequence[Sequence[str]], *, seed: int = 0, batch_size: int = 32) -> float:
    """Mean loss at masked subwords, nats: 15 % of each sentence's, at least one, the same ones for the same seed.

    Every chosen subword becomes the mask token. Which ones are chosen depends on a sentence's place in the text alone,
    not on its batch. Words are joined by single spaces; a sentence is cut at the model's greatest length.

    Args:
        encoder: one with a masked-LM head, from `masked_lm_encoder`.
        words: one sequence of words a sentence.

    Raises:
        ValueError: there is no subword to mask, `words` is not as described, or the encoder has no masked-LM head.
    """
    check_text(words, None)
    if encoder.model.get_output_embeddings() is None or encoder.tokenizer.mask_token_id is None:
        raise ValueError(f"{encoder!r} has no masked-LM head; expected an encoder from masked_lm_encoder")
    aligner = Aligner(encoder.tokenizer)
    total, count = 0.0, 0
    order = sorted(range(len(words)), key=lambda place: -len(words[place]))
    for start in range(0, len(order), batch_size):
        batch, chosen = _masked_batch(encoder, aligner, words, order[start : start + batch_size], seed)
        gold = batch.input_ids[chosen]
        ids = batch.input_ids.masked_fill(chosen, encoder.tokenizer.mask_token_id)
        logits = encoder.run(ids, batch.attention_mask, batch.token_type_ids).logits
        scores = logits[chosen.to(logits.device)].float().cpu()
        total += float(cross_entropy(scores, gold, reduction="sum"))
        count += len(gold)
    if not count:
        raise ValueError("no subwords to mask; expected at least one sentence with a word that the model reads")
    return total / count


def choose_masked(subwords: int, *, seed: tuple[int, int]) -> NDArray[np.int64]:
    """Which of a sentence's subwords are masked, (masked,) from 0: the same for the same seed."""
    size = max(1, round(MASKED_SHARE * subwords)) if subwords else 0
    return np.random.default_rng(seed).choice(subwords, size, replace=False)


def _masked_batch(
    encoder: Encoder, aligner: Aligner, words: Sequence[Sequence[str]], places: Sequence[int], seed: int
) -> tuple[Batch, torch.Tensor]:
    """The sentences at some places, and (sentences, positions) bool: which of their subwords are to be masked."""
    alignment = aligner([words[place] for place in places])
    windows = cut_windows(alignment, None)
    if encoder.max_subwords is not None:
        capacity = encoder.max_subwords - len(aligner.specials)
        windows = replace(windows, ends=np.minimum(windows.ends, windows.starts + capacity))
    batch = make_batch(
        alignment.ids,
        windows,
        np.arange(len(places)),
        aligner.specials,
        segments=None,
        padding=encoder.tokenizer.pad_token_id or 0,
    )
    chosen = torch.zeros_like(batch.input_ids, dtype=torch.bool)
    for row, (place, length) in enumerate(zip(places, windows.lengths.tolist())):
        chosen[row, len(aligner.specials.leading) + choose_masked(length, seed=(seed, place))] = True
    return batch, chosen


def _load(folder_or_hub_name: str | os.PathLike[str], encoder: Encoder) -> PreTrainedModel:
    """The model with its masked-LM head, in the checkpoint's number format; `CheckpointError` where it has none."""
    refusal = f"checkpoint {encoder.name} has no masked-LM head"
    if getattr(encoder.model.config, "is_decoder", False):
        raise CheckpointError(f"{refusal}: it is a decoder, whose head says the next subword")
    try:
        with quiet_loading():
            model, loading = AutoModelForMaskedLM.from_pretrained(
                str(folder_or_hub_name), dtype="auto", output_loading_info=True, trust_remote_code=False
            )
    except ValueError as error:
        raise CheckpointError(f"{refusal}: transformers knows none for a {type(encoder.model).__name__}") from error
    missing = sorted(loading["missing_keys"])
    if missing:
        raise CheckpointError(f"{refusal}: weights such as {missing[0]} are not in it")
    if encoder.tokenizer.mask_token_id is None:
        raise CheckpointError(f"{refusal}: its tokenizer has no mask token")
    if not isinstance(model.base_model, type(encoder.model)):
        raise CheckpointError(
            f"{refusal}: a {type(model).__name__} reads text by a {type(model.base_model).__name__}, not by the "
            f"{type(encoder.model).__name__} whose attention is analysed"
        )
    return model
