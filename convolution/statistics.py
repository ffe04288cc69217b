"""Attention of a treebank by relative offset, summed batch by batch in memory of fixed size."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

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
    """Adds batches of attention up to an `OffsetStatistics`; memory does not grow with the treebank."""

    def __init__(self) -> None:
        self._offsets = OffsetSums()
        self._specials = self._special_rows = self._entropy = np.zeros(0)
        self._borders = np.zeros((0, 0), np.int64)
        self._shape: tuple[int, ...] = ()
        self._sentences = 0

    @property
    def nbytes(self) -> int:
        """Bytes that the sums take."""
        arrays = (self._offsets.values, self._specials, self._special_rows, self._entropy, self._borders)
        return sum(array.nbytes for array in arrays)

    def update(self, batch: AttentionBatch) -> None:
        """Add a batch of `stream_attention`.

        Raises:
            ValueError: it differs from earlier batches in layers, heads or special positions.
        """
        layers, _, heads, _, _ = batch.attention.shape
        specials = batch.leading + batch.trailing
        self._start(layers, heads, batch.leading, specials)
        longest = int(batch.lengths.max(initial=0))
        missing = max(longest - len(self._borders), 0)
        self._borders = np.pad(self._borders, (0, missing))
        # float64: shares are ratios of small differences between these sums.
        between = torch.zeros(layers, heads, longest, longest, dtype=torch.float64)
        to_specials = torch.zeros(layers, heads, specials, dtype=torch.float64)
        special_rows = torch.zeros(layers, heads, specials, specials, dtype=torch.float64)
        entropy = torch.zeros(layers, heads, dtype=torch.float64)
        for sentence, length in enumerate(batch.lengths.tolist()):
            attention = batch.attention[:, sentence]
            words = slice(batch.leading, batch.leading + length)
            special = [*range(batch.leading), *range(words.stop, words.stop + batch.trailing)]
            queries = attention[:, :, words, : length + specials]
            between[:, :, :length, :length] += queries[..., words]
            to_specials += queries[..., special].sum(dim=2, dtype=torch.float64)
            special_rows += attention[:, :, special][..., special]
            entropy += torch.special.entr(queries).sum(dim=(2, 3), dtype=torch.float64)
            self._count(attention[0, 0, words, : length + specials].sum(-1) > 0.5)
        self._offsets.add(between)
        self._specials += to_specials.numpy()
        self._special_rows += special_rows.numpy()
        self._entropy += entropy.numpy()
        self._sentences += len(batch.lengths)

    def result(self) -> OffsetStatistics:
        """The sums so far.

        Raises:
            ValueError: there are none.
        """
        if not self._sentences:
            raise ValueError("no attention to fit kernels to; expected a sentence that is short enough for the model")
        left, right = np.nonzero(self._borders)
        return OffsetStatistics(
            span=self._offsets.span,
            offsets=self._offsets.values,
            specials=self._specials,
            special_rows=self._special_rows / self._sentences,
            entropy=self._entropy,
            borders=np.stack([left, right, self._borders[left, right]], axis=1),
            leading=self._shape[2],
        )

    def _start(self, *shape: int) -> None:
        """Make room at the first batch; refuse a later one of another shape."""
        if self._shape not in ((), shape):
            raise ValueError(f"batches differ: (layers, heads, leading, specials) {self._shape}, then {shape}")
        if self._shape:
            return
        self._shape = shape
        layers, heads, _, specials = shape
        self._offsets = OffsetSums(layers, heads)
        self._specials = np.zeros((layers, heads, specials))
        self._special_rows = np.zeros((layers, heads, specials, specials))
        self._entropy = np.zeros((layers, heads))

    def _count(self, is_query: Tensor) -> None:
        """Count a sentence's queries by the words to their left and right; `is_query` is (words,)."""
        # A word without subwords has a row of zeros: it is no query.
        place = np.flatnonzero(is_query.numpy())
        np.add.at(self._borders, (place, len(is_query) - 1 - place), 1)


def measure_offsets(batches: Iterable[AttentionBatch]) -> OffsetStatistics:
    """The statistics of a whole stream of attention, between words or between subwords.

    Raises:
        ValueError: the stream is empty, or its batches differ in layers, heads or special positions.
    """
    tally = OffsetTally()
    for batch in batches:
        tally.update(batch)
    return tally.result()
