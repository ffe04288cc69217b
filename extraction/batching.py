"""From sentences to batches: subwords cut into windows that a model can take, windows gathered by length and padded."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from treeprobe.extraction.alignment import Aligner, Alignment, Integers
from treeprobe.extraction.encoder import Encoder
from treeprobe.extraction.places import NO_WORD, Places
from treeprobe.extraction.text import Text

TOKEN_BUDGET = 1024
"""Positions in a batch, padding counted; the fastest of those tried by `benchmarks.extraction_speed` on a CPU. It is a
fixed number and not measured when an extraction begins: what else is in a batch touches the last digits of a vector, so
a budget that depends on how busy a machine is would give each cache other numbers, and one that is resumed two kinds.
Batches of 1,536 would be 224 instead of 292 for EWT's training sentences, which at some 30 positions a batch saves less
than 1 % of the time."""

CARD_TOKEN_BUDGET = 8192
"""The same on a card, which is busy with so many for long enough that starting its kernels costs nothing beside it: a
BERT of width 1,024 takes some 10 ms for them in bfloat16, of which the calls of its kernels are 3."""

BATCH_COST = 1 / 16
"""Fixed cost of a batch, as a share of the budget of positions: calling the kernels takes time however little they
compute. On two cores a call of MiniLM costs as much as some 30 positions in float32 and 75 in bfloat16, of a budget of
1024."""

GROUP_STEP = 8
"""A batch that is not full holds a multiple of this many windows: matrix libraries keep an execution plan for each
shape that they meet, so batches of any size would let memory grow with the text."""


@dataclass(frozen=True)
class Windows:
    """Spans of subwords that go through the model, and the span that each link of words and subwords is read from.

    A sentence that fits is one window. A longer one is cut into overlapping windows of the greatest length; every
    word is read from the window in which it stands farthest from an edge.
    """

    starts: Integers
    """(windows,) first subword."""
    ends: Integers
    """(windows,) one past the last subword."""
    sentences: Integers
    """(windows,) sentence of each window."""
    link_windows: Integers
    """(links,) window that each link is read from."""

    @property
    def lengths(self) -> Integers:
        """(windows,) subwords in each window, special tokens not counted."""
        return self.ends - self.starts

    @property
    def cut(self) -> Integers:
        """Sentences that needed more than one window, ascending."""
        return np.flatnonzero(np.bincount(self.sentences) > 1)


def cut_windows(alignment: Alignment, capacity: int | None, *, overlap: float = 0.5) -> Windows:
    """Cut sentences of more than `capacity` subwords (special tokens not counted) into overlapping windows.

    Args:
        overlap: share of a window that the next one repeats, at least 0 and below 1.
    """
    bounds = alignment.subword_bounds
    lengths = np.diff(bounds)
    links = np.searchsorted(bounds, alignment.link_subwords, "right") - 1
    if capacity is None or not len(lengths) or lengths.max() <= capacity:
        sentences = np.arange(len(lengths))
        return Windows(bounds[:-1], bounds[1:], sentences, links)
    stride = max(1, capacity - int(capacity * overlap))
    counts = np.where(lengths > capacity, -(-(lengths - capacity) // stride) + 1, 1)
    first = np.cumsum(counts) - counts
    sentences = np.repeat(np.arange(len(lengths)), counts)
    within = np.arange(len(sentences)) - first[sentences]
    # The last window is moved back to be full: context is worth more than even spacing.
    offset = np.minimum(within * stride, np.maximum(lengths - capacity, 0)[sentences])
    starts = bounds[:-1][sentences] + offset
    ends = np.minimum(starts + capacity, bounds[1:][sentences])
    link_windows = first[links]
    for sentence in np.flatnonzero(counts > 1):
        here = np.flatnonzero(links == sentence)
        windows = np.arange(first[sentence], first[sentence] + counts[sentence])
        link_windows[here] = windows[_best(alignment, here, starts[windows], ends[windows])]
    return Windows(starts, ends, sentences, link_windows)


def _best(alignment: Alignment, links: Integers, starts: Integers, ends: Integers) -> Integers:
    """(links,) the window in which the link's word is farthest from an edge, among those that hold its subword."""
    subwords, words = alignment.link_subwords[links], alignment.link_words[links]
    _, inverse = np.unique(words, return_inverse=True)
    middle = (np.bincount(inverse, subwords) / np.bincount(inverse))[inverse]
    best, room = np.zeros(len(links), np.int64), np.full(len(links), -np.inf)
    for window, (start, end) in enumerate(zip(starts, ends)):
        distance = np.where(
            (subwords >= start) & (subwords < end), np.minimum(middle - start, end - 1 - middle), -np.inf
        )
        better = distance > room
        best[better], room[better] = window, distance[better]
    return best


