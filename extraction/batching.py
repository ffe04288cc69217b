"""Subwords cut into windows that the model can take, and windows gathered into batches of similar length."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from treeprobe.extraction.alignment import Alignment, Integers, SpecialTokens

BATCH_COST = 1 / 16
"""What a batch costs beyond its positions, as a share of the budget: kernels are called however little they compute.
On two cores MiniLM's call costs as much as some 30 positions in float32 and 75 in bfloat16, of a budget of 1024."""

GROUP_STEP = 8
"""A batch that could be larger has a multiple of so many windows: matrix libraries keep a plan for each shape that they
meet, so batches of any size would let memory grow with the text."""


@dataclass(frozen=True)
class Windows:
    """Stretches of subwords that go through the model, and which of them each subword of a link is read from.

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


def token_budget_batches(lengths: Integers, budget: int, *, squares: int | None = None) -> Iterator[Integers]:
    """Groups of windows sorted by length, longest first, of at most `budget` positions with padding counted.

    A group is as large as it can be where it begins, or a multiple of `GROUP_STEP`. Of all ways to cut the sorted
    windows into such groups, the one with the least padding, where a further group counts as much as `BATCH_COST` of
    the budget. A window longer than the budget is a group by itself. Where `squares` is given, a group has at most so
    many pairs of positions too.
    """
    order = np.argsort(-lengths, kind="stable")
    longest = np.maximum(lengths[order], 1)
    most = budget // longest
    if squares is not None:
        most = np.minimum(most, squares // longest**2)
    ends = _cheapest_ends(longest, np.maximum(most, 1), BATCH_COST * budget)
    start = 0
    while start < len(order):
        yield order[start : ends[start]]
        start = ends[start]


def _cheapest_ends(longest: Integers, most: Integers, cost: float) -> list[int]:
    """Where a group that begins at each window ends, for the least sum of positions and of `cost` a group.

    A group has as many windows as it may, or a multiple of `GROUP_STEP`.

    Args:
        longest: (windows,) lengths, descending; most: (windows,) windows that a group beginning there may have.
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


def make_batch(
    ids: Integers,
    windows: Windows,
    chosen: Integers,
    specials: SpecialTokens,
    *,
    segments: int | None,
    padding: int = 0,
) -> Batch:
    """Pad the chosen windows, special tokens around each, into one batch.

    Args:
        segments: segment id of every position; the tokenizer's own where None and the tokenizer uses any but 0.
        padding: vocabulary entry that stands at padding.
    """
    lengths = windows.lengths[chosen]
    leading, width = len(specials.leading), int(lengths.max()) + len(specials)
    inputs = np.full((len(chosen), width), padding, np.int64)
    types = np.full((len(chosen), width), specials.segment if segments is None else segments, np.int64)
    inputs[:, :leading] = specials.leading
    for row, window in enumerate(chosen):
        inputs[row, leading : leading + lengths[row]] = ids[windows.starts[window] : windows.ends[window]]
    rows = np.arange(len(chosen))
    for position, token in enumerate(specials.trailing):
        inputs[rows, leading + lengths + position] = token
    if segments is None:
        types[:, :leading] = specials.leading_segments
        for position, segment in enumerate(specials.trailing_segments):
            types[rows, leading + lengths + position] = segment
    mask = np.arange(width) < (lengths + len(specials))[:, None]
    return Batch(
        torch.from_numpy(inputs),
        torch.from_numpy(mask.astype(np.int64)),
        torch.from_numpy(types) if segments is not None or types.any() else None,
    )
