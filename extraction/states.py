"""Word-aligned hidden states, in memory or on disk, read by sentence."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

import numpy as np
import torch
from numpy.typing import NDArray

from treeprobe.extraction.alignment import bounds_of
from treeprobe.extraction.report import AlignmentReport

Piece = tuple[slice, int]
"""Consecutive rows of a shard, which are words numbered within it, and where the first of them goes."""


class Run(NamedTuple):
    """Rows of a batch whose words follow each other in a shard."""

    row: int
    """The first of the rows."""
    length: int
    word: int
    """Its word, numbered within the shard."""


class Shard(Protocol):
    """The states of some consecutive sentences."""

    dtype: np.dtype[Any]
    """Number format that the states are kept in; bfloat16, which numpy lacks, is uint16, its bits."""

    def read_into(self, out: NDArray[Any], layer: int, pieces: Sequence[Piece]) -> None:
        """Copy rows of one layer to their places in `out`, (words, dim) of the shard's format."""


class MemoryShard:
    """States held in memory, in the number format in which they are stored."""

    def __init__(self, layers: Sequence[int], states: NDArray[Any]) -> None:
        """Keep the (layers, words, dim) states, not a copy of them; bfloat16 as uint16, its bits."""
        self.dtype = states.dtype
        self._layers = dict(zip(layers, states, strict=True))

    def read_into(self, out: NDArray[Any], layer: int, pieces: Sequence[Piece]) -> None:
        """Copy rows of one layer to their places in `out`, (words, dim)."""
        copy_pieces(self._layers[layer], out, pieces)


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

    @property
    def shard_words(self) -> NDArray[np.int64]:
        """(shards + 1,) first word of each shard, and the number of words."""
        return self.word_bounds[self.shard_bounds]

    def runs(self, words: NDArray[np.int64]) -> dict[int, list[Run]]:
        """Where the rows of some words go: by shard, the runs of words that follow each other within it.

        Args:
            words: (rows,) number of each row's word.
        """
        firsts = self.shard_words
        shards = np.searchsorted(firsts, words, "right") - 1
        begins = np.flatnonzero((np.diff(words, prepend=-2) != 1) | (np.diff(shards, prepend=-1) != 0))
        found: dict[int, list[Run]] = {}
        for row, stop in zip(begins.tolist(), [*begins[1:].tolist(), len(words)]):
            shard = int(shards[row])
            found.setdefault(shard, []).append(Run(row, stop - row, int(words[row] - firsts[shard])))
        return found


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
        self._dtype = shards[0].dtype if shards else np.dtype(np.float32)
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
        # torch widens half precision several times faster than numpy, and has bfloat16.
        return self.read_stored(sentences, layers).float().numpy()

    def read_stored(
        self, sentences: Sequence[int] | NDArray[np.integer] | slice, layers: Iterable[int] | None = None
    ) -> torch.Tensor:
        """What `read` returns, in the number format in which it is stored, (layers, words, dim)."""
        wanted = self._sentences(sentences)
        layers = self.layers if layers is None else tuple(layers)
        for layer in layers:
            if layer not in self.layers:
                raise IndexError(f"there is no layer {layer}; these states hold {list(self.layers)}")
        starts, ends = self._word_bounds[wanted], self._word_bounds[wanted + 1]
        places = bounds_of(ends - starts)
        shards = np.searchsorted(self._shard_bounds, wanted, "right") - 1
        raw = np.empty((len(layers), int(places[-1]), self.dim), self._dtype)
        # Each shard is visited once; within it, sentences are read in the order asked for.
        order = np.argsort(shards, kind="stable")
        for among in np.split(order, np.flatnonzero(np.diff(shards[order])) + 1):
            if not len(among):
                continue
            shard = int(shards[among[0]])
            origin = self._word_bounds[self._shard_bounds[shard]]
            pieces = _merge(starts[among] - origin, ends[among] - origin, places[among])
            for out, layer in zip(raw, layers):
                self._shards[shard].read_into(out, layer, pieces)
        numbers = torch.from_numpy(raw)
        return numbers.view(torch.bfloat16) if raw.dtype == np.uint16 else numbers

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


def copy_pieces(states: NDArray[Any], out: NDArray[Any], pieces: Sequence[Piece]) -> None:
    """Copy rows of `states` to their places in `out`."""
    for rows, place in pieces:
        out[place : place + rows.stop - rows.start] = states[rows]


def _merge(starts: NDArray[np.int64], ends: NDArray[np.int64], places: NDArray[np.int64]) -> list[Piece]:
    """The rows from `starts` to `ends` and their places in the same order; neighbours in both are joined."""
    heads = np.concatenate([[True], (starts[1:] != ends[:-1]) | (np.diff(places - starts) != 0)])
    tails = np.concatenate([heads[1:], [True]])
    joined = zip(starts[heads].tolist(), ends[tails].tolist(), places[heads].tolist())
    return [(slice(start, end), place) for start, end, place in joined]
