"""From sentences to word vectors: one pass of the model over some sentences, subword vectors pooled into words'."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import embedding_bag

from treeprobe.devices import fetched, moved, readiness
from treeprobe.extraction.alignment import Alignment, Integers, Pooling, bounds_of
from treeprobe.extraction.batching import Batch, Batcher, Windows, cut_windows
from treeprobe.extraction.encoder import Encoder, wide
from treeprobe.extraction.hooks import read_site, site_dim
from treeprobe.extraction.prefixes import ignores_what_follows, last_words, prefixes_of
from treeprobe.extraction.reading import Reading
from treeprobe.extraction.report import AlignmentReport
from treeprobe.extraction.sentence_places import sentences_as_words, special_place, subwords_as_words
from treeprobe.extraction.text import Text


@dataclass(frozen=True)
class AlignedText:
    """Some sentences as subwords, cut into windows that the model can take."""

    first_sentence: int
    """Number of the first sentence, for the report and for edits of the model's states."""
    alignment: Alignment
    windows: Windows
    links: "_Links"
    report: AlignmentReport
    word_bounds: Integers
    """(sentences + 1,) first word of each sentence, and the number of words; those of `alignment` may be of prefixes or
    of sentences as wholes."""
    subword_bounds: Integers
    """(sentences + 1,) first subword of each sentence, and the number of subwords, likewise."""


@dataclass(frozen=True)
class WordBatch:
    """Vectors of some words, each of them whole."""

    words: Integers
    """(words,) their numbers, those of a sentence side by side."""
    vectors: Tensor
    """(layers, words, dim) where the model computes, in the number format in which they are stored."""
    ranges: Tensor
    """(layers, 2) the least and the largest value of each layer, where the model computes."""
    read: int
    """Words of the sentences whose first window was in the batch, words without a subword among them."""
    ready: Any = None
    """On a card, the mark behind the work that makes vectors and ranges (`devices.readiness`)."""

    def fetched(self, layers: slice) -> Tensor:
        """The vectors of some layers, counted from the first that is read, on the CPU; from a card in memory to be
        given back soon (`devices.fetched`)."""
        return fetched(torch, self.vectors[layers], after=self.ready)

    def moved(self, first_word: int) -> "WordBatch":
        """The same with words numbered from another one."""
        return replace(self, words=self.words + first_word)


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
        self._causal = self.reading.context == "prefix" and ignores_what_follows(encoder)
        self._batcher = Batcher(encoder, segment=self.reading.segment, max_subwords=self.reading.max_subwords)
        unit = self.reading.unit
        self._special = special_place(encoder, unit, self._batcher.specials) if unit in ("cls", "sep") else None

    def align(self, text: Text, *, first_sentence: int = 0) -> AlignedText:
        """The subwords and windows of some sentences, which reports and edits number from `first_sentence`."""
        alignment = self._batcher.align(text)
        windows = cut_windows(alignment, self._batcher.capacity, overlap=self.reading.overlap)
        cut = windows.cut.tolist()
        report = AlignmentReport.of(alignment, text.words, first_sentence=first_sentence, windowed=cut)
        bounds = alignment.word_bounds, alignment.subword_bounds
        if self.reading.unit != "word":
            alignment, windows, links = self._sentence_links(alignment)
            return AlignedText(first_sentence, alignment, windows, links, report, *bounds)
        if self.reading.context == "prefix" and not (self._causal and text.space_after is None):
            alignment = last_words(self._batcher.align(prefixes_of(text)))
            windows = cut_windows(alignment, self._batcher.capacity, overlap=self.reading.overlap)
        links = _Links.of(alignment, windows, self.reading.pooling)
        return AlignedText(first_sentence, alignment, windows, links, report, *bounds)

    def _sentence_links(self, words: Alignment) -> "tuple[Alignment, Windows, _Links]":
        """Sentences as the only words, linked to their subwords or to a special token, and the windows they are in."""
        # Cut as if each subword were a word: each is read from the window where it stands farthest from an edge.
        windows = cut_windows(subwords_as_words(words), self._batcher.capacity, overlap=self.reading.overlap)
        alignment = sentences_as_words(words)
        if self._special is None:
            return alignment, windows, _Links.of(alignment, windows, self.reading.pooling)
        return alignment, windows, _Links.special(windows, *self._special)

    def read(self, aligned: AlignedText) -> Iterator[WordBatch]:
        """The vectors of all words that have a subword, in batches of sentences of about the same length."""
        windows, links = aligned.windows, aligned.links
        # Windows without a word to read are left out: one of empty words alone has none, and some models refuse it.
        needed = np.flatnonzero(np.diff(links.bounds))
        is_first = np.diff(windows.sentences, prepend=-1) != 0
        counts = np.where(is_first, np.diff(aligned.alignment.word_bounds)[windows.sentences], 0)
        parted = _PartedWords(links)
        for chosen, batch in self._batcher.batches(
            aligned.alignment, windows, needed, first_sentence=aligned.first_sentence
        ):
            words, vectors = self._pooled(links, parted, chosen, batch)
            if len(words):
                ranges = torch.stack([torch.stack(torch.aminmax(layer)) for layer in vectors])
                yield WordBatch(words, vectors, ranges, int(counts[chosen].sum()), readiness(torch, vectors.device))
            del words, vectors  # gone before the next batch, so that the allocator finds the same room again

    @torch.inference_mode()
    def _pooled(
        self, links: "_Links", parted: "_PartedWords", chosen: Integers, batch: Batch
    ) -> tuple[Integers, Tensor]:
        """Words that are whole after a batch and their vectors as they are stored, where the model computes.

        The one place where batches reach a device. States and sums are gone when it ends, before the next batch.
        """
        states = read_site(self._encoder, batch, self.reading.site)
        sums = links.pool([states[layer] for layer in self.layers], chosen, len(self._batcher.specials.leading))
        words, whole = parted.joined(*sums)
        return words, whole.to(getattr(torch, self.reading.storage))


