"""Heads of a running model replaced by content-free kernels, and how far its hidden states move."""

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from treeprobe.convolution.fitting import FLOOR
from treeprobe.convolution.kernels import Kernels
from treeprobe.extraction import Encoder, States
from treeprobe.extraction.heads import Head, edit_heads

SENTENCE_BATCH = 256
"""Sentences whose states are compared at once."""


@contextmanager
def replace_heads(encoder: Encoder, kernels: Kernels, *, heads: Collection[Head] | None = None) -> Iterator[None]:
    """Within this context, some heads attend by their kernels alone, whatever the words are.

    Args:
        encoder: the model.
        kernels: fitted to attention between subwords (`stream_attention(..., level="subwords")`), as that is what the
            model attends between. Offsets beyond the longest sentence of the fit are never attended to.
        heads: (block, head), from 0; all of them where None.

    Raises:
        ValueError: a head that the model does not have, or kernels of a model of another size.
        AttentionError: the model's attention cannot be edited.
    """
    shape = kernels.log_offsets.shape[:2]
    if shape != (encoder.blocks, encoder.heads):
        raise ValueError(
            f"the kernels are of {shape[0]} blocks of {shape[1]} heads, the model has {encoder.blocks} of "
            f"{encoder.heads}"
        )
    blocks = [BlockKernels.of(kernels, block).to(encoder.device) for block in range(encoder.blocks)]

    def attention(block: int, chosen: list[int], mask: Tensor, sentences: int) -> Tensor:
        return blocks[block].of_heads(chosen).attention(mask, sentences)

    with edit_heads(encoder, attention, heads=heads):
        yield


@dataclass(frozen=True)
class BlockKernels:
    """The kernels of heads of one block, to be applied to sentences of any length."""

    log_offsets: Tensor
    """(heads, 2·span + 1)"""
    log_specials: Tensor
    """(heads, specials)"""
    special_rows: Tensor | None
    """(heads, specials, specials)"""
    leading: int

    @classmethod
    def of(cls, kernels: Kernels, block: int) -> "BlockKernels":
        """The kernels of all heads of a block."""
        rows = kernels.special_rows
        return cls(
            torch.from_numpy(kernels.log_offsets[block]).float(),
            torch.from_numpy(kernels.log_specials[block]).float(),
            None if rows is None else torch.from_numpy(rows[block]).float(),
            kernels.leading,
        )

    def to(self, device: torch.device) -> "BlockKernels":
        """The same kernels on a device."""
        rows = None if self.special_rows is None else self.special_rows.to(device)
        return BlockKernels(self.log_offsets.to(device), self.log_specials.to(device), rows, self.leading)

    def of_heads(self, heads: list[int]) -> "BlockKernels":
        """The kernels of some of these heads."""
        rows = self.special_rows
        return BlockKernels(
            self.log_offsets[heads], self.log_specials[heads], None if rows is None else rows[heads], self.leading
        )

    def attention(self, mask: Tensor, sentences: int) -> Tensor:
        """The attention of these kernels, renormalised over the positions that the mask allows.

        Args:
            mask: bool (sentences or 1, 1, positions, positions), true where a query may attend.
            sentences: number of sentences.

        Returns:
            (sentences, heads, positions, positions) where the kernels and the mask are.

        Raises:
            ValueError: sentences are padded on the left.
        """
        real = mask.any(dim=-2)[:, 0].expand(sentences, -1)
        lengths = real.sum(-1)
        if not (real == (torch.arange(real.shape[1], device=real.device) < lengths[:, None])).all():
            raise ValueError(
                "found padding before a sentence; kernels can be applied only to sentences that are padded on the right"
            )
        scores = self._scores(lengths, real.shape[1])
        return scores.masked_fill(~mask, -torch.inf).softmax(-1).nan_to_num()

    def _scores(self, lengths: Tensor, positions: int) -> Tensor:
        """(sentences, heads, positions, positions) log-weights before masking, for these lengths."""
        sentences, specials = len(lengths), self.log_specials.shape[-1]
        position = torch.arange(positions, device=lengths.device)
        scores = self._by_offset(position - position[:, None]).expand(sentences, -1, -1, -1).clone()
        # (sentences, specials): the position of each special token.
        trailing = lengths[:, None] - (specials - self.leading) + position[: specials - self.leading]
        places = torch.cat([position[: self.leading].expand(sentences, -1), trailing], dim=1)
        rows = torch.arange(sentences, device=lengths.device)
        for special in range(specials):
            scores[rows, :, :, places[:, special]] = self.log_specials[None, :, special, None]
        for special in range(specials):
            scores[rows, :, places[:, special]] = self._special_row(special, places, lengths - specials, positions)
        return scores

    def _by_offset(self, shift: Tensor) -> Tensor:
        """(heads, *shift.shape) log-weights of offsets; those beyond the fit are never attended to."""
        span = (self.log_offsets.shape[-1] - 1) // 2
        inside = self.log_offsets[:, (shift + span).clamp(0, 2 * span)]
        return torch.where(shift.abs() <= span, inside, FLOOR)

    def _special_row(self, special: int, places: Tensor, words: Tensor, positions: int) -> Tensor:
        """(sentences, heads, positions): log-weights of every position for the query at a special position."""
        sentences, specials = places.shape
        if self.special_rows is None:
            return self.log_offsets.new_zeros(sentences, len(self.log_offsets), positions)
        to_specials = self.special_rows[:, special]
        remaining = (1 - to_specials.sum(-1)).clamp(min=0)
        row = (remaining[None] / words.clamp(min=1)[:, None])[..., None].expand(-1, -1, positions).clone()
        for other in range(specials):
            row[torch.arange(sentences, device=row.device), :, places[:, other]] = to_specials[:, other]
        return row.log().clamp(min=FLOOR)


@dataclass(frozen=True)
class StateChange:
    """How far hidden states moved, (layers,) each."""

    relative: NDArray[np.float64]
    """Σ‖h′ − h‖² / Σ‖h − mean‖²: 0 where nothing moved, 1 where the change is as large as the states' variance."""
    cosine: NDArray[np.float64]
    """Mean cosine between a word's states before and after."""


def state_change(before: States, after: States) -> StateChange:
    """Compare the states of the same words before and after an intervention, layer by layer.

    Raises:
        ValueError: the two differ in layers or in the lengths of their sentences.
    """
    if before.layers != after.layers or not np.array_equal(before.lengths, after.lengths):
        raise ValueError(
            f"states of {len(before.lengths)} sentences on layers {list(before.layers)} before, of "
            f"{len(after.lengths)} on layers {list(after.layers)} after; expected the same layers and sentences of the "
            "same lengths"
        )
    layers, sentences = len(before.layers), len(before.lengths)
    moved, squares, cosine = np.zeros(layers), np.zeros(layers), np.zeros(layers)
    total = np.zeros((layers, before.dim))
    words = int(np.sum(before.lengths))
    for first in range(0, sentences, SENTENCE_BATCH):
        batch = range(first, min(first + SENTENCE_BATCH, sentences))
        old, new = (states.read(batch).astype(np.float64) for states in (before, after))
        moved += ((new - old) ** 2).sum((1, 2))
        squares += (old**2).sum((1, 2))
        total += old.sum(1)
        norms = np.linalg.norm(old, axis=-1) * np.linalg.norm(new, axis=-1)
        cosine += ((old * new).sum(-1) / np.maximum(norms, 1e-30)).sum(1)
    variance = squares - (total**2).sum(1) / words
    return StateChange(moved / np.maximum(variance, 1e-30), cosine / words)
