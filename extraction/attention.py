"""Attention of every block and head, batch by batch, between subwords or between words."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from treeprobe.extraction.alignment import Aligner, Alignment, bounds_of
from treeprobe.extraction.batching import Batch, Windows, cut_windows, make_batch, token_budget_batches
from treeprobe.extraction.checkpoint import AttentionError
from treeprobe.extraction.editing import edited, reported_attention
from treeprobe.extraction.encoder import Encoder
from treeprobe.extraction.extract import TOKEN_BUDGET, reading_of
from treeprobe.extraction.hidden import Reading
from treeprobe.extraction.report import AlignmentReport
from treeprobe.extraction.text import check_text

Level = Literal["words", "subwords"]

CHUNK = 1024
"""Sentences that are aligned and sorted by length at once."""

ELEMENTS = 1 << 26
"""Attention probabilities in a batch at most, unless one sentence alone has more."""


@dataclass(frozen=True)
class AttentionBatch:
    """Attention of some sentences. Positions: leading specials, words (or subwords), trailing specials, padding."""

    indices: NDArray[np.int64]
    """(sentences,) where the sentences stand in the text."""
    lengths: NDArray[np.int64]
    """(sentences,) words (or subwords) of each, special tokens not counted."""
    leading: int
    """Special positions before the first word (BERT 1, GPT-2 0)."""
    trailing: int
    """Special positions after the last word; in each sentence they follow it directly."""
    attention: Tensor
    """(layers, sentences, heads, positions, positions) float32; rows are queries. The row of a real position sums
    to 1, rows and columns of padding are zero, and so are those of a word without subwords."""


class AttentionStream:
    """Batches of attention, computed as they are asked for; `report` covers the batches that have been."""

    def __init__(
        self,
        encoder: Encoder,
        words: Sequence[Sequence[str]],
        space_after: Sequence[Sequence[bool]] | None,
        level: Level,
        reading: Reading,
        token_budget: int,
    ) -> None:
        self._encoder, self._words, self._space_after = encoder, words, space_after
        self._level, self._reading, self._token_budget = level, reading, token_budget
        self.report = AlignmentReport()

    def __iter__(self) -> Iterator[AttentionBatch]:
        """Read the text from its beginning, batch by batch; `report` begins anew too."""
        self.report = AlignmentReport()
        aligner = Aligner(self._encoder.tokenizer)
        for first in range(0, len(self._words), CHUNK):
            stretch = range(first, min(first + CHUNK, len(self._words)))
            words = [self._words[i] for i in stretch]
            spaces = None if self._space_after is None else [self._space_after[i] for i in stretch]
            alignment = aligner(words, spaces)
            limit = self._reading.max_subwords
            windows = cut_windows(alignment, None)
            kept = _kept(alignment, None if limit is None else limit - len(aligner.specials))
            skipped = np.flatnonzero(~kept).tolist()
            self.report += AlignmentReport.of(alignment, words, first_sentence=first, skipped=skipped)
            for batch in self._batches(aligner, alignment, windows, np.flatnonzero(kept)):
                yield replace(batch, indices=batch.indices + first)

    def _batches(
        self, aligner: Aligner, alignment: Alignment, windows: Windows, kept: NDArray[np.int64]
    ) -> Iterator[AttentionBatch]:
        encoder, specials = self._encoder, aligner.specials
        lengths = windows.lengths[kept] + len(specials)
        per_pair = encoder.blocks * encoder.heads
        for group in token_budget_batches(lengths, self._token_budget, squares=ELEMENTS // per_pair):
            chosen = kept[group]
            batch = make_batch(
                alignment.ids,
                windows,
                chosen,
                specials,
                segments=self._reading.segment or None,
                padding=encoder.tokenizer.pad_token_id or 0,
            )
            attention = _attention(encoder, batch)
            counts = windows.lengths[chosen]
            if self._level == "words":
                counts = np.diff(alignment.word_bounds)[chosen]
                attention = _between_words(attention, alignment, chosen, len(specials.leading), len(specials))
            yield AttentionBatch(chosen, counts, len(specials.leading), len(specials.trailing), attention)


def stream_attention(
    encoder: Encoder,
    words: Sequence[Sequence[str]],
    *,
    level: Level = "words",
    space_after: Sequence[Sequence[bool]] | None = None,
    segment: Literal[0, 1] = 0,
    max_subwords: int | None = None,
    token_budget: int = TOKEN_BUDGET,
) -> AttentionStream:
    """Attention of every block and head for every sentence, batch by batch, longest sentences of a stretch first.

    Between words, attention *to* a word is the sum over its subwords and attention *from* a word the mean over them
    (Clark et al. 2019, section 4.1); a subword shared by several words gives each an equal part. Special tokens keep
    positions of their own. A sentence longer than the model takes, or with a subword that belongs to no word, is left
    out and listed in the stream's report.

    Args:
        words, space_after, segment, max_subwords, token_budget: as in `extract`.
        level: positions are words, or subwords.

    Raises:
        ValueError: `words`, `space_after` or a setting is not as described.
        AttentionError: the model has no heads, or, once batches are asked for, reports no attention probabilities of
            every block between all subwords.
    """
    check_text(words, space_after)
    _ = encoder.heads  # a model without heads is refused here, before any work
    if level not in ("words", "subwords"):
        raise ValueError(f"level must be words or subwords, found {level!r}")
    reading = reading_of(encoder, segment=segment, max_subwords=max_subwords)
    return AttentionStream(encoder, words, space_after, level, reading, token_budget)


def _kept(alignment: Alignment, capacity: int | None) -> NDArray[np.bool_]:
    """(sentences,) whether a sentence fits the model and every subword of it belongs to a word."""
    lengths = np.diff(alignment.subword_bounds)
    linked = np.zeros(len(alignment.ids), np.int64)
    linked[alignment.link_subwords] = 1
    whole = np.diff(bounds_of(linked)[alignment.subword_bounds]) == lengths
    readable = whole & (lengths > 0)
    return readable if capacity is None else readable & (lengths <= capacity)


@torch.inference_mode()
def _attention(encoder: Encoder, batch: Batch) -> Tensor:
    """(layers, sentences, heads, subwords, subwords) float32 on the CPU, zero at padding."""
    with reported_attention(encoder):
        output = encoder.run(batch.input_ids, batch.attention_mask, batch.token_type_ids, output_attentions=True)
    reported = _whole_attention(encoder, getattr(output, "attentions", None), tuple(batch.input_ids.shape))
    real = batch.attention_mask.to(torch.float32)
    return torch.stack([block.float().cpu() for block in reported]) * (real[:, None, :, None] * real[:, None, None])


def _whole_attention(
    encoder: Encoder, reported: Sequence[Tensor | None] | None, shape: tuple[int, ...]
) -> Sequence[Tensor]:
    """What the model reported, known to be attention of every block between all subwords of (sentences, subwords).

    Some models report nothing (sparse kernels), part of their blocks (hybrids with recurrent blocks), windows or pools
    of positions, or scores before the softmax; numbers taken from those would look right and be wrong.
    """
    blocks = [block for block in reported or () if block is not None]
    found = None
    if not blocks:
        found = "returned no attention weights although they were asked for"
    elif len(blocks) != encoder.blocks:
        found = f"returned the attention of {len(blocks)} blocks, expected all {encoder.blocks}"
    for block in blocks:
        if block.shape[:1] + block.shape[2:] != (*shape, shape[1]):
            found = (
                f"returned attention of shape {tuple(block.shape)}, expected (sentences, heads, subwords, subwords) of "
                f"{shape[0]} sentences and {shape[1]} subwords"
            )
            break
        # The first row of the first sentence is never padding; an edit may make of it what it likes.
        sums = block[0, :, 0].float().sum(-1)
        if not edited(encoder) and not torch.allclose(sums, torch.ones_like(sums), atol=0.02):
            found = f"returned attention that sums to {float(sums[0]):.3g} over a row, expected probabilities"
            break
    if found:
        raise AttentionError(
            f"{type(encoder.model).__name__} {found}: its heads cannot be analysed. Choose full softmax attention in "
            "the checkpoint's configuration if it has that choice, or another checkpoint; hidden states can be probed "
            "all the same"
        )
    return blocks


def _between_words(
    attention: Tensor, alignment: Alignment, chosen: NDArray[np.int64], leading: int, specials: int
) -> Tensor:
    """Attention between words from attention between subwords, specials kept."""
    mean, total = _word_matrices(alignment, chosen, leading, specials, attention.shape[-1])
    return mean[:, None] @ attention @ total[:, None].transpose(-1, -2)


def _word_matrices(
    alignment: Alignment, chosen: NDArray[np.int64], leading: int, specials: int, width: int
) -> tuple[Tensor, Tensor]:
    """Two (sentences, positions, subwords) matrices: rows that average a word's subwords, columns that share them."""
    word_counts = np.diff(alignment.word_bounds)
    subword_counts = np.diff(alignment.subword_bounds)
    mean = np.zeros((len(chosen), int(word_counts[chosen].max()) + specials, width), np.float32)
    total = np.zeros_like(mean)
    link_bounds = np.searchsorted(alignment.link_words, alignment.word_bounds)
    words_of = np.bincount(alignment.link_subwords, minlength=len(alignment.ids))
    weights = alignment.weights("mean")
    for row, sentence in enumerate(chosen):
        links = slice(link_bounds[sentence], link_bounds[sentence + 1])
        words = alignment.link_words[links] - alignment.word_bounds[sentence] + leading
        subwords = alignment.link_subwords[links] - alignment.subword_bounds[sentence] + leading
        mean[row, words, subwords] = weights[links]
        total[row, words, subwords] = 1.0 / words_of[alignment.link_subwords[links]]
        before, after = np.arange(leading), np.arange(specials - leading)
        for matrix in (mean, total):
            matrix[row, before, before] = 1.0
            matrix[row, leading + word_counts[sentence] + after, leading + subword_counts[sentence] + after] = 1.0
    return torch.from_numpy(mean), torch.from_numpy(total)
