"""Attention weighted by the vectors that it carries: ‖α f(x)‖ of every head (Kobayashi et al. 2020)."""

from collections.abc import Iterator, Sequence

import numpy as np
import torch
from torch import Tensor

from treeprobe.devices import moved
from treeprobe.extraction import AttentionBatch, Encoder, edit_attention
from treeprobe.extraction.alignment import Aligner
from treeprobe.extraction.attention import word_matrices
from treeprobe.extraction.hooks import capture


def weighted_norms(encoder: Encoder, words: Sequence[Sequence[str]]) -> Iterator[AttentionBatch]:
    """‖α f(x)‖ in place of the weight α, in batches like those of `stream_attention(level="words")`.

    f(x) is a subword's value vector after its head's part of the output projection, so α f(x) is what the head adds to
    the residual stream; rows no longer sum to 1. Norms of a word's subwords are summed over keys and averaged over
    queries, as weights are.

    f is measured, not read from weights of known names: a head that attends from each subword to itself alone, with all
    others silenced, outputs f(x) plus the projection's bias. That holds for every family whose attention can be edited.
    It takes a forward pass per block, on heads + 2 copies of the sentence: for a few hundred sentences.

    Args:
        encoder: the model.
        words: words of each sentence. One that is longer than the model takes, or without subwords, is left out.

    Returns:
        A batch per sentence, computed when it is asked for.

    Raises:
        AttentionError: the model's attention cannot be edited.
    """
    aligner = Aligner(encoder.tokenizer)
    leading, trailing = aligner.specials.leading, aligner.specials.trailing
    for place, sentence in enumerate(words):
        alignment = aligner([sentence])
        ids = torch.tensor([*leading, *alignment.ids.tolist(), *trailing])
        too_long = encoder.max_subwords is not None and len(ids) > encoder.max_subwords
        if too_long or not len(alignment.ids):
            continue
        blocks = [_block_norms(encoder, ids, block) for block in range(encoder.blocks)]
        matrices = word_matrices(alignment, np.array([0]), len(leading), len(trailing), width=len(ids))
        (mean,), (total,) = (moved(matrix, encoder.device) for matrix in matrices)
        norms = mean @ torch.stack(blocks) @ total.T
        yield AttentionBatch(np.array([place]), np.array([len(sentence)]), len(leading), len(trailing), norms[:, None])


@torch.inference_mode()
def _block_norms(encoder: Encoder, ids: Tensor, block: int) -> Tensor:
    """‖α f(x)‖ of one block, (heads, subwords, subwords), for one sentence's subwords and special tokens."""
    heads = encoder.heads
    weights: list[Tensor] = []

    def edit(number: int, probabilities: Tensor, _mask: Tensor) -> Tensor:
        if number != block:
            return probabilities
        weights.append(probabilities[-1].float())
        edited = torch.zeros_like(probabilities)
        # In copy h only head h speaks, each subword its own value; the last two copies give the bias and the weights.
        for head in range(heads):
            edited[head, head].fill_diagonal_(1.0)
        edited[-1] = probabilities[-1]
        return edited

    copies = ids.repeat(heads + 2, 1)
    with capture(encoder, "attention") as captured, edit_attention(encoder, edit):
        encoder.run(copies, torch.ones_like(copies))
    outputs = captured[block + 1].float()
    values = (outputs[:heads] - outputs[heads]).norm(dim=-1)
    return weights[0] * values[:, None]
