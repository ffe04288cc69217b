"""Examples held on a device for a whole training: read once, instead of once an epoch.

Their vectors stay there in the number format in which they are stored, and are widened batch by batch. A batch is put
together on the device: all that a step needs from the processor is the numbers of its sentences, sent ahead for the
whole epoch, and lengths, which the processor knows and so never has to ask for.
"""

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from treeprobe.devices import has_room, moved
from treeprobe.probes.data import GROUP_SENTENCES, Batch, Examples, Group, read_ahead
from treeprobe.probes.states import States
from treeprobe.probes.targets import Quantity

READ_SENTENCES = 256
"""Sentences that are read at once on the way to the device."""


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
    """

    layers: tuple[int, ...]
    vectors: Tensor
    values: Mapping[Quantity, Tensor]
    words: Tensor
    starts: Tensor
    pair_starts: Tensor

    @classmethod
    def read(cls, data: Examples, *, layers: Sequence[int], device: torch.device) -> "ResidentExamples":
        """Read some layers of all sentences, by several threads at once."""
        held, lengths = tuple(sorted(layers)), data.lengths
        ends = np.cumsum(lengths)
        number = stored_format(data.states)
        vectors = torch.empty(len(held), int(ends[-1]), data.states.dim, dtype=number, device=device)
        parts = np.array_split(np.arange(len(lengths)), -(-len(lengths) // READ_SENTENCES))
        jobs = (partial(_read_part, data.states, part, held, number) for part in parts)
        for part, found in zip(parts, read_ahead(jobs, threads=min(8, os.cpu_count() or 1))):
            vectors[:, ends[part[0]] - lengths[part[0]] : ends[part[-1]]] = moved(found, device)

        def sent(values: NDArray[Any]) -> Tensor:
            return torch.from_numpy(values).to(device)

        return cls(
            data.states,
            data.gold,
            lengths,
            held,
            vectors,
            {quantity: sent(packed.flat) for quantity, packed in data.gold.items()},
            sent(lengths),
            sent(ends - lengths),
            sent(np.cumsum(lengths**2) - lengths**2),
        )

    def batches(
        self, order: Sequence[NDArray[np.int64]], *, layers: Sequence[int], device: torch.device
    ) -> Iterator[Batch]:
        """The batches of `order`, sentences sorted by length, on some of the layers held."""
        if not len(order):
            return
        sentences = moved(torch.from_numpy(np.concatenate(order)), device)
        places = [self.layers.index(layer) for layer in layers]
        first, end = places[0], places[0] + len(places)
        vectors = self.vectors[first:end] if places == list(range(first, end)) else self.vectors[places]
        begin = 0
        for numbers in order:
            here = sentences[begin : begin + len(numbers)]
            begin += len(numbers)
            yield self._batch(numbers, here, tuple(layers), vectors)

    def _batch(self, numbers: NDArray[np.int64], sentences: Tensor, layers: tuple[int, ...], vectors: Tensor) -> Batch:
        """One batch: `sentences` are its `numbers` on the device."""
        lengths = self.lengths[numbers]
        words = self.words[sentences]
        ends = words.cumsum(0)
        # Row of every word among all words held; the number of rows is given, so that the device is not asked for it.
        total = int(lengths.sum())
        shift = torch.repeat_interleave(self.starts[sentences] - (ends - words), words, output_size=total)
        rows = shift + torch.arange(total, device=shift.device)
        layout = _Layout.of(lengths, words, ends - words)
        gold: dict[Quantity, Any] = {
            quantity: self._distances(values, sentences, layout) if quantity == "distance" else values[rows].float()
            for quantity, values in self.values.items()
        }
        weights = torch.repeat_interleave(1 / words.float(), words, output_size=total)
        return Batch(numbers, layers, vectors.index_select(1, rows).float(), weights, layout.groups(), gold)

    def _distances(self, values: Tensor, sentences: Tensor, layout: "_Layout") -> list[Tensor]:
        """Distances by group, padded, (sentences, words, words) each."""
        place = layout.place
        inside = self.words[sentences][:, None, None] * place[:, None] + place
        index = (self.pair_starts[sentences][:, None, None] + inside).clamp_(max=len(values) - 1)
        padded = values[index].float() * layout.pairs
        return [padded[group, :size, :size] for group, size in layout.cuts]


@dataclass(frozen=True)
class _Layout:
    """Where the words of a batch are when its sentences are padded to the longest; groups are cut from it."""

    lengths: NDArray[np.int64]
    words: Tensor
    starts: Tensor
    place: Tensor
    mask: Tensor
    pairs: Tensor
    cuts: Sequence[tuple[slice, int]]

    @classmethod
    def of(cls, lengths: NDArray[np.int64], words: Tensor, starts: Tensor) -> "_Layout":
        """The layout of sentences sorted by length; `starts` are their first words among those of the batch."""
        place = torch.arange(int(lengths[-1]), device=words.device)
        mask = (place < words[:, None]).float()
        positions = np.array_split(np.arange(len(lengths)), -(-len(lengths) // GROUP_SENTENCES))
        cuts = [(slice(int(each[0]), int(each[-1]) + 1), int(lengths[each[-1]])) for each in positions]
        return cls(lengths, words, starts, place, mask, mask[:, :, None] * mask[:, None, :], cuts)

    def groups(self) -> tuple[Group, ...]:
        """The groups, neighbours in length."""
        index = self.starts[:, None] + self.place * self.mask.long()
        sizes = self.words.float()
        weights = self.mask / sizes[:, None]
        pair_weights = weights[:, :, None] * weights[:, None, :]
        ends = np.cumsum(self.lengths)
        found = []
        for group, size in self.cuts:
            first, end = int(ends[group.start] - self.lengths[group.start]), int(ends[group.stop - 1])
            row = torch.arange(group.stop - group.start, device=self.words.device)
            shift = row * size - (self.starts[group] - first)
            real = torch.repeat_interleave(shift, self.words[group], output_size=end - first)
            found.append(
                Group(
                    index=index[group, :size].contiguous(),
                    mask=self.mask[group, :size],
                    lengths=sizes[group],
                    pair_weights=pair_weights[group, :size, :size],
                    word_weights=weights[group, :size],
                    real=real + torch.arange(end - first, device=real.device),
                    rows=slice(first, end),
                    positions=np.arange(group.start, group.stop),
                )
            )
        return tuple(found)


def _read_part(states: States, sentences: NDArray[np.int64], layers: Sequence[int], number: torch.dtype) -> Tensor:
    """The words of neighbouring sentences, (layers, words, dim), in the format in which they are held."""
    return torch.from_numpy(states.read(sentences, layers)).to(number)
