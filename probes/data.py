"""Vectors and gold values of some sentences, read batch by batch: words packed, pairs padded in groups."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from treeprobe.devices import moved
from treeprobe.overlap import made_ahead
from treeprobe.probes.states import ALONE, States, read_apart
from treeprobe.probes.targets import PackedGold, Quantity

# Gold values of a batch: distances as one padded tensor a group, (sentences, words, words); every other quantity as one
# tensor packed as the words are, (words,).
BatchGold = Mapping[Quantity, Any]
GroupGold = Mapping[Quantity, Tensor]

# Sentences whose pairs of words are padded to the longest sentence among them.
GROUP_SENTENCES = 8


@dataclass(frozen=True)
class Group:
    """Sentences of a batch that are neighbours in length, padded to the longest.

    Attributes:
        index: row of each word among the batch's packed words, (sentences, words); at padding, that of another word.
        mask: 1.0 at words, 0.0 at padding, (sentences, words).
        lengths: words in each sentence, (sentences,).
        pair_weights: 1 / words² at pairs of words, 0 elsewhere, (sentences, words, words).
        word_weights: 1 / words at words, 0 elsewhere, (sentences, words).
        real: places of the words in the flattened (sentences, words).
        rows: the group's words among the batch's packed words.
        positions: the sentences' places in the batch.
    """

    index: Tensor
    mask: Tensor
    lengths: Tensor
    pair_weights: Tensor
    word_weights: Tensor
    real: Tensor
    rows: slice
    positions: NDArray[np.int64]

    def to(self, device: torch.device) -> "Group":
        """The group with its tensors on another device."""
        names = ("index", "mask", "lengths", "pair_weights", "word_weights", "real")
        return replace(self, **{name: moved(getattr(self, name), device) for name in names})


@dataclass(frozen=True)
class Batch:
    """Some sentences with their vectors and gold values.

    Attributes:
        sentences: their numbers.
        layers: the layers that were read, without `ALONE`, which has no words of its own.
        words: vectors packed without padding, (layers, words, dim).
        word_weights: 1 / words of each word's sentence, (words,).
        groups: the sentences by length.
        gold: gold values by quantity.
        beside: the part of the vectors that all layers share, (words, dim), where they have one; `words` are without.
    """

    sentences: NDArray[np.int64]
    layers: tuple[int, ...]
    words: Tensor
    word_weights: Tensor
    groups: tuple[Group, ...]
    gold: BatchGold = field(default_factory=dict)
    beside: Tensor | None = None

    def on(self, layers: Sequence[int]) -> Tensor:
        """The words on some layers, (layers, words, dim), with the part that all layers share."""
        if self.beside is None:
            return self.own(layers)
        own = [
            self.own([layer]) if layer != ALONE else self.words.new_zeros(1, *self.words.shape[1:]) for layer in layers
        ]
        return torch.cat([torch.cat(own), self.beside.expand(len(own), -1, -1)], dim=2)

    def own(self, layers: Sequence[int]) -> Tensor:
        """The words on some layers without the shared part; no copy where those were read one after the other."""
        places = [self.layers.index(layer) for layer in layers]
        first = places[0] if places else 0
        contiguous = places == list(range(first, first + len(places)))
        return self.words[first : first + len(places)] if contiguous else self.words[places]

    def grouped(self) -> Iterator[tuple[Group, GroupGold]]:
        """Each group with its gold: distances (sentences, words, words), other quantities (sentences, words).

        At padding the values are arbitrary; the group's weights are 0 there.
        """
        for place, group in enumerate(self.groups):
            yield (
                group,
                {
                    quantity: values[place] if quantity == "distance" else values[group.index]
                    for quantity, values in self.gold.items()
                },
            )

    def to(self, device: torch.device) -> "Batch":
        """The batch with its tensors on another device."""
        if self.words.device == device:
            return self
        return replace(
            self,
            words=moved(self.words, device),
            beside=None if self.beside is None else moved(self.beside, device),
            word_weights=moved(self.word_weights, device),
            groups=tuple(group.to(device) for group in self.groups),
            gold={
                quantity: [moved(each, device) for each in values] if quantity == "distance" else moved(values, device)
                for quantity, values in self.gold.items()
            },
        )


@dataclass(frozen=True)
class Examples:
    """The states of some sentences and their gold values, known to fit each other."""

    states: States
    gold: Mapping[Quantity, PackedGold]
    lengths: NDArray[np.int64]

    @classmethod
    def of(cls, states: States, columns: Mapping[Quantity, Sequence[NDArray[Any]]]) -> "Examples":
        """Check and pack the gold values.

        Raises:
            ValueError: there is no sentence, or one without words; or the gold values do not fit the sentences.
        """
        lengths = np.asarray(states.lengths)
        if not len(lengths) or lengths.min() < 1:
            raise ValueError("states: no sentences, or one without words; expected at least one word in every sentence")
        packed = {quantity: PackedGold(quantity, column, lengths) for quantity, column in columns.items()}
        return cls(states, packed, lengths)

    def __len__(self) -> int:
        """The number of sentences."""
        return len(self.lengths)

    def batches(
        self, order: Sequence[NDArray[np.int64]], *, layers: Sequence[int], device: torch.device
    ) -> Iterator[Batch]:
        """The batches of `order` on those layers, each read by a thread while the one before it is worked on."""
        for batch in made_ahead(lambda each: read_batch(self.states, each, layers, self.gold), order):
            yield batch.to(device)


def shuffled_batches(
    lengths: NDArray[np.int64], *, size: int, generator: np.random.Generator
) -> list[NDArray[np.int64]]:
    """Every sentence once, in batches of mixed lengths, each sorted by length.

    Lengths are mixed on purpose: gradients of batches of one length each would be biased.
    """
    order = generator.permutation(len(lengths))
    batches = [order[start : start + size] for start in range(0, len(order), size)]
    return [batch[np.argsort(lengths[batch], kind="stable")] for batch in batches]


def ordered_batches(lengths: NDArray[np.int64], *, size: int) -> list[NDArray[np.int64]]:
    """Every sentence once, shortest first: for validation and prediction, where order does not matter."""
    order = np.argsort(lengths, kind="stable")
    return [order[start : start + size] for start in range(0, len(order), size)]


def read_batch(
    states: States, sentences: NDArray[np.int64], layers: Sequence[int], gold: Mapping[Quantity, PackedGold]
) -> Batch:
    """Read one batch of sentences, sorted by length, with their gold values."""
    words, beside = read_apart(states, sentences, layers)
    lengths = np.asarray(states.lengths)[sentences]
    starts = np.concatenate([[0], np.cumsum(lengths)[:-1]])
    groups = tuple(
        _group(positions, starts[positions], lengths[positions])
        for positions in np.array_split(np.arange(len(sentences)), -(-len(sentences) // GROUP_SENTENCES))
    )
    weights = torch.from_numpy(np.repeat(1 / lengths, lengths).astype(np.float32))
    values: dict[Quantity, Any] = {
        quantity: [_padded(packed, sentences[group.positions]) for group in groups]
        if quantity == "distance"
        else torch.from_numpy(np.concatenate([packed[sentence] for sentence in sentences]).astype(np.float32))
        for quantity, packed in gold.items()
    }
    shared = None if beside is None else torch.from_numpy(beside)
    present = tuple(layer for layer in layers if shared is None or layer != ALONE)
    return Batch(sentences, present, torch.from_numpy(words), weights, groups, values, shared)


def _group(positions: NDArray[np.int64], starts: NDArray[np.int64], lengths: NDArray[np.int64]) -> Group:
    place = np.arange(int(lengths.max()))
    real = place < lengths[:, None]
    index = np.where(real, starts[:, None] + place, starts[:, None])
    mask = torch.from_numpy(real.astype(np.float32))
    sizes = torch.from_numpy(lengths.astype(np.float32))
    word_weights = mask / sizes[:, None]
    return Group(
        index=torch.from_numpy(index),
        mask=mask,
        lengths=sizes,
        pair_weights=word_weights[:, :, None] * word_weights[:, None, :],
        word_weights=word_weights,
        real=torch.from_numpy(np.flatnonzero(real)),
        rows=slice(int(starts[0]), int(starts[-1] + lengths[-1])),
        positions=positions,
    )


def _padded(packed: PackedGold, sentences: NDArray[np.int64]) -> Tensor:
    """Matrices of some sentences sorted by length, (sentences, words, words), 0 at padding."""
    longest = int(packed.lengths[sentences[-1]])
    values = np.zeros((len(sentences), longest, longest), dtype=np.float32)
    for row, sentence in zip(values, sentences):
        gold = packed[sentence]
        row[: len(gold), : len(gold)] = gold
    return torch.from_numpy(values)
