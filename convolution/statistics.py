"""Attention of a treebank by relative offset, summed batch by batch in memory of fixed size."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from treeprobe.devices import moved
from treeprobe.extraction import AttentionBatch
from treeprobe.extraction.diagonals import OffsetSums

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]


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
        queries_of = torch.zeros(len(batch.lengths), longest, dtype=torch.bool, device=between.device)
        for sentence, length in enumerate(batch.lengths.tolist()):
            attention = batch.attention[:, sentence]
            words = slice(batch.leading, batch.leading + length)
            queries = attention[:, :, words, : length + specials]
            between[:, :, :length, :length] += queries[..., words]
            self._specials += _ends(queries, batch).sum(dim=2, dtype=torch.float64)
            whole = attention[:, :, : length + specials, : length + specials]
            self._special_rows += _ends(_ends(whole, batch).mT, batch).mT
            self._entropy += torch.special.entr(queries).sum(dim=(2, 3), dtype=torch.float64)
            queries_of[sentence, :length] = queries[0, 0].sum(-1) > 0.5
        self._offsets.add(between)
        self._count(queries_of, batch)
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

    def _count(self, is_query: Tensor, batch: AttentionBatch) -> None:
        """Count queries by the words to their left and right; `is_query` is (sentences, words), false at padding."""
        # A word without subwords has a row of zeros: it is no query.
        lengths = moved(torch.from_numpy(np.asarray(batch.lengths, dtype=np.int64)), is_query.device)
        left = torch.arange(is_query.shape[1], device=is_query.device).expand_as(is_query)
        right = (lengths[:, None] - 1 - left).clamp_(min=0)  # at padding any place will do
        self._borders.index_put_((left, right), is_query.long(), accumulate=True)


def _ends(attention: Tensor, batch: AttentionBatch) -> Tensor:
    """The special positions at both ends of the last axis, which holds one sentence without padding."""
    size = attention.shape[-1]
    return torch.cat([attention[..., : batch.leading], attention[..., size - batch.trailing :]], dim=-1)


def measure_offsets(batches: Iterable[AttentionBatch]) -> OffsetStatistics:
    """The statistics of a whole stream of attention, between words or between subwords.

    Raises:
        ValueError: the stream is empty, or its batches differ in layers, heads or special positions.
    """
    tally = OffsetTally()
    for batch in batches:
        tally.update(batch)
    return tally.result()
