"""Word-aligned hidden states, in memory or on disk, read by sentence."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from treeprobe.extraction.alignment import bounds_of
from treeprobe.extraction.report import AlignmentReport


class Shard(Protocol):
    """The states of some consecutive sentences."""

    def read(self, layer: int, rows: Sequence[slice]) -> NDArray[np.float32]:
        """(words, dim) the rows of those slices back to back; rows are words, numbered within the shard."""


class MemoryShard:
    """States held in memory, in float32."""

    def __init__(self, layers: Mapping[int, NDArray[np.float32]]) -> None:
        """Keep the (words, dim) states of each layer, not a copy of them."""
        self._layers = layers

    def read(self, layer: int, rows: Sequence[slice]) -> NDArray[np.float32]:
        """The states of one layer, (words of the rows, dim), as a copy."""
        return np.concatenate([self._layers[layer][one] for one in rows])


@dataclass(frozen=True)
class Layout:
    """What states hold and where each sentence is, known before the first of them is read."""

    identity: Mapping[str, Any]
    """JSON-able record of the checkpoint, its digest and the settings that make these states."""
    layers: tuple[int, ...]
    """Layer numbers, ascending."""
    dim: int
    """Width of a vector."""
    word_bounds: NDArray[np.int64]
    """(sentences + 1,) first word of each sentence, and the number of words."""
    shard_bounds: NDArray[np.int64]
    """(shards + 1,) first sentence of each shard, and the number of sentences."""

    @property
    def shards(self) -> int:
        """How many shards there are."""
        return len(self.shard_bounds) - 1


class States:
    """One vector per word and layer, for every sentence of a text.

    Nothing is read before it is asked for; `read` copies, so what it returns may be changed freely.

    Attributes:
        layers: layer numbers, ascending.
        dim: width of a vector.
        identity: JSON-able record of the checkpoint, its digest and the settings that made these states.
        report: every word and sentence whose alignment was not one to one.
    """

    def __init__(self, shards: Sequence[Shard], layout: Layout, report: AlignmentReport) -> None:
        self._shards = shards
        self._word_bounds, self._shard_bounds = layout.word_bounds, layout.shard_bounds
        self.layers, self.dim, self.identity = layout.layers, layout.dim, dict(layout.identity)
        self.report = report

    def __len__(self) -> int:
        """The number of sentences."""
        return len(self._word_bounds) - 1

    def __repr__(self) -> str:
        name = self.identity.get("checkpoint", {}).get("name", "unknown checkpoint")
        words = int(self._word_bounds[-1])
        return (
            f"States({name}: {len(self)} sentences, {words} words, layers {self.layers[0]} to {self.layers[-1]}, "
            f"dim {self.dim})"
        )

    @property
    def lengths(self) -> NDArray[np.int64]:
        """(sentences,) words in each sentence."""
        return np.diff(self._word_bounds)

    def read(
        self, sentences: Sequence[int] | NDArray[np.integer] | slice, layers: Iterable[int] | None = None
    ) -> NDArray[np.float32]:
        """The words of some sentences, back to back in the order asked for.

        Args:
            sentences: sentence numbers from 0, negative ones from the end, or a slice of them.
            layers: layer numbers; all of them where None.

        Returns:
            (layers, words, dim) float32.

        Raises:
            IndexError: there is no such sentence or layer.
        """
        wanted = self._sentences(sentences)
        layers = self.layers if layers is None else tuple(layers)
        for layer in layers:
            if layer not in self.layers:
                raise IndexError(f"there is no layer {layer}; these states hold {list(self.layers)}")
        starts, ends = self._word_bounds[wanted], self._word_bounds[wanted + 1]
        out = np.empty((len(layers), int((ends - starts).sum()), self.dim), np.float32)
        shards = np.searchsorted(self._shard_bounds, wanted, "right") - 1
        places = bounds_of(ends - starts)
        # Each shard is visited once; within it, sentences are read in the order asked for.
        order = np.argsort(shards, kind="stable")
        for sentences_of_one in np.split(order, np.flatnonzero(np.diff(shards[order])) + 1):
            if not len(sentences_of_one):
                continue
            shard = int(shards[sentences_of_one[0]])
            origin = self._word_bounds[self._shard_bounds[shard]]
            rows = _merge(starts[sentences_of_one] - origin, ends[sentences_of_one] - origin)
            place = _words_of(sentences_of_one, places)
            for row, layer in enumerate(layers):
                out[row, place] = self._shards[shard].read(layer, rows)
        return out

    def sentence(self, i: int, layer: int) -> NDArray[np.float32]:
        """(words, dim) float32 of sentence `i`."""
        return self.read([i], [layer])[0]

    def _sentences(self, sentences: Sequence[int] | NDArray[np.integer] | slice) -> NDArray[np.int64]:
        if isinstance(sentences, slice):
            return np.arange(len(self), dtype=np.int64)[sentences]
        wanted = np.asarray(sentences, dtype=np.int64).reshape(-1)
        if len(wanted) and (wanted.min() < -len(self) or wanted.max() >= len(self)):
            raise IndexError(f"sentences must lie in 0 to {len(self) - 1}, found {wanted.min()} to {wanted.max()}")
        return np.where(wanted < 0, wanted + len(self), wanted)


def _words_of(sentences: NDArray[np.int64], bounds: NDArray[np.int64]) -> slice | NDArray[np.int64]:
    """The places of some sentences' words, given where each sentence begins; a slice where they are neighbours."""
    if sentences[-1] - sentences[0] == len(sentences) - 1:
        return slice(bounds[sentences[0]], bounds[sentences[-1] + 1])
    return np.concatenate([np.arange(bounds[each], bounds[each + 1]) for each in sentences])


def _merge(starts: NDArray[np.int64], ends: NDArray[np.int64]) -> list[slice]:
    """The slices from `starts` to `ends` in the same order, adjacent ones joined."""
    heads = np.concatenate([[True], starts[1:] != ends[:-1]])
    tails = np.concatenate([heads[1:], [True]])
    return [slice(int(start), int(end)) for start, end in zip(starts[heads], ends[tails])]
