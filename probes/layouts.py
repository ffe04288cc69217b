"""Where the words of many batches lie, packed and padded: computed for all of them in a few operations on a device."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from treeprobe.devices import moved
from treeprobe.probes.data import Group

GROUP_PAIRS = 1 << 18
"""Pairs of words, padding included, that a group on a device holds at most, unless one sentence alone has more. Fewer
groups are fewer operations; more padding costs a card little."""


@dataclass(frozen=True)
class _Cut:
    """A group of a batch: its sentences among those of all batches, their padded length, and its words.

    `places` are those of its words when sentences are padded, `rows` its words among those of the batch.
    """

    sentences: slice
    positions: NDArray[np.int64]
    size: int
    places: slice
    words: slice
    rows: slice


@dataclass(frozen=True)
class LaidOut:
    """The layout of some batches. Tensors over words are packed batch after batch; `at_places` are padded by group.

    Attributes:
        rows: row of each word among all words held, (words,).
        row_weights: 1 / words of each word's sentence, (words,).
        words_of: the words of each batch.
    """

    rows: Tensor
    row_weights: Tensor
    words_of: Sequence[slice]
    _cuts: Sequence[Sequence[_Cut]]
    _sizes: Tensor
    _index: Tensor
    _mask: Tensor
    _weights: Tensor
    _pairs: Tensor
    _real: Tensor

    @classmethod
    def of(
        cls,
        order: Sequence[NDArray[np.int64]],
        lengths: NDArray[np.int64],
        words: Tensor,
        starts: Tensor,
        pair_starts: Tensor,
    ) -> Self:
        """The layout of the batches of `order`, each of sentences sorted by length.

        Args:
            lengths: words of every sentence that is held.
            words: the same on the device.
            starts, pair_starts: first word and first pair of every sentence among all that is held.
        """
        device = words.device
        cuts, words_of = _cuts([lengths[sentences] for sentences in order])
        flat = [cut for batch in cuts for cut in batch]
        counts = [len(cut.positions) for cut in flat]
        per_sentence = np.stack(
            [
                np.concatenate(order),
                np.repeat([cut.size for cut in flat], counts),
                # What is subtracted from numbers within all batches to have them within the batch, or the group.
                np.repeat([cut.words.start - cut.rows.start for cut in flat], counts),
                np.repeat([cut.places.start for cut in flat], counts),
            ]
        )
        sentences, widths, batch_start, group_start = moved(torch.from_numpy(per_sentence), device)
        own = words[sentences]
        word_start, place_start = own.cumsum(0) - own, widths.cumsum(0) - widths
        numbers = torch.arange(len(sentences), device=device)

        # By word.
        total = flat[-1].words.stop
        sentence = torch.repeat_interleave(numbers, own, output_size=total)
        within = torch.arange(total, device=device) - word_start[sentence]
        rows = starts[sentences][sentence] + within
        real = (place_start - group_start)[sentence] + within
        sizes = own.float()
        row_weights = (1 / sizes)[sentence]

        # By place, padding included.
        total = flat[-1].places.stop
        sentence = torch.repeat_interleave(numbers, widths, output_size=total)
        within = torch.arange(total, device=device) - place_start[sentence]
        mask = (within < own[sentence]).float()
        index = (word_start - batch_start)[sentence] + within * mask.long()
        pairs = pair_starts[sentences][sentence] + within * own[sentence]
        return cls(rows, row_weights, words_of, cuts, sizes, index, mask, mask / sizes[sentence], pairs, real)

    def groups(self, batch: int) -> list[tuple[Group, Tensor]]:
        """The groups of a batch, each with the first pair of every word among all pairs held, (sentences, words)."""
        found = []
        for cut in self._cuts[batch]:
            shape = (-1, cut.size)
            weights = self._weights[cut.places].view(shape)
            group = Group(
                index=self._index[cut.places].view(shape),
                mask=self._mask[cut.places].view(shape),
                lengths=self._sizes[cut.sentences],
                pair_weights=weights[:, :, None] * weights[:, None, :],
                word_weights=weights,
                real=self._real[cut.words],
                rows=cut.rows,
                positions=cut.positions,
            )
            found.append((group, self._pairs[cut.places].view(shape)))
        return found


def _cuts(lengths: Sequence[NDArray[np.int64]]) -> tuple[list[list[_Cut]], list[slice]]:
    """The groups of each batch, given the ascending lengths of its sentences, and the words of each batch."""
    cuts, words_of = [], []
    sentences = places = words = 0
    for ours in lengths:
        groups = min(len(ours), -(-len(ours) * int(ours[-1]) ** 2 // GROUP_PAIRS))
        first, of_batch = words, []
        for positions in np.array_split(np.arange(len(ours)), groups):
            count, size, held = len(positions), int(ours[positions[-1]]), int(ours[positions].sum())
            of_batch.append(
                _Cut(
                    slice(sentences, sentences + count),
                    positions,
                    size,
                    slice(places, places + count * size),
                    slice(words, words + held),
                    slice(words - first, words - first + held),
                )
            )
            sentences, places, words = sentences + count, places + count * size, words + held
        cuts.append(of_batch)
        words_of.append(slice(first, words))
    return cuts, words_of
