"""The subwords of a text, each owned by one word, as language models score them."""

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from treeprobe.extraction.alignment import Alignment, Integers
from treeprobe.extraction.batching import Batch, Batcher, Windows
from treeprobe.extraction.encoder import Encoder
from treeprobe.extraction.places import NO_WORD, Places
from treeprobe.extraction.text import Text


@dataclass(frozen=True)
class Subwords:
    """Subwords numbered through the whole text, each with the word that its log-probability counts to.

    A subword that two words share (in unspaced text) counts to the first of them.
    """

    batcher: Batcher
    alignment: Alignment
    owners: Integers
    """(subwords,) word of each subword, ascending."""
    sentences: Integers
    """(subwords,) sentence of each subword."""

    too_long: NDArray[np.bool_]
    """(sentences,) whether a sentence is longer than the model takes."""

    @classmethod
    def of(cls, encoder: Encoder, text: Text, *, any_length: bool = False) -> "Subwords":
        """The subwords of some sentences.

        Args:
            any_length: say which sentences are longer than the model takes, and do not refuse them.

        Raises:
            ValueError: a sentence is longer than the model takes.
        """
        batcher = Batcher(encoder)
        alignment = batcher.align(text)
        counts = np.diff(alignment.subword_bounds)
        specials = max(len(batcher.specials), 1)  # a model without special tokens is given one to begin with
        longest = encoder.max_subwords
        too_long = np.zeros(len(counts), bool) if longest is None else counts + specials > longest
        if too_long.any() and not any_length:
            number = int(np.argmax(too_long))
            raise ValueError(
                f"sentence {number + 1} has {counts[number]} subwords and {specials} special tokens; {encoder.name} "
                f"takes at most {longest}"
            )
        owners = np.full(len(alignment.ids), -1, np.int64)
        # Links are ordered by word: written backwards, the first word of a subword is written last.
        owners[alignment.link_subwords[::-1]] = alignment.link_words[::-1]
        sentences = np.repeat(np.arange(len(counts)), counts)
        # What no word has a character of (whitespace at the end) goes to the word before it.
        owners = np.maximum(np.maximum.accumulate(owners), alignment.word_bounds[sentences])
        return cls(batcher, alignment, owners, sentences, too_long)

    @property
    def ids(self) -> Integers:
        """(subwords,) vocabulary entries."""
        return self.alignment.ids

    @property
    def word_bounds(self) -> Integers:
        """(sentences + 1,) first word of each sentence, and the number of words."""
        return self.alignment.word_bounds

    @property
    def starts(self) -> Integers:
        """(subwords,) first subword of each subword's sentence."""
        return self.alignment.subword_bounds[:-1][self.sentences]

    @property
    def word_ends(self) -> Integers:
        """(subwords,) one past the last subword of each subword's word."""
        return np.searchsorted(self.owners, self.owners, "right")

    @property
    def has_subwords(self) -> NDArray[np.bool_]:
        """(words,) whether a word owns a subword."""
        return np.bincount(self.owners, minlength=self.alignment.words) > 0

    def copies(self, sentences: Integers) -> Windows:
        """One whole sentence for each number, however often it is asked for, as windows to batch."""
        bounds = self.alignment.subword_bounds
        return Windows(bounds[:-1][sentences], bounds[1:][sentences], sentences, np.empty(0, np.int64))

    def sums(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """(words,) sums of the values of each word's subwords; nan for words without any."""
        sums = np.bincount(self.owners, values, minlength=self.alignment.words)
        return np.where(self.has_subwords, sums, np.nan)


def with_first(batch: Batch, token: int) -> Batch:
    """The batch with a token before every sentence."""

    def put(values: torch.Tensor, first: int) -> torch.Tensor:
        return torch.cat([torch.full_like(values[:, :1], first), values], dim=1)

    types = None if batch.token_type_ids is None else put(batch.token_type_ids, 0)
    places = Places(batch.places.sentences, put(batch.places.words, NO_WORD))
    return Batch(put(batch.input_ids, token), put(batch.attention_mask, 1), types, places)
