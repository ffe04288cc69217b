"""Attention weighed by what it carries: ‖α f(x)‖ of every head (Kobayashi et al. 2020)."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import torch
from torch import Tensor

from extraction import AttentionBatch, Encoder, edit_attention, stream_attention
from extraction.sites import watch


def weighted_norms(encoder: Encoder, words: Sequence[Sequence[str]], **options: Any) -> Iterator[AttentionBatch]:
    """Batches like those of `stream_attention(level="words")` with ‖α f(x)‖ in place of the attention weight α.

    f(x) is a subword's value vector after its head's part of the output projection, so α f(x) is what the head adds to
    the residual stream (Kobayashi et al. 2020, section 2.2); rows no longer sum to 1. Norms of a word's subwords are
    summed over keys and averaged over queries, as weights are.

    f is measured, not read from weights of known names: a head that attends from each subword to itself alone, all
    others silenced, outputs f(x) and the projection's bias. That holds for every family whose attention can be edited,
    and takes layers × (heads + 2) passes of the model: for a few hundred sentences.

    Args:
        options: `space_after`, `segment`, `max_subwords`, `token_budget` of `stream_attention`.
    """
    # Numbered by where they stand, so that the space_after of a sentence goes with it.
    for place, sentence in enumerate(words):
        own = {**options}
        if options.get("space_after") is not None:
            own["space_after"] = [options["space_after"][place]]
        for batch in _norms_of(encoder, sentence, own):
            batch.indices[:] = place
            yield batch


def _norms_of(encoder: Encoder, sentence: Sequence[str], options: dict[str, Any]) -> Iterator[AttentionBatch]:
    """One sentence's batch; none where it cannot be streamed."""
    layers = []
    batch = None
    for block in range(encoder.blocks):
        values = value_norms(encoder, sentence, block, options)
        if values is None:
            return
        with edit_attention(encoder, _at(block, _scaled(values))):
            for batch in stream_attention(encoder, [sentence], level="words", **options):
                layers.append(batch.attention[block])
    if batch is not None:
        yield AttentionBatch(batch.indices, batch.lengths, batch.leading, batch.trailing, torch.stack(layers))


def value_norms(encoder: Encoder, sentence: Sequence[str], block: int, options: dict[str, Any]) -> Tensor | None:
    """‖f(x)‖ of every head of a block and subword, (heads, subwords), special tokens counted."""
    outputs = []
    for head in (*range(encoder.heads), None):
        with watch(encoder, "attention") as seen, edit_attention(encoder, _at(block, _only(head))):
            found = list(stream_attention(encoder, [sentence], level="subwords", **options))
            if not found:
                return None
            outputs.append(seen[block + 1][0].float().cpu())
    *heads, silence = outputs
    return torch.stack([(one - silence).norm(dim=-1) for one in heads])


def _scaled(values: Tensor) -> Callable[[Tensor], Tensor]:
    """Attention times the norms of the keys' values, (heads, subwords)."""
    return lambda weights: weights * values[:, None].to(weights)


def _only(head: int | None) -> Callable[[Tensor], Tensor]:
    """Attention of one head from each subword to itself, nothing for the others; nothing at all for None."""

    def edit(weights: Tensor) -> Tensor:
        edited = torch.zeros_like(weights)
        if head is not None:
            edited[:, head] = torch.eye(weights.shape[-1], dtype=weights.dtype, device=weights.device)
        return edited

    return edit


def _at(block: int, change: Callable[[Tensor], Tensor]) -> Callable[[int, Tensor, Tensor], Tensor]:
    """An edit of one block alone."""

    def edit(number: int, weights: Tensor, _mask: Tensor) -> Tensor:
        return change(weights) if number == block else weights

    return edit
