"""What is lost without a head: any measurement with heads cut out of the running model."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Literal

import numpy as np
import pandas as pd
import torch
from torch import Tensor
from torch.nn.functional import cross_entropy
from tqdm import tqdm
from transformers import PreTrainedModel

from extraction import Encoder, edit_attention
from extraction.masked_lm import load_masked_lm

Cut = Literal["zero", "uniform"]
"""What a cut head does: nothing at all, or look everywhere alike (which keeps the mean of its values)."""

MASKED_SHARE = 0.15
"""How many of a sentence's subwords are masked (Devlin et al. 2019, section 3.1)."""


@contextmanager
def ablated_heads(encoder: Encoder, heads: Iterable[tuple[int, int]], *, cut: Cut = "zero") -> Iterator[None]:
    """Within this context, heads (layer, head), both from 0, are cut; the model is whole again on leaving.

    Raises:
        ValueError: there is no such head, or the model's attention cannot be edited.
    """
    by_layer: dict[int, list[int]] = {}
    for layer, head in heads:
        if not (0 <= layer < encoder.blocks and 0 <= head < encoder.heads):
            raise ValueError(
                f"there is no head {layer + 1}-{head + 1}; {encoder.name} has {encoder.blocks} layers of "
                f"{encoder.heads} heads"
            )
        by_layer.setdefault(layer, []).append(head)
    if cut not in ("zero", "uniform"):
        raise ValueError(f"cut must be 'zero' or 'uniform', found {cut!r}")

    def edit(block: int, weights: Tensor, mask: Tensor) -> Tensor:
        if block not in by_layer:
            return weights
        edited = weights.clone()
        even = mask / mask.sum(-1, keepdim=True)
        edited[:, by_layer[block]] = 0.0 if cut == "zero" else even.to(weights.dtype)
        return edited

    with edit_attention(encoder, edit):
        yield


def ablation_effects(
    encoder: Encoder,
    measure: Callable[[], float],
    *,
    heads: Sequence[tuple[int, int]] | None = None,
    cut: Cut = "zero",
    progress: bool = False,
) -> pd.DataFrame:
    """A measurement without each head, one at a time: layer and head from 1, value, difference to the whole model.

    Args:
        measure: anything that runs the encoder: `lambda: masked_lm_loss(encoder, words)`, or a probe's UUAS on states
            extracted anew.
        heads: (layer, head) from 0; all of them where None.
    """
    if heads is None:
        heads = [(layer, head) for layer in range(encoder.blocks) for head in range(encoder.heads)]
    whole = measure()
    rows = []
    for layer, head in tqdm(heads, desc="heads cut", disable=not progress):
        with ablated_heads(encoder, [(layer, head)], cut=cut):
            value = measure()
        rows.append((layer + 1, head + 1, value, value - whole))
    return pd.DataFrame(rows, columns=["layer", "head", "value", "difference"])


def masked_lm_encoder(checkpoint: str, *, device: str | None = None) -> Encoder:
    """A checkpoint with its masked-LM head, as an encoder whose attention can be edited.

    Raises:
        CheckpointError: the checkpoint has no masked-LM head, or its tokenizer no mask token.
    """
    plain = Encoder.from_pretrained(checkpoint, device=device)
    model = load_masked_lm(checkpoint, plain)
    return Encoder.from_parts(model, plain.tokenizer, name=plain.name, device=device)


@torch.inference_mode()
def masked_lm_loss(encoder: Encoder, words: Sequence[Sequence[str]], *, seed: int = 0, batch_size: int = 32) -> float:
    """Mean loss at masked subwords, nats: 15 % of each sentence's, at least one, the same ones for the same seed.

    Every chosen subword becomes the mask token. Sentences are cut at the model's greatest length.

    Args:
        encoder: one with a masked-LM head, from `masked_lm_encoder`.

    Raises:
        ValueError: there is no subword to mask.
    """
    model: PreTrainedModel = encoder.model
    total, count = 0.0, 0
    order = sorted(range(len(words)), key=lambda place: -len(words[place]))
    for start in range(0, len(order), batch_size):
        places = order[start : start + batch_size]
        batch = encoder.tokenizer(
            [list(words[place]) for place in places],
            is_split_into_words=True,
            padding=True,
            truncation=encoder.max_subwords is not None,
            max_length=encoder.max_subwords,
            return_special_tokens_mask=True,
            return_tensors="pt",
        )
        free = ~batch.pop("special_tokens_mask").bool()
        chosen = torch.stack([choose_masked(row, seed=(seed, place)) for row, place in zip(free, places)])
        gold = batch["input_ids"][chosen]
        batch["input_ids"] = batch["input_ids"].masked_fill(chosen, encoder.tokenizer.mask_token_id)
        scores = model(**batch.to(encoder.device)).logits.cpu()[chosen].float()
        total += float(cross_entropy(scores, gold, reduction="sum"))
        count += len(gold)
    if not count:
        raise ValueError("no subwords to mask; expected at least one sentence with a word")
    return total / count


def choose_masked(free: Tensor, *, seed: tuple[int, int]) -> Tensor:
    """(subwords,) bool: which of the free subwords of a sentence are masked, the same whatever batch it stands in."""
    places = torch.nonzero(free)[:, 0].numpy()
    masked = torch.zeros_like(free)
    if len(places):
        size = max(1, round(MASKED_SHARE * len(places)))
        masked[np.random.default_rng(seed).choice(places, size, replace=False)] = True
    return masked
