"""From aligned words to word vectors: one pass of the model over a stretch of sentences."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import embedding_bag

from treeprobe.extraction.alignment import Aligner, Alignment, Integers, Pooling, bounds_of
from treeprobe.extraction.batching import Windows, cut_windows, make_batch, token_budget_batches
from treeprobe.extraction.encoder import Dtype, Encoder
from treeprobe.extraction.report import AlignmentReport
from treeprobe.extraction.sites import Site, read_site, site_dim


@dataclass(frozen=True)
class Reading:
    """How sentences are read: everything that a word's vector depends on besides the model and the text."""

    layers: tuple[int, ...]
    site: Site = "hidden"
    pooling: Pooling = "mean"
    segment: Literal[0, 1] = 0
    max_subwords: int | None = None
    """Longest input with special tokens; longer sentences go through overlapping windows. None: no limit."""
    overlap: float = 0.5
    storage: Dtype = "float32"
    """Number format of the vectors that are kept."""


@dataclass(frozen=True)
class WordVectors:
    """The vectors of a stretch of sentences, (layers, words, dim) as they are stored, on the CPU; and their report."""

    vectors: Tensor
    report: AlignmentReport


def read_words(
    encoder: Encoder,
    aligner: Aligner,
    words: Sequence[Sequence[str]],
    space_after: Sequence[Sequence[bool]] | None,
    reading: Reading,
    *,
    token_budget: int,
    first_sentence: int = 0,
    advance: Callable[[int], object] = int,
) -> WordVectors:
    """Word vectors of some sentences, batched by length; `advance` hears how many words were read at a time.

    The words of a sentence of several windows are told with the first.
    """
    alignment = aligner(words, space_after)
    capacity = None if reading.max_subwords is None else reading.max_subwords - len(aligner.specials)
    windows = cut_windows(alignment, capacity, overlap=reading.overlap)
    links = _Links.of(alignment, windows, reading.pooling)
    shape = (len(reading.layers), alignment.words, site_dim(encoder, reading.site))
    out = torch.zeros(shape, dtype=getattr(torch, reading.storage))
    padding = encoder.tokenizer.pad_token_id or 0
    # Not every window has a word to give: one of empty words alone has none, and some models could not take it.
    needed = np.flatnonzero(np.diff(links.bounds))
    first = np.diff(windows.sentences, prepend=-1) != 0
    told = np.where(first, np.diff(alignment.word_bounds)[windows.sentences], 0)
    for group in token_budget_batches(windows.lengths[needed] + len(aligner.specials), token_budget):
        chosen = needed[group]
        batch = make_batch(
            alignment.ids, windows, chosen, aligner.specials, segments=reading.segment or None, padding=padding
        )
        states = read_site(encoder, batch, reading.site)
        links.pool([states[layer] for layer in reading.layers], chosen, len(aligner.specials.leading), out)
        advance(int(told[chosen].sum()))
    report = AlignmentReport.of(alignment, words, first_sentence=first_sentence, windowed=windows.cut.tolist())
    return WordVectors(out, report)


@dataclass(frozen=True)
class _Links:
    """Links between words and positions in windows, ordered by window, those of no weight left out."""

    words: Integers
    positions: Integers  # in the window, special tokens not counted
    weights: NDArray[np.float32]
    bounds: Integers  # (windows + 1,) where each window's links begin

    @classmethod
    def of(cls, alignment: Alignment, windows: Windows, pooling: Pooling) -> "_Links":
        weights = alignment.weights(pooling)
        order = np.argsort(windows.link_windows, kind="stable")
        order = order[weights[order] > 0]
        window = windows.link_windows[order]
        positions = alignment.link_subwords[order] - windows.starts[window]
        counts = np.bincount(window, minlength=len(windows.starts))
        return cls(
            alignment.link_words[order],
            positions,
            weights[order],
            bounds_of(counts),
        )

    def pool(self, states: Sequence[Tensor], chosen: Integers, leading: int, out: Tensor) -> None:
        """Add the weighted sums of one batch's subword vectors, made in float32, to their words' rows.

        Args:
            states: a (windows, positions, dim) tensor a layer.
            chosen: numbers of the batch's windows; leading: special tokens before their subwords.
            out: (layers, words, dim) on the CPU.
        """
        counts = self.bounds[chosen + 1] - self.bounds[chosen]
        rows = np.repeat(np.arange(len(chosen)), counts)
        within = np.arange(len(rows)) - np.repeat(np.cumsum(counts) - counts, counts)
        links = np.repeat(self.bounds[chosen], counts) + within
        words = self.words[links]
        # A word's links in a window stand together; a word of two windows has two sums, which add up in its row.
        begins = np.flatnonzero((np.diff(words, prepend=-1) != 0) | (within == 0))
        flat = rows * states[0].shape[1] + leading + self.positions[links]
        into_rows = torch.from_numpy(words[begins])
        bags = [torch.from_numpy(one).to(states[0].device) for one in (flat, begins, self.weights[links])]
        for layer, into in zip(states, out):
            vectors = layer.flatten(0, 1).float()
            sums = embedding_bag(bags[0], vectors, bags[1], mode="sum", per_sample_weights=bags[2])
            into.index_add_(0, into_rows, sums.to("cpu", into.dtype))