@dataclass(frozen=True)
class _Links:
    """Links between words and positions in windows, ordered by window, those of weight 0 left out."""

    words: Integers
    positions: Integers  # in the window, special tokens not counted
    weights: NDArray[np.floating]
    bounds: Integers  # (windows + 1,) first link of each window

    @classmethod
    def of(cls, alignment: Alignment, windows: Windows, pooling: Pooling) -> "_Links":
        weights = alignment.weights(pooling, number=np.float64)
        order = np.argsort(windows.link_windows, kind="stable")
        order = order[weights[order] > 0]
        window = windows.link_windows[order]
        positions = alignment.link_subwords[order] - windows.starts[window]
        counts = np.bincount(window, minlength=len(windows.starts))
        return cls(alignment.link_words[order], positions, weights[order], bounds_of(counts))

    @classmethod
    def special(cls, windows: Windows, place: int, trailing: bool) -> "_Links":
        """One link for each window, to a special token before its subwords (negative `place`) or behind them."""
        counts = np.bincount(windows.sentences)
        positions = windows.lengths + place if trailing else np.full(len(windows.starts), place)
        weights = 1.0 / counts[windows.sentences]
        return cls(windows.sentences, positions, weights, np.arange(len(windows.starts) + 1))

    @property
    def begins(self) -> Integers:
        """The first link of each word in each window; a word's links in a window are adjacent."""
        changes = np.diff(self.words, prepend=-1) != 0
        changes[self.bounds[:-1][np.diff(self.bounds) > 0]] = True
        return np.flatnonzero(changes)

    def pool(self, states: Sequence[Tensor], chosen: Integers, leading: int) -> tuple[Integers, Tensor]:
        """The weighted sums of the subword vectors of each word in each window of a batch, in float32 or wider.

        Args:
            states: a (windows, positions, dim) tensor per layer.
            chosen: numbers of the batch's windows.
            leading: special tokens before a window's subwords.

        Returns:
            (sums,) words, and (layers, sums, dim) in that format, where the states are.
        """
        counts = self.bounds[chosen + 1] - self.bounds[chosen]
        rows = np.repeat(np.arange(len(chosen)), counts)
        within = np.arange(len(rows)) - np.repeat(np.cumsum(counts) - counts, counts)
        links = np.repeat(self.bounds[chosen], counts) + within
        words = self.words[links]
        begins = np.flatnonzero((np.diff(words, prepend=-1) != 0) | (within == 0))
        flat = rows * states[0].shape[1] + leading + self.positions[links]
        number = wide(states[0].dtype)
        parts = (torch.from_numpy(flat), torch.from_numpy(begins), torch.from_numpy(self.weights[links]).to(number))
        subwords, bounds, weights = (moved(one, states[0].device) for one in parts)
        out = torch.empty((len(states), len(begins), states[0].shape[2]), dtype=number, device=states[0].device)
        for layer, into in zip(states, out):
            vectors = layer.flatten(0, 1).to(number)
            into.copy_(embedding_bag(subwords, vectors, bounds, mode="sum", per_sample_weights=weights))
        return words[begins], out


class _PartedWords:
    """Words whose subwords are read from several windows, since no window holds them all: their sums are added up."""

    def __init__(self, links: _Links) -> None:
        parts = np.bincount(links.words[links.begins])
        self._missing = dict(zip(*(found.tolist() for found in (np.flatnonzero(parts > 1), parts[parts > 1]))))
        self._sums: dict[int, Tensor] = {}

    def joined(self, words: Integers, sums: Tensor) -> tuple[Integers, Tensor]:
        """The words of a batch that are whole, those of earlier batches that have become so among them.

        Args:
            words: (sums,) numbers of words.
            sums: (layers, sums, dim).
        """
        parted = np.isin(words, list(self._missing))
        if not parted.any():
            return words, sums
        finished = []
        for row in np.flatnonzero(parted).tolist():
            word = int(words[row])
            self._sums[word] = sums[:, row] + self._sums.get(word, 0)
            self._missing[word] -= 1
            if not self._missing[word]:
                finished.append(word)
        rows = np.flatnonzero(~parted)
        kept = sums[:, torch.from_numpy(rows).to(sums.device)]
        ends = [self._sums.pop(word)[:, None] for word in finished]
        return np.concatenate([words[rows], np.array(finished, np.int64)]), torch.cat([kept, *ends], dim=1)
