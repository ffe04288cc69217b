"""Attention of a treebank by relative offset, summed batch by batch in memory of fixed size."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from treeprobe.devices import moved
from treeprobe.extraction import AttentionBatch
from treeprobe.extraction.diagonals import OffsetSums
from treeprobe.extraction.entropy import entropies

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

PART_NUMBERS = 1 << 20
"""Attention probabilities that are summed at once on a CPU: as many as its caches hold."""
CARD_PART_NUMBERS = 1 << 27
"""The same on a card, where each operation takes longer to begin than to do: 512 MiB, and as much again twice."""


@dataclass(frozen=True)
class OffsetStatistics:
    """Sums over every word (or subword) of a treebank as a query, for each layer and head.

    They are sufficient for the maximum-likelihood fit of any kernel over relative offsets (see `fitting`).
    """

    span: int
    """The longest sentence less one: offsets run from −span to span, an offset being key minus query."""
    offsets: Floats
    """(layers, heads, 2·span + 1) attention at each offset, summed over queries."""
    specials: Floats
    """(layers, heads, specials) attention from words to each special position ([CLS], [SEP]), summed over queries."""
    special_rows: Floats
    """(layers, heads, specials, specials) attention between special positions, averaged over sentences."""
    entropy: Floats
    """(layers, heads) entropy of a query's attention in nats, summed over queries."""
    borders: Integers
    """(contexts, 3): words to the left and to the right of a query, and the number of queries with so many."""
    leading: int
    """Special positions before the first word; the others follow the last."""

    @property
    def queries(self) -> int:
        """The number of queries."""
        return int(self.borders[:, 2].sum())

    @property
    def causal(self) -> bool:
        """Whether no query ever attends to its right, as in a decoder."""
        return bool(self.span > 0 and self.offsets[..., self.span + 1 :].max(initial=0.0) == 0.0)


class OffsetTally:
    """Adds batches of attention up to an `OffsetStatistics`; memory does not grow with the treebank.

    Sums are kept where the attention is, on a card too, until `result` asks for them.
    """

    def __init__(self) -> None:
        self._offsets = OffsetSums()
        self._specials = self._special_rows = self._entropy = self._borders = torch.zeros(0)
        self._shape: tuple[int, ...] = ()
        self._sentences = 0

    @property
    def nbytes(self) -> int:
        """Bytes that the sums take."""
        arrays = (self._offsets.values, self._specials, self._special_rows, self._entropy, self._borders)
        return sum(int(array.nbytes) for array in arrays)

    def update(self, batch: AttentionBatch) -> None:
        """Add a batch of `stream_attention`.

        Raises:
            ValueError: it differs from earlier batches in layers, heads or special positions.
        """
        layers, _, heads, _, _ = batch.attention.shape
        specials = batch.leading + batch.trailing
        self._start(layers, heads, batch.leading, specials, device=batch.attention.device)
        longest = int(batch.lengths.max(initial=0))
        missing = max(longest - len(self._borders), 0)
        self._borders = torch.nn.functional.pad(self._borders, (0, missing, 0, missing))
        # float64: shares are ratios of small differences between these sums.
        between = self._entropy.new_zeros(layers, heads, longest, longest)
        for part in _parts(batch):
            words, sums = part.words, part.attention[..., part.words, part.words]
            size = words.stop - words.start
            between[..., :size, :size] += (sums * part.pairs).sum(1, dtype=torch.float64)
            ends = part.attention.gather(-1, part.specials(to=-1))
            self._specials += torch.einsum("lshqe,sq->lhe", ends[:, :, :, words].double(), part.is_word)
            self._special_rows += ends.gather(-2, part.specials(to=-2)).sum(1, dtype=torch.float64)
            by_query = entropies(part.attention[:, :, :, words]).double()
            self._entropy += torch.einsum("lshq,sq->lh", by_query, part.is_word)
            self._count(part)
        self._offsets.add(between)
        self._sentences += len(batch.lengths)

    def result(self) -> OffsetStatistics:
        """The sums so far.

        Raises:
            ValueError: there are none.
        """
        if not self._sentences:
            raise ValueError("no attention to fit kernels to; expected a sentence that is short enough for the model")
        borders = self._borders.cpu().numpy()
        left, right = np.nonzero(borders)
        return OffsetStatistics(
            span=self._offsets.span,
            offsets=self._offsets.values,
            specials=self._specials.cpu().numpy(),
            special_rows=self._special_rows.cpu().numpy() / self._sentences,
            entropy=self._entropy.cpu().numpy(),
            borders=np.stack([left, right, borders[left, right]], axis=1),
            leading=self._shape[2],
        )

    def _start(self, *shape: int, device: torch.device) -> None:
        """Make room at the first batch; refuse a later one of another shape."""
        if self._shape not in ((), shape):
            raise ValueError(f"batches differ: (layers, heads, leading, specials) {self._shape}, then {shape}")
        if self._shape:
            return
        self._shape = shape
        layers, heads, _, specials = shape
        self._offsets = OffsetSums(layers, heads)
        self._entropy = torch.zeros(layers, heads, dtype=torch.float64, device=device)
        self._specials = self._entropy.new_zeros(layers, heads, specials)
        self._special_rows = self._entropy.new_zeros(layers, heads, specials, specials)
        self._borders = torch.zeros(0, 0, dtype=torch.int64, device=device)

    def _count(self, part: "_Part") -> None:
        """Count queries by the words to their left and right."""
        # A word without subwords has a row of zeros: it is no query.
        sums = part.attention[0, :, 0, part.words].sum(-1) * part.is_word
        left = torch.arange(sums.shape[1], device=sums.device).expand_as(sums)
        right = (part.lengths[:, None] - 1 - left).clamp_(min=0)  # at padding any place will do
        self._borders.index_put_((left, right), (sums > 0.5).long(), accumulate=True)


