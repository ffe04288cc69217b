"""Which word of which sentence every position of a batch holds, and what is going on with a model while it runs."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import torch
from torch import Tensor

from treeprobe.devices import moved

NO_WORD = -1
"""The number that stands in `Places.words` where a position holds no word."""


@dataclass(frozen=True)
class Places:
    """The word that each position of a batch holds.

    A sentence that was cut into windows is in several rows; a subword that several words share counts as the first's.
    """

    sentences: Tensor
    """(windows,) number of each window's sentence in the text, from 0."""
    words: Tensor
    """(windows, positions) number of the word in its sentence, from 0; -1 at special tokens, at padding and at
    subwords that belong to no word."""

    def to(self, device: torch.device) -> "Places":
        """The same on a device."""
        return Places(moved(self.sentences, device), moved(self.words, device))


@dataclass
class Pass:
    """What edits of a running model must know and the model is not told."""

    places: Places | None = None
    """Of the batch that the model is reading; None where whoever runs it did not say."""
    edits: int = 0
    """How many edits of states are active."""
    attention_edits: int = 0
    """How many edits of attention are active, one inside the other."""

    @contextmanager
    def reading(self, places: Places | None) -> Iterator[None]:
        """Within this context, the model reads a batch whose positions hold these words."""
        before, self.places = self.places, places
        try:
            yield
        finally:
            self.places = before
