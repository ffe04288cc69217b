"""From sentences to word vectors: one pass of the model over some sentences, subword vectors pooled into words'."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import embedding_bag

from treeprobe.devices import fetched, moved
from treeprobe.extraction.alignment import Alignment, Integers, Pooling, bounds_of
from treeprobe.extraction.batching import Batcher, Windows, cut_windows
from treeprobe.extraction.encoder import Encoder
from treeprobe.extraction.hooks import read_site, site_dim
from treeprobe.extraction.reading import Reading
from treeprobe.extraction.report import AlignmentReport
from treeprobe.extraction.text import Text


@dataclass(frozen=True)
class WordVectors:
    """The vectors of some sentences' words and how the words met the tokenizer."""

    vectors: Tensor
    """(layers, words, dim) where the model computes, in the number format in which they are stored."""
    report: AlignmentReport
    subwords: Integers
    """(sentences,) subwords of each sentence."""

    def on_processor(self) -> "WordVectors":
        """The same with the vectors on the CPU."""
        return replace(self, vectors=fetched(torch, self.vectors))

    def part(self, sentences: slice, words: slice, *, first_sentence: int) -> "WordVectors":
        """Some neighbouring sentences, given their places among these and among their words; a view.

        Args:
            first_sentence: the number in the report of the first of all sentences here.
        """
        subwords = self.subwords[sentences]
        numbers = range(first_sentence + sentences.start, first_sentence + sentences.stop)
        report = self.report.part(numbers, words=words.stop - words.start, subwords=int(subwords.sum()))
        return WordVectors(self.vectors[:, words], report, subwords)


class WordReader:
    """Reads sentences with an encoder in one way.

    Attributes:
        reading: how, with the encoder's layers and limits filled in.
        layers: layer numbers, ascending.
        dim: width of a vector.
    """

    def __init__(self, encoder: Encoder, reading: Reading) -> None:
        """Raises ValueError where the encoder cannot be read like this."""
        self.reading = reading.resolved(encoder)
        self.layers = tuple(self.reading.layers or ())
        self.dim = site_dim(encoder, reading.site)
        self._encoder = encoder
        self._batcher = Batcher(encoder, segment=self.reading.segment, max_subwords=self.reading.max_subwords)

    def read(self, text: Text, *, first_sentence: int = 0, advance: Callable[[int], object] = int) -> WordVectors:
        """The word vectors of some sentences, batched by length.

        Args:
            first_sentence: number of the first sentence, for the report and for edits of the model's states.
            advance: called after each batch with the number of words read; the words of a sentence of several windows
                count with its first.
        """
        reading, batcher = self.reading, self._batcher
        alignment, windows = self._align(text)
        links = _Links.of(alignment, windows, reading.pooling)
        size = (len(self.layers), alignment.words, self.dim)
        out = torch.zeros(size, dtype=getattr(torch, reading.storage), device=self._encoder.device)
        # Windows without a word to read are left out: one of empty words alone has none, and some models refuse it.
        needed = np.flatnonzero(np.diff(links.bounds))
        is_first = np.diff(windows.sentences, prepend=-1) != 0
        words = np.where(is_first, np.diff(alignment.word_bounds)[windows.sentences], 0)
        for chosen, batch in batcher.batches(alignment, windows, needed, first_sentence=first_sentence):
            states = read_site(self._encoder, batch, reading.site)
            links.pool([states[layer] for layer in self.layers], chosen, len(batcher.specials.leading), out)
            advance(int(words[chosen].sum()))
        report = AlignmentReport.of(alignment, text.words, first_sentence=first_sentence, windowed=windows.cut.tolist())
        return WordVectors(out, report, np.diff(alignment.subword_bounds))

    def report(self, text: Text) -> AlignmentReport:
        """What `read` reports of the same sentences, without running the model."""
        alignment, windows = self._align(text)
        return AlignmentReport.of(alignment, text.words, windowed=windows.cut.tolist())

    def _align(self, text: Text) -> tuple[Alignment, Windows]:
        alignment = self._batcher.align(text)
        return alignment, cut_windows(alignment, self._batcher.capacity, overlap=self.reading.overlap)


@dataclass(frozen=True)
class _Links:
    """Links between words and positions in windows, ordered by window, those of weight 0 left out."""

    words: Integers
    positions: Integers  # in the window, special tokens not counted
    weights: NDArray[np.float32]
    bounds: Integers  # (windows + 1,) first link of each window

    @classmethod
    def of(cls, alignment: Alignment, windows: Windows, pooling: Pooling) -> "_Links":
        weights = alignment.weights(pooling)
        order = np.argsort(windows.link_windows, kind="stable")
        order = order[weights[order] > 0]
        window = windows.link_windows[order]
        positions = alignment.link_subwords[order] - windows.starts[window]
        counts = np.bincount(window, minlength=len(windows.starts))
        return cls(alignment.link_words[order], positions, weights[order], bounds_of(counts))

    def pool(self, states: Sequence[Tensor], chosen: Integers, leading: int, out: Tensor) -> None:
        """Add the weighted sums of a batch's subword vectors, computed in float32, to their words' rows.

        Args:
            states: a (windows, positions, dim) tensor per layer.
            chosen: numbers of the batch's windows.
            leading: special tokens before a window's subwords.
            out: (layers, words, dim), where the states are.
        """
        counts = self.bounds[chosen + 1] - self.bounds[chosen]
        rows = np.repeat(np.arange(len(chosen)), counts)
        within = np.arange(len(rows)) - np.repeat(np.cumsum(counts) - counts, counts)
        links = np.repeat(self.bounds[chosen], counts) + within
        words = self.words[links]
        # A word's links in a window are adjacent; a word of two windows has two sums, which add up in its row.
        begins = np.flatnonzero((np.diff(words, prepend=-1) != 0) | (within == 0))
        flat = rows * states[0].shape[1] + leading + self.positions[links]
        parts = (flat, begins, self.weights[links], words[begins])
        subwords, bounds, weights, into_rows = (moved(torch.from_numpy(one), out.device) for one in parts)
        for layer, into in zip(states, out):
            vectors = layer.flatten(0, 1).float()
            sums = embedding_bag(subwords, vectors, bounds, mode="sum", per_sample_weights=weights)
            into.index_add_(0, into_rows, sums.to(into.dtype))