@dataclass(frozen=True)
class _Part:
    """Some sentences of a batch, cut to the longest of them."""

    attention: Tensor
    """(layers, sentences, heads, positions, positions)"""
    words: slice
    """Positions of the longest sentence's words."""
    lengths: Tensor
    """(sentences,)"""
    is_word: Tensor
    """(sentences, words) float64: 1 at words, 0 at padding."""
    pairs: Tensor
    """(sentences, 1, words, words) float32: 1 at pairs of words, 0 at padding."""
    ends: Tensor
    """(sentences, specials) positions of the special tokens."""

    def specials(self, *, to: int) -> Tensor:
        """Their positions as an index of attention, along its last axis, or of what that gathers, along the last but
        one."""
        layers, sentences, heads, positions, _ = self.attention.shape
        count = self.ends.shape[1]
        if to == -1:
            return self.ends[None, :, None, None].expand(layers, sentences, heads, positions, count)
        return self.ends[None, :, None, :, None].expand(layers, sentences, heads, count, count)


def _parts(batch: AttentionBatch) -> Iterator[_Part]:
    """The batch in parts of neighbouring sentences, as many at once as the device has fast memory for."""
    device, (layers, _, heads, width, _) = batch.attention.device, batch.attention.shape
    most = (PART_NUMBERS if device.type == "cpu" else CARD_PART_NUMBERS) // (layers * heads * width**2)
    lengths = np.asarray(batch.lengths, dtype=np.int64)
    for first in range(0, len(lengths), max(1, most)):
        ours = lengths[first : first + max(1, most)]
        longest = int(ours.max())
        specials = np.tile(np.arange(batch.leading), (len(ours), 1)), ours[:, None] + batch.leading
        ends = np.concatenate([specials[0], specials[1] + np.arange(batch.trailing)], axis=1)
        counts, positions = (moved(torch.from_numpy(each), device) for each in (ours, ends))
        is_word = (torch.arange(longest, device=device) < counts[:, None]).double()
        size = longest + batch.leading + batch.trailing
        yield _Part(
            batch.attention[:, first : first + len(ours), :, :size, :size],
            slice(batch.leading, batch.leading + longest),
            counts,
            is_word,
            (is_word[:, None, :, None] * is_word[:, None, None, :]).float(),
            positions,
        )


def measure_offsets(batches: Iterable[AttentionBatch]) -> OffsetStatistics:
    """The statistics of a whole stream of attention, between words or between subwords.

    Raises:
        ValueError: the stream is empty, or its batches differ in layers, heads or special positions.
    """
    tally = OffsetTally()
    for batch in batches:
        tally.update(batch)
    return tally.result()
