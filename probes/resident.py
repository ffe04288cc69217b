"""Examples held on a device for a whole training: read once, instead of once an epoch.

Their vectors stay there in the number format in which they are stored, and are widened batch by batch. A batch is put
together on the device, from a layout that is made for many batches at once (`layouts`): each operation takes longer to
begin than to do on the few words of a batch.
"""

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from treeprobe.devices import has_room, moved
from treeprobe.overlap import made_ahead
from treeprobe.probes.data import Batch, Examples
from treeprobe.probes.layouts import LaidOut
from treeprobe.probes.states import States, read_stored
from treeprobe.probes.targets import Quantity

READ_SENTENCES = 64
"""Sentences that are read at once on the way to the device."""

LAID_OUT = 256
"""Batches whose layout is made at once."""


def stored_format(states: States) -> torch.dtype:
    """The number format that the vectors were stored in, which holds them exactly; float32 where they do not say."""
    name = getattr(states, "identity", {}).get("settings", {}).get("storage", "float32")
    return {"float16": torch.float16, "bfloat16": torch.bfloat16}.get(name, torch.float32)


def held_on(data: Examples, *, layers: Sequence[int], device: torch.device) -> Examples:
    """The examples held on a card, where one is asked for and has room for them; else as they are."""
    words = int(data.lengths.sum())
    size = len(layers) * words * data.states.dim * stored_format(data.states).itemsize
    size += sum(packed.flat.nbytes for packed in data.gold.values())
    if device.type == "cpu" or not has_room(torch, device, size):
        return data
    return ResidentExamples.read(data, layers=layers, device=device)


@dataclass(frozen=True)
class ResidentExamples(Examples):
    """Examples whose vectors and gold values are on a device.

    Attributes:
        layers: the layers that are held, ascending.
        vectors: (layers, words, dim), in the format in which they are stored.
        values: each quantity's gold values, flat, sentence after sentence.
        words: words of each sentence, (sentences,).
        starts: first word of each sentence, (sentences,).
        pair_starts: first pair of each sentence, (sentences,).
        place: numbers from 0, as many as the longest sentence has words.
    """

    layers: tuple[int, ...]
    vectors: Tensor
    values: Mapping[Quantity, Tensor]
    words: Tensor
    starts: Tensor
    pair_starts: Tensor
    place: Tensor

    @classmethod
    def read(cls, data: Examples, *, layers: Sequence[int], device: torch.device) -> "ResidentExamples":
        """Read some layers of all sentences, by several threads at once."""
        held, lengths = tuple(sorted(layers)), data.lengths
        ends, longest = np.cumsum(lengths), int(lengths.max())
        number = stored_format(data.states)
        vectors = torch.empty(len(held), int(ends[-1]), data.states.dim, dtype=number, device=device)
        parts = np.array_split(np.arange(len(lengths)), -(-len(lengths) // READ_SENTENCES))

        def read(part: NDArray[np.int64]) -> Tensor:
            return _read_part(data.states, part, held, number, device)

        for part, found in zip(parts, made_ahead(read, parts, threads=min(8, os.cpu_count() or 1))):
            vectors[:, ends[part[0]] - lengths[part[0]] : ends[part[-1]]] = found

        def sent(values: NDArray[Any]) -> Tensor:
            return torch.from_numpy(values).to(device)

        return cls(
            data.states,
            data.gold,
            lengths,
            held,
            vectors,
            # Distances are read for padding too: up to a longest sentence beyond the last that is there.
            {
                quantity: sent(np.pad(packed.flat, (0, longest**2)) if quantity == "distance" else packed.flat)
                for quantity, packed in data.gold.items()
            },
            sent(lengths),
            sent(ends - lengths),
            sent(np.cumsum(lengths**2) - lengths**2),
            torch.arange(longest, device=device),
        )

    def batches(
        self, order: Sequence[NDArray[np.int64]], *, layers: Sequence[int], device: torch.device
    ) -> Iterator[Batch]:
        """The batches of `order`, sentences sorted by length, on some of the layers held."""
        places = [self.layers.index(layer) for layer in layers]
        first = places[0] if places else 0
        vectors = self.vectors[first : first + len(places)]
        if places != list(range(first, first + len(places))):
            vectors = self.vectors[places]
        for begin in range(0, len(order), LAID_OUT):
            some = order[begin : begin + LAID_OUT]
            laid = LaidOut.of(some, self.lengths, self.words, self.starts, self.pair_starts)
            packed: dict[Quantity, Tensor] = {
                name: values[laid.rows].float() for name, values in self.values.items() if name != "distance"
            }
            yield from self._batches(some, laid, tuple(layers), vectors, packed)

    def _batches(
        self,
        order: Sequence[NDArray[np.int64]],
        laid: LaidOut,
        layers: tuple[int, ...],
        vectors: Tensor,
        packed: Mapping[Quantity, Tensor],
    ) -> Iterator[Batch]:
        for number, sentences in enumerate(order):
            here, groups = laid.words_of[number], laid.groups(number)
            gold: dict[Quantity, Any] = {name: values[here] for name, values in packed.items()}
            if "distance" in self.values:
                gold["distance"] = [self._distances(pairs) for _, pairs in groups]
            words = vectors.index_select(1, laid.rows[here]).float()
            yield Batch(sentences, layers, words, laid.row_weights[here], tuple(group for group, _ in groups), gold)

    def _distances(self, pairs: Tensor) -> Tensor:
        """Distances of a group, padded, (sentences, words, words); at padding, those of other words."""
        place = self.place[: pairs.shape[1]]
        return self.values["distance"].take(pairs[:, :, None] + place).float()


def _read_part(
    states: States, sentences: NDArray[np.int64], layers: Sequence[int], number: torch.dtype, device: torch.device
) -> Tensor:
    """The words of neighbouring sentences on the device, (layers, words, dim), in the format in which they are held."""
    return moved(read_stored(states, sentences, layers).to(number), device)
