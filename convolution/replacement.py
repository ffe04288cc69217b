"""Heads of a running model replaced by content-free kernels, and how far its states move."""

from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from treeprobe.convolution.fitting import FLOOR
from treeprobe.convolution.kernels import Kernels
from treeprobe.extraction import Encoder, States, edit_attention

HeadName = tuple[int, int]
"""Block and head, both from 0."""

STATES_AT_ONCE = 256
"""Sentences whose states are compared at once."""


@contextmanager
def replace_heads(encoder: Encoder, kernels: Kernels, *, heads: Collection[HeadName] | None = None) -> Iterator[None]:
    """Within this context, the chosen heads attend by their kernels alone, whatever the words are.

    Args:
        kernels: fitted to attention between subwords (`stream_attention(..., level="subwords")`), since that is what
            the model attends between. Offsets beyond the longest sentence of the fit are never attended to.
        heads: (block, head) from 0; all of them where None.

    Raises:
        ValueError: a head that the model does not have, kernels of a model of another size, or a model whose
            attention cannot be edited.
    """
    shape = kernels.log_offsets.shape[:2]
    if shape != (encoder.blocks, encoder.heads):
        raise ValueError(
            f"the kernels are of {shape[0]} blocks of {shape[1]} heads, the model has {encoder.blocks} of "
            f"{encoder.heads}"
        )
    chosen = np.zeros(shape, bool)
    for block, head in heads if heads is not None else np.ndindex(*shape):
        if not (0 <= block < shape[0] and 0 <= head < shape[1]):
            raise ValueError(
                f"there is no head {block + 1}-{head + 1}; {encoder.name} has {shape[0]} blocks of {shape[1]} heads"
            )
        chosen[block, head] = True
    layouts = [Layout.of(kernels, block, np.flatnonzero(row)) for block, row in enumerate(chosen)]

    def edit(block: int, probabilities: Tensor, mask: Tensor) -> Tensor:
        layout = layouts[block]
        if not len(layout.heads):
            return probabilities
        edited = probabilities.clone()
        edited[:, layout.heads] = layout.attention(mask, len(probabilities)).to(probabilities)
        return edited

    with edit_attention(encoder, edit):
        yield


@dataclass(frozen=True)
class Layout:
    """The kernels of some heads of a block, ready to be laid over the positions of any sentences."""

    heads: NDArray[np.int64]
    log_offsets: Tensor
    log_specials: Tensor
    special_rows: Tensor | None
    leading: int

    @classmethod
    def of(cls, kernels: Kernels, block: int, heads: NDArray[np.int64]) -> "Layout":
        """The kernels of `heads` of one block."""
        rows = kernels.special_rows
        return cls(
            heads,
            torch.from_numpy(kernels.log_offsets[block, heads]).float(),
            torch.from_numpy(kernels.log_specials[block, heads]).float(),
            None if rows is None else torch.from_numpy(rows[block, heads]).float(),
            kernels.leading,
        )

    def attention(self, mask: Tensor, sentences: int) -> Tensor:
        """(sentences, heads, positions, positions) attention of the kernels, renormalised over what `mask` allows.

        `mask` (sentences or 1, 1, positions, positions) is true where a query may look; padding is on the right.
        """
        mask = mask.cpu()
        seen = mask.any(dim=-2)[:, 0].expand(sentences, -1)
        totals = seen.sum(-1)
        if not (seen == (torch.arange(seen.shape[1]) < totals[:, None])).all():
            raise ValueError(
                "found padding before a sentence; kernels can be laid only over sentences that are padded on the right"
            )
        scores = self._scores(totals, seen.shape[1])
        return scores.masked_fill(~mask, -torch.inf).softmax(-1).nan_to_num()

    def _scores(self, totals: Tensor, positions: int) -> Tensor:
        """(sentences, heads, positions, positions) logarithms of weights, before any mask."""
        sentences, specials = len(totals), self.log_specials.shape[-1]
        place = torch.arange(positions)
        scores = self._by_offset(place - place[:, None]).expand(sentences, -1, -1, -1).clone()
        # (sentences, specials): where each special position stands.
        after = totals[:, None] - (specials - self.leading) + torch.arange(specials - self.leading)
        where = torch.cat([torch.arange(self.leading).expand(sentences, -1), after], dim=1)
        each = torch.arange(sentences)
        for special in range(specials):
            scores[each, :, :, where[:, special]] = self.log_specials[None, :, special, None]
        for special in range(specials):
            scores[each, :, where[:, special]] = self._special_row(special, where, totals - specials, positions)
        return scores

    def _by_offset(self, shift: Tensor) -> Tensor:
        """(heads, *shift.shape) log-weights of offsets; those beyond the fit are never attended to."""
        span = (self.log_offsets.shape[-1] - 1) // 2
        inside = self.log_offsets[:, (shift + span).clamp(0, 2 * span)]
        return torch.where(shift.abs() <= span, inside, FLOOR)

    def _special_row(self, special: int, where: Tensor, words: Tensor, positions: int) -> Tensor:
        """(sentences, heads, positions): how the query at a special position weighs every position."""
        count, specials = where.shape
        if self.special_rows is None:
            return torch.zeros(count, len(self.heads), positions)
        to_specials = self.special_rows[:, special]
        left = (1 - to_specials.sum(-1)).clamp(min=0)
        row = (left[None] / words.clamp(min=1)[:, None])[..., None].expand(-1, -1, positions).clone()
        for other in range(specials):
            row[torch.arange(count), :, where[:, other]] = to_specials[:, other]
        return row.log().clamp(min=FLOOR)


@dataclass(frozen=True)
class StateChange:
    """How far hidden states moved, (layers,) each."""

    relative: NDArray[np.float64]
    """Σ‖h′ − h‖² over Σ‖h − mean‖²: 0 where nothing moved, 1 where the error is as large as the states' variance."""
    cosine: NDArray[np.float64]
    """The mean cosine between a word's states before and after."""


def state_change(before: States, after: States) -> StateChange:
    """Compare the states of the same words before and after an intervention, layer by layer.

    Raises ValueError when the two differ in layers or in the lengths of their sentences.
    """
    if before.layers != after.layers or not np.array_equal(before.lengths, after.lengths):
        raise ValueError(
            f"states of {len(before.lengths)} sentences on layers {list(before.layers)} before, of "
            f"{len(after.lengths)} on layers {list(after.layers)} after; expected the same layers and sentences of the "
            "same lengths"
        )
    layers = len(before.layers)
    moved, squares, cosine = np.zeros(layers), np.zeros(layers), np.zeros(layers)
    total = np.zeros((layers, before.dim))
    words = int(np.sum(before.lengths))
    for sentences in _stretches(len(before.lengths)):
        old, new = (states.read(sentences).astype(np.float64) for states in (before, after))
        moved += ((new - old) ** 2).sum((1, 2))
        squares += (old**2).sum((1, 2))
        total += old.sum(1)
        norms = np.linalg.norm(old, axis=-1) * np.linalg.norm(new, axis=-1)
        cosine += ((old * new).sum(-1) / np.maximum(norms, 1e-30)).sum(1)
    variance = squares - (total**2).sum(1) / words
    return StateChange(moved / np.maximum(variance, 1e-30), cosine / words)


def _stretches(sentences: int) -> Iterator[Sequence[int]]:
    """The numbers of all sentences, some at a time."""
    for first in range(0, sentences, STATES_AT_ONCE):
        yield range(first, min(first + STATES_AT_ONCE, sentences))