def token_budget_batches(
    lengths: Integers, budget: int, *, max_pairs: int | None = None, padded: bool = True
) -> Iterator[Integers]:
    """Cut windows sorted by length, longest first, into batches of at most `budget` positions, padding counted.

    A batch is as large as it may be where it begins, or a multiple of `GROUP_STEP`. Of all ways to cut the sorted
    windows into such batches, the one with the fewest positions is chosen, where a further batch counts as much as
    `BATCH_COST` of the budget. A window longer than the budget is a batch by itself.

    Args:
        lengths: (windows,) positions of each window.
        budget: positions in a batch at most.
        max_pairs: pairs of positions in a batch at most.
        padded: whether windows of several lengths may be in one batch.

    Yields:
        (windows of the batch,) their numbers.
    """
    order = np.argsort(-lengths, kind="stable")
    longest = np.maximum(lengths[order], 1)
    most = budget // longest
    if max_pairs is not None:
        most = np.minimum(most, max_pairs // longest**2)
    if not padded:
        most = np.minimum(most, np.searchsorted(-longest, -longest, "right") - np.arange(len(longest)))
    ends = _cheapest_ends(longest, np.maximum(most, 1), BATCH_COST * budget)
    start = 0
    while start < len(order):
        yield order[start : ends[start]]
        start = ends[start]


def _cheapest_ends(longest: Integers, most: Integers, cost: float) -> list[int]:
    """The end of a batch that begins at each window, for the least sum of positions and of `cost` a batch.

    A batch has as many windows as it may, or a multiple of `GROUP_STEP`.

    Args:
        longest: (windows,) lengths, descending.
        most: (windows,) how many windows a batch beginning there may have.
        cost: fixed cost of a batch, in positions.
    """
    windows = len(longest)
    ahead = np.zeros(windows + 1)  # the least sum from each window to the end
    ends = [0] * windows
    counts = np.arange(1, windows + 1)
    for start in range(windows - 1, -1, -1):
        stop = min(windows, start + int(most[start]))
        taken = counts[: stop - start]
        taken = taken[(taken % GROUP_STEP == 0) | (taken == stop - start)]
        sums = cost + longest[start] * taken + ahead[start + taken]
        best = int(sums.argmin())
        ahead[start], ends[start] = sums[best], start + int(taken[best])
    return ends


@dataclass(frozen=True)
class Batch:
    """What the model reads at once; all (windows, positions), padding on the right."""

    input_ids: Tensor
    attention_mask: Tensor
    token_type_ids: Tensor | None
    places: Places
    """The word that each position holds, for edits of the model's states."""


class Batcher:
    """Turns sentences into an encoder's batches: aligned, cut into windows, gathered by length and padded."""

    def __init__(self, encoder: Encoder, *, segment: int = 0, max_subwords: int | None = None) -> None:
        """Prepare for an encoder.

        Args:
            segment: segment id of every position; 0 leaves them to the tokenizer, which may use several.
            max_subwords: longest input, special tokens counted; None for no limit.
        """
        self._aligner = Aligner(encoder.tokenizer)
        self._segment = segment or None
        self._padding = encoder.tokenizer.pad_token_id or 0
        self._on_card = encoder.device.type != "cpu"
        self._padded = not encoder.peculiarities.feels_padding
        self.specials = self._aligner.specials
        self.capacity = None if max_subwords is None else max_subwords - len(self.specials)
        """Subwords in a window at most, special tokens not counted."""

    def align(self, text: Text) -> Alignment:
        """The subwords of some sentences."""
        return self._aligner(text.words, text.space_after)

    def batches(
        self,
        alignment: Alignment,
        windows: Windows,
        chosen: Integers,
        *,
        first_sentence: int = 0,
        max_pairs: int | None = None,
    ) -> Iterator[tuple[Integers, Batch]]:
        """The chosen windows, longest first, in batches of at most `TOKEN_BUDGET` positions, or `CARD_TOKEN_BUDGET`.

        Args:
            chosen: numbers of windows.
            first_sentence: number of the first sentence in the text, for `Batch.places`.
            max_pairs: pairs of positions in a batch at most.

        Yields:
            the numbers of a batch's windows, and the batch, special tokens around each window.
        """
        words = alignment.first_words
        lengths = windows.lengths[chosen] + len(self.specials)
        budget = CARD_TOKEN_BUDGET if self._on_card else TOKEN_BUDGET
        for group in token_budget_batches(lengths, budget, max_pairs=max_pairs, padded=self._padded):
            yield chosen[group], self._pad(alignment.ids, words, windows, chosen[group], first_sentence)

    def _pad(self, ids: Integers, words: Integers, windows: Windows, chosen: Integers, first_sentence: int) -> Batch:
        specials, segment = self.specials, self._segment
        lengths = windows.lengths[chosen]
        leading, width = len(specials.leading), int(lengths.max()) + len(specials)
        inputs = np.full((len(chosen), width), self._padding, np.int64)
        types = np.full((len(chosen), width), specials.segment if segment is None else segment, np.int64)
        held = np.full((len(chosen), width), NO_WORD, np.int64)
        inputs[:, :leading] = specials.leading
        for row, window in enumerate(chosen):
            place, subwords = (
                slice(leading, leading + lengths[row]),
                slice(windows.starts[window], windows.ends[window]),
            )
            inputs[row, place], held[row, place] = ids[subwords], words[subwords]
        rows = np.arange(len(chosen))
        for position, token in enumerate(specials.trailing):
            inputs[rows, leading + lengths + position] = token
        if segment is None:
            types[:, :leading] = specials.leading_segments
            for position, number in enumerate(specials.trailing_segments):
                types[rows, leading + lengths + position] = number
        mask = np.arange(width) < (lengths + len(specials))[:, None]
        return Batch(
            torch.from_numpy(inputs),
            torch.from_numpy(mask.astype(np.int64)),
            torch.from_numpy(types) if segment is not None or types.any() else None,
            Places(torch.from_numpy(windows.sentences[chosen] + first_sentence), torch.from_numpy(held)),
        )
