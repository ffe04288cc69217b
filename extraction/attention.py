"""Attention of every block and head, batch by batch, between subwords or between words."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, get_args

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from treeprobe.devices import memory_named, moved
from treeprobe.extraction.alignment import Alignment, bounds_of
from treeprobe.extraction.batching import Batch, Batcher, Windows, cut_windows
from treeprobe.extraction.checkpoint import AttentionError
from treeprobe.extraction.editing_attention import edited, reported_attention
from treeprobe.extraction.encoder import Encoder, wide
from treeprobe.extraction.reading import Reading
from treeprobe.extraction.report import AlignmentReport
from treeprobe.extraction.text import Text
from treeprobe.overlap import made_ahead

Level = Literal["words", "subwords"]

_CHUNK = 1024
"""Sentences that are aligned and sorted by length together."""

_PROBABILITIES = 1 << 26
"""Attention probabilities in a batch at most, unless one sentence alone has more."""

_CARD_PROBABILITIES = 1 << 29
"""The same on a card: 2 GiB, and a few times that while they are counted."""


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
    """(layers, sentences, heads, positions, positions) float32, or float64 where the model is, where it computes; rows
    are queries. The row of a real position sums to 1, rows and columns of padding are zero, and so are those of a word
    without subwords."""

    def unpadded(self) -> dict[int, NDArray[np.float32]]:
        """The attention of each sentence without padding, (layers, heads, positions, positions), by its index."""
        ends = self.lengths + self.leading + self.trailing
        return {
            int(index): self.attention[:, row, :, :end, :end].cpu().numpy()
            for row, (index, end) in enumerate(zip(self.indices.tolist(), ends.tolist(), strict=True))
        }


class AttentionStream:
    """Batches of attention, computed as they are asked for.

    Attributes:
        report: how the words of the batches so far met the tokenizer, and which sentences were left out.
    """

    def __init__(self, encoder: Encoder, text: Text, level: Level, reading: Reading) -> None:
        self._encoder, self._text, self._level = encoder, text, level
        self._batcher = Batcher(encoder, segment=reading.segment, max_subwords=reading.max_subwords)
        self.report = AlignmentReport()

    def __iter__(self) -> Iterator[AttentionBatch]:
        """Read the text from its beginning, batch by batch; `report` begins anew too.

        Raises DeviceMemoryError where a batch, or what is done with it meanwhile, does not fit into the card's memory.
        """
        self.report = AlignmentReport()
        work, remedy = f"reading attention with {self._encoder.name}", "shorter sentences, bfloat16 (dtype)"
        with memory_named(torch, work=work, remedy=remedy):
            yield from self._read()

    def _read(self) -> Iterator[AttentionBatch]:
        def align(first: int) -> tuple[Text, Alignment]:
            text = self._text.part(first, first + _CHUNK)
            return text, self._batcher.align(text)

        chunks = range(0, len(self._text), _CHUNK)
        for first, (text, alignment) in zip(chunks, made_ahead(align, chunks)):
            windows = cut_windows(alignment, None)
            kept = _kept(alignment, self._batcher.capacity)
            skipped = np.flatnonzero(~kept).tolist()
            self.report += AlignmentReport.of(alignment, text.words, first_sentence=first, skipped=skipped)
            for batch in self._batches(alignment, windows, np.flatnonzero(kept), first):
                yield replace(batch, indices=batch.indices + first)

    def _batches(
        self, alignment: Alignment, windows: Windows, kept: NDArray[np.int64], first: int
    ) -> Iterator[AttentionBatch]:
        leading, trailing = (
            len(tokens) for tokens in (self._batcher.specials.leading, self._batcher.specials.trailing)
        )
        most = _PROBABILITIES if self._encoder.device.type == "cpu" else _CARD_PROBABILITIES
        max_pairs = most // (self._encoder.blocks * self._encoder.heads)
        number = np.float64 if self._encoder.dtype == "float64" else np.float32

        def with_matrices(item: tuple[NDArray[np.int64], Batch]) -> tuple[NDArray[np.int64], Batch, Sequence[Tensor]]:
            chosen, batch = item
            if self._level == "subwords":
                return chosen, batch, ()
            width = batch.input_ids.shape[1]
            return chosen, batch, word_matrices(alignment, chosen, leading, trailing, width=width, number=number)

        batches = self._batcher.batches(alignment, windows, kept, first_sentence=first, max_pairs=max_pairs)
        for chosen, batch, matrices in made_ahead(with_matrices, batches):
            attention = _attention(self._encoder, batch)
            counts = windows.lengths[chosen]
            if matrices:
                counts = np.diff(alignment.word_bounds)[chosen]
                mean, total = (moved(matrix, attention.device) for matrix in matrices)
                attention = mean[:, None] @ attention @ total[:, None].transpose(-1, -2)
            yield AttentionBatch(chosen, counts, leading, trailing, attention)


def stream_attention(
    encoder: Encoder,
    words: Sequence[Sequence[str]],
    *,
    level: Level = "words",
    space_after: Sequence[Sequence[bool]] | None = None,
    segment: Literal[0, 1] = 0,
    max_subwords: int | None = None,
) -> AttentionStream:
    """Attention of every block and head for every sentence, batch by batch, longest sentences of a chunk first.

    Between words, attention *to* a word is the sum over its subwords and attention *from* a word the mean over them
    (Clark et al. 2019, section 4.1); a subword shared by several words gives each an equal part. Special tokens keep
    positions of their own. A sentence longer than the model takes, or with a subword that belongs to no word, is left
    out and listed in the stream's report.

    Args:
        words: one non-empty sequence of words per sentence.
        level: positions are words, or subwords.
        space_after: as in `extract`.
        segment: as in `Reading`.
        max_subwords: as in `Reading`, but longer sentences are left out.

    Returns:
        an iterable of `AttentionBatch`, which computes anew each time that it is iterated over.

    Raises:
        ValueError: `words` or `space_after` is not as described, or the encoder cannot be read so.
        AttentionError: the model has no heads, or, once batches are asked for, does not report the attention
            probabilities of every block between all subwords.
    """
    text = Text.checked(words, space_after)
    _ = encoder.heads  # a model without heads is refused here, before any work
    if level not in get_args(Level):
        raise ValueError(f"level must be words or subwords, found {level!r}")
    reading = Reading(segment=segment, max_subwords=max_subwords).resolved(encoder)
    return AttentionStream(encoder, text, level, reading)


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
    """(layers, sentences, heads, subwords, subwords) in float32 or wider where the model computes, zero at padding."""
    with reported_attention(encoder):
        output = encoder.run(
            batch.input_ids, batch.attention_mask, batch.token_type_ids, places=batch.places, output_attentions=True
        )
    reported = _whole_attention(encoder, getattr(output, "attentions", None), tuple(batch.input_ids.shape))
    number = wide(reported[0].dtype)
    real = moved(batch.attention_mask, reported[0].device).to(number)
    return torch.stack([block.to(number) for block in reported]).mul_(real[:, None, :, None] * real[:, None, None])


def _whole_attention(
    encoder: Encoder, reported: Sequence[Tensor | Any] | None, shape: tuple[int, ...]
) -> Sequence[Tensor]:
    """What the model reported, known to be attention of every block between all subwords of (sentences, subwords).

    Some models report nothing (sparse kernels), part of their blocks (hybrids with recurrent blocks), windows or pools
    of positions, or scores before the softmax; statistics of those would look plausible and be wrong.
    """
    blocks = [block for block in reported or () if isinstance(block, Tensor)]
    found = None
    if not blocks:
        found = "returned no attention weights although they were asked for"
    elif len(blocks) != encoder.blocks:
        found = f"returned the attention of {len(blocks)} blocks, expected all {encoder.blocks}"
    for block in blocks:
        if block.shape != (shape[0], encoder.heads, shape[1], shape[1]):
            found = (
                f"returned attention of shape {tuple(block.shape)}, expected (sentences, heads, subwords, subwords) of "
                f"{shape[0]} sentences, {encoder.heads} heads and {shape[1]} subwords"
            )
            break
    if not found and not edited(encoder):  # an edit may make of it what it likes
        # The first row of the first sentence is never padding; all blocks are looked at together, for on a card each
        # look waits for all work before it.
        sums = torch.stack([block[0, :, 0].float().sum(-1) for block in blocks]).cpu()
        if len(wrong := sums[(sums - 1).abs() > 0.02]) or sums.isnan().any():
            total = float(wrong[0]) if len(wrong) else float("nan")
            found = f"returned attention that sums to {total:.3g} over a row, expected probabilities"
    if found:
        raise AttentionError(
            f"{type(encoder.model).__name__} {found}: its heads cannot be analysed. Choose full softmax attention in "
            "the checkpoint's configuration if it has that choice, or another checkpoint; hidden states can be probed "
            "all the same"
        )
    return blocks


def word_matrices(
    alignment: Alignment,
    sentences: NDArray[np.int64],
    leading: int,
    trailing: int,
    *,
    width: int,
    number: type[np.floating] = np.float32,
) -> tuple[Tensor, Tensor]:
    """Matrices that turn attention between subwords into attention between words: mean @ attention @ totalᵀ.

    A subword that several words share counts equally for each; special tokens keep positions of their own.

    Args:
        alignment: of a text.
        sentences: numbers of some of its sentences.
        leading, trailing: special tokens before and after each.
        width: positions in the attention between subwords.
        number: the number format of the matrices.

    Returns:
        Two (sentences, positions, width) matrices: rows of the first average the subwords of a word, rows of
        the second sum them.
    """
    word_counts = np.diff(alignment.word_bounds)
    subword_counts = np.diff(alignment.subword_bounds)
    mean = np.zeros((len(sentences), leading + int(word_counts[sentences].max()) + trailing, width), number)
    total = np.zeros_like(mean)
    link_bounds = np.searchsorted(alignment.link_words, alignment.word_bounds)
    words_of = np.bincount(alignment.link_subwords, minlength=len(alignment.ids))
    weights = alignment.weights("mean", number=number)
    before, after = np.arange(leading), np.arange(trailing)
    for row, sentence in enumerate(sentences):
        links = slice(link_bounds[sentence], link_bounds[sentence + 1])
        words = alignment.link_words[links] - alignment.word_bounds[sentence] + leading
        subwords = alignment.link_subwords[links] - alignment.subword_bounds[sentence] + leading
        mean[row, words, subwords] = weights[links]
        total[row, words, subwords] = 1.0 / words_of[alignment.link_subwords[links]]
        for matrix in (mean, total):
            matrix[row, before, before] = 1.0
            matrix[row, leading + word_counts[sentence] + after, leading + subword_counts[sentence] + after] = 1.0
    return torch.from_numpy(mean), torch.from_numpy(total)
