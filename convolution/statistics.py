"""What a treebank's attention says about relative offsets, summed batch by batch in memory of fixed size."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from treeprobe.extraction import AttentionBatch
from treeprobe.extraction.diagonals import diagonal_sums

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]


@dataclass(frozen=True)
class OffsetStatistics:
    """Sums over every word (or subword) of a treebank as a query, for each layer and head.

    They are sufficient for the maximum-likelihood fit of any kernel over relative offsets: see `kernels`.
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
    """(places, 3): how many queries (third column) have so many words to their left and to their right."""
    leading: int
    """How many of the special positions stand before the first word; the others follow the last."""

    @property
    def queries(self) -> int:
        """How many words asked."""
        return int(self.borders[:, 2].sum())

    @property
    def causal(self) -> bool:
        """Whether no query ever looks to its right, as in a decoder."""
        return bool(self.span > 0 and self.offsets[..., self.span + 1 :].max(initial=0.0) == 0.0)


class OffsetTally:
    """Adds batches of attention up to an `OffsetStatistics`; holds nothing that grows with the treebank."""

    def __init__(self) -> None:
        self._offsets = self._specials = self._special_rows = self._entropy = np.zeros(0)
        self._places = np.zeros((0, 0), np.int64)
        self._shape: tuple[int, ...] = ()
        self._sentences = 0

    def update(self, batch: AttentionBatch) -> None:
        """Take one batch of `stream_attention` in."""
        layers, _, heads, _, _ = batch.attention.shape
        specials = batch.leading + batch.trailing
        self._start(layers, heads, batch.leading, specials)
        longest = int(batch.lengths.max(initial=0))
        self._grow(longest)
        # float64: shares are ratios of small differences between these sums.
        square = torch.zeros(layers, heads, longest, longest, dtype=torch.float64)
        columns = torch.zeros(layers, heads, specials, dtype=torch.float64)
        rows = torch.zeros(layers, heads, specials, specials, dtype=torch.float64)
        entropy = torch.zeros(layers, heads, dtype=torch.float64)
        for sentence, length in enumerate(batch.lengths.tolist()):
            attention = batch.attention[:, sentence]
            words = slice(batch.leading, batch.leading + length)
            around = _specials(batch, length)
            asked = attention[:, :, words, : length + specials]
            square[:, :, :length, :length] += asked[..., words]
            columns += asked[..., around].sum(dim=2, dtype=torch.float64)
            rows += attention[:, :, around][..., around]
            entropy += torch.special.entr(asked).sum(dim=(2, 3), dtype=torch.float64)
            self._count(attention[0, 0, words, : length + specials].sum(-1) > 0.5)
        middle = (self._offsets.shape[-1] - 1) // 2
        self._offsets[..., middle - longest + 1 : middle + longest] += diagonal_sums(square).numpy()
        self._specials += columns.numpy()
        self._special_rows += rows.numpy()
        self._entropy += entropy.numpy()
        self._sentences += len(batch.lengths)

    def result(self) -> OffsetStatistics:
        """The sums so far; `ValueError` where there are none."""
        if not self._sentences:
            raise ValueError("no attention to fit kernels to; expected a sentence that is short enough for the model")
        left, right = np.nonzero(self._places)
        borders = np.stack([left, right, self._places[left, right]], axis=1)
        return OffsetStatistics(
            span=len(self._places) - 1,
            offsets=self._offsets,
            specials=self._specials,
            special_rows=self._special_rows / self._sentences,
            entropy=self._entropy,
            borders=borders,
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
        self._offsets = np.zeros((layers, heads, 1))
        self._specials = np.zeros((layers, heads, specials))
        self._special_rows = np.zeros((layers, heads, specials, specials))
        self._entropy = np.zeros((layers, heads))

    def _grow(self, longest: int) -> None:
        """Make room for sentences of so many words."""
        missing = longest - len(self._places)
        if missing > 0:
            self._places = np.pad(self._places, (0, missing))
            wider = longest - 1 - (self._offsets.shape[-1] - 1) // 2
            self._offsets = np.pad(self._offsets, ((0, 0), (0, 0), (wider, wider)))

    def _count(self, asked: Tensor) -> None:
        """Count the places of a sentence's words, (words,), that ask."""
        # A word without subwords has a row of zeros: it asks nothing.
        place = np.flatnonzero(asked.numpy())
        np.add.at(self._places, (place, len(asked) - 1 - place), 1)


def measure_offsets(batches: Iterable[AttentionBatch]) -> OffsetStatistics:
    """Statistics of offsets of a whole stream of attention, of words or of subwords.

    Raises ValueError when the stream is empty, or its batches differ in layers, heads or special positions.
    """
    tally = OffsetTally()
    for batch in batches:
        tally.update(batch)
    return tally.result()


def _specials(batch: AttentionBatch, length: int) -> list[int]:
    """Where the special positions of a sentence of so many words stand."""
    after = batch.leading + length
    return [*range(batch.leading), *range(after, after + batch.trailing)]
