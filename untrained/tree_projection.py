"""Tree projections: the binary tree that a model's computation is closest to (Murty et al. 2023, ICLR).

The contextual representation of a span is the mean of its subwords' states in the sentence. Its context-free
representation is the same when attention to all words outside of the span is masked out, at every layer; special tokens
stay (the paper's T-shaped mask, with its threshold at the first layer). Their distance is the span's contextual
invariance, SCI (section 3): 0 where a span is read the same with and without its context. The tree projection is the
binary tree with the least sum of SCI over its spans (equation 4), found exactly in a chart.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import cosine_similarity
from tqdm import tqdm

from treeprobe.extraction import Encoder
from treeprobe.extraction.alignment import Integers
from treeprobe.extraction.batching import Batch
from treeprobe.extraction.subwords import Subwords
from treeprobe.extraction.text import Text
from treeprobe.parsing.decoding.binary import cheapest_brackets, expected_cost
from treeprobe.untrained.chunks import Chunk, on_device, ranges, read_by_sentence


@dataclass(frozen=True)
class Projection:
    """The tree projection of a sentence at one layer.

    Attributes:
        brackets: its spans, (words - 1, 2); see `treeprobe.parsing.decoding.binary`.
        score: the tree score (equation 5): the sum of SCI of a random binary tree, in the mean, less that of this one.
            0 for a model that reads every span alike; the greater, the more tree-like the reading.
    """

    brackets: NDArray[np.int64]
    score: float


def project(chart: NDArray[np.float32]) -> list[Projection]:
    """The tree projection of a sentence at every layer.

    Args:
        chart: (layers, words, words), as `span_invariance` returns it.
    """
    brackets, least = cheapest_brackets(chart)
    scores = expected_cost(chart) - least
    return [Projection(found, float(score)) for found, score in zip(brackets, scores)]


def span_invariance(
    encoder: Encoder,
    words: Sequence[Sequence[str]],
    *,
    space_after: Sequence[Sequence[bool]] | None = None,
    progress: bool = False,
) -> list[NDArray[np.float32]]:
    """SCI of every span of each sentence at every layer: the cosine distance of its two representations.

    A sentence of n words takes about n² / 2 forward passes, which are batched over spans and sentences. Spans of one
    word are not compared, since every tree has them, nor is the whole sentence, whose SCI is 0.

    Args:
        encoder: a model that obeys an attention mask.
        words: one non-empty sequence of words per sentence.
        space_after: whether a space follows each word in the natural sentence; words are joined by spaces where None.
        progress: show a progress bar of forward passes.

    Returns:
        (layers, words, words) for each sentence, by the span's first and last word; 0 where nothing was compared.

    Raises:
        ValueError: `words` is not as described, or a sentence is longer than the model takes.
    """
    text = Text.checked(words, space_after)
    reader = _Reader(encoder, Subwords.of(encoder, text))
    counts = text.lengths
    return read_by_sentence(
        encoder,
        reader.subwords,
        reader.charts,
        passes=int((1 + np.maximum(counts * (counts - 1) // 2 - 1, 0)).sum()),
        title="spans",
        work="reading spans without their context",
        progress=progress,
    )


@dataclass(frozen=True)
class _Spans:
    """Spans to read, (spans,) each: the sentence, its row in the chunk, ascending, and the first and last word,
    numbered in the sentence."""

    sentences: Integers
    rows: Integers
    first: Integers
    last: Integers


class _Reader:
    """Reads spans of a text with and without their context."""

    def __init__(self, encoder: Encoder, subwords: Subwords) -> None:
        self.subwords = subwords
        self._encoder = encoder
        # One past the last subword of each word; a word without any has none between its neighbours'.
        self._ends = np.searchsorted(subwords.owners, np.arange(subwords.alignment.words), "right")
        self._starts = np.searchsorted(subwords.owners, np.arange(subwords.alignment.words))
        self._leading = len(subwords.batcher.specials.leading)

    @torch.inference_mode()
    def charts(self, chunk: Chunk, bar: tqdm) -> list[NDArray[np.float32]]:
        """The charts of a chunk's sentences, in its order."""
        encoder, subwords = self._encoder, self.subwords
        bounds = subwords.alignment.subword_bounds
        lengths = np.diff(bounds)[chunk.sentences]
        held = np.zeros(len(subwords.ids), np.int64)
        held[ranges(bounds[:-1][chunk.sentences], lengths)] = np.arange(int(lengths.sum()))
        whole = torch.zeros(len(encoder.layers), int(lengths.sum()), encoder.dim, device=encoder.device)
        for chosen, batch in self._batches(chunk.sentences):
            sentences = chunk.sentences[chosen]
            rows = np.repeat(np.arange(len(chosen)), np.diff(bounds)[sentences])
            numbers = ranges(bounds[:-1][sentences], np.diff(bounds)[sentences])
            places = self._leading + numbers - bounds[:-1][sentences][rows]
            rows_, places_, own = on_device(encoder, rows, places, held[numbers])
            for layer, into in zip(self._states(batch, batch.attention_mask), whole):
                into[own] = layer[rows_, places_].float()
            bar.update(len(chosen))
        spans = self._spans(chunk)
        found = np.zeros((len(encoder.layers), len(spans.sentences)), np.float32)
        for chosen, batch in self._batches(spans.sentences):
            found[:, chosen] = self._distances(spans, chosen, batch, whole, held).cpu().numpy()
            bar.update(len(chosen))
        return self._filled(chunk, spans, found)

    def _batches(self, sentences: Integers) -> Iterator[tuple[Integers, Batch]]:
        copies = self.subwords.copies(sentences)
        return self.subwords.batcher.batches(self.subwords.alignment, copies, np.arange(len(sentences)))

    def _states(self, batch: Batch, attention_mask: Tensor) -> tuple[Tensor, ...]:
        return self._encoder.hidden_states(batch.input_ids, attention_mask, batch.token_type_ids, places=batch.places)

    def _spans(self, chunk: Chunk) -> _Spans:
        """Every span of a chunk with two words or more, but not all, and a subword."""
        parts = []
        for row, size in enumerate(chunk.words.tolist()):
            first, last = np.triu_indices(size, k=1)
            parts.append(np.stack([np.full(len(first), row), first, last])[:, last - first + 1 < size])
        rows, first, last = np.concatenate(parts, axis=1)
        begin = self.subwords.word_bounds[chunk.sentences[rows]]
        read = self._ends[begin + last] > self._starts[begin + first]
        return _Spans(chunk.sentences[rows[read]], rows[read], first[read], last[read])

    def _distances(self, spans: _Spans, chosen: Integers, batch: Batch, whole: Tensor, held: Integers) -> Tensor:
        """(layers, spans) cosine distances of a batch's spans."""
        sentences = spans.sentences[chosen]
        begin, bounds = self.subwords.word_bounds[sentences], self.subwords.alignment.subword_bounds
        subwords = bounds[sentences][:, None] + np.arange(batch.input_ids.shape[1]) - self._leading
        first, end = self._starts[begin + spans.first[chosen]], self._ends[begin + spans.last[chosen]]
        inside = (subwords >= first[:, None]) & (subwords < end[:, None])
        outside = (subwords >= bounds[sentences][:, None]) & (subwords < bounds[sentences + 1][:, None]) & ~inside
        states = self._states(batch, batch.attention_mask.masked_fill(torch.from_numpy(outside), 0))
        # Positions that hold none of the sentence's subwords read those of any other, at weight 0.
        own, counts = on_device(self._encoder, held[np.where(inside, subwords, 0)], inside.sum(1))
        weights = (on_device(self._encoder, inside)[0].float() / counts[:, None])[:, None]
        found = []
        for alone, layer in zip(states, whole):
            free, contextual = (weights @ vectors for vectors in (alone.float(), layer[own]))
            found.append(1 - cosine_similarity(free[:, 0], contextual[:, 0], dim=-1))
        return torch.stack(found).clamp_min(0)

    def _filled(self, chunk: Chunk, spans: _Spans, values: NDArray[np.float32]) -> list[NDArray[np.float32]]:
        """Charts of a chunk's sentences from the values of its spans, which stand in the order of its sentences."""
        ends = np.searchsorted(spans.rows, np.arange(len(chunk.sentences)), "right")
        charts = []
        for size, start, end in zip(chunk.words, np.append(0, ends[:-1]), ends):
            chart = np.zeros((len(values), size, size), np.float32)
            chart[:, spans.first[start:end], spans.last[start:end]] = values[:, start:end]
            charts.append(chart)
        return charts
