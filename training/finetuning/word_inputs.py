"""Sentences as a model reads them, and which of its positions each word is read from."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from transformers import PreTrainedTokenizerBase

from treeprobe.extraction.alignment import Aligner, Pooling


@dataclass(frozen=True)
class WordInputs:
    """A sentence as a model reads it, and the links between its words and its positions.

    Attributes:
        inputs: arguments of the model, without answers.
        words: how many words the sentence has, read or not.
        link_words, link_positions: (links,) a word and a position that is one of its subwords, by word, then by
            position; none behind the truncation.
        link_weights: (links,) share of the position in its word's vector by the pooling that was asked for.
    """

    inputs: dict[str, Any]
    words: int
    link_words: NDArray[np.int64]
    link_positions: NDArray[np.int64]
    link_weights: NDArray[np.float32]

    @property
    def first_positions(self) -> NDArray[np.int64]:
        """(words,) the position of each word's first subword, -1 where it was not read."""
        found = np.full(self.words, -1)
        found[self.link_words[::-1]] = self.link_positions[::-1]
        return found

    @property
    def weights(self) -> NDArray[np.float32]:
        """(words, positions) the share of each position in each word's vector; zeros for a word that was not read.

        Where a word was cut in two, what was read of it stands for all of it.
        """
        found = np.zeros((self.words, len(self.inputs["input_ids"])), dtype=np.float32)
        found[self.link_words, self.link_positions] = self.link_weights
        sums = found.sum(axis=1, keepdims=True)
        return np.divide(found, sums, out=found, where=sums > 0)


def read_words(
    sentences: Sequence[Sequence[str]],
    tokenizer: PreTrainedTokenizerBase,
    *,
    max_subwords: int,
    pooling: Pooling = "first",
) -> list[WordInputs]:
    """Words joined by spaces, as analyses of hidden states read them, between special tokens, and truncated."""
    aligner = Aligner(tokenizer)
    aligned, around = aligner(sentences), aligner.specials
    weights, room, before = aligned.weights(pooling), max_subwords - len(around), len(around.leading)
    links = np.searchsorted(aligned.link_words, aligned.word_bounds)
    found = []
    for number, sentence in enumerate(sentences):
        start, stop = (int(aligned.subword_bounds[number + more]) for more in (0, 1))
        stop = min(stop, start + room)
        own = slice(int(links[number]), int(links[number + 1]))
        read = aligned.link_subwords[own] < stop
        ids = [*around.leading, *aligned.ids[start:stop].tolist(), *around.trailing]
        inputs: dict[str, Any] = {"input_ids": ids, "attention_mask": [1] * len(ids)}
        if "token_type_ids" in tokenizer.model_input_names:
            middle = [around.segment] * (stop - start)
            inputs["token_type_ids"] = [*around.leading_segments, *middle, *around.trailing_segments]
        found.append(
            WordInputs(
                inputs,
                len(sentence),
                (aligned.link_words[own] - aligned.word_bounds[number])[read],
                (aligned.link_subwords[own] - start + before)[read],
                weights[own][read],
            )
        )
    return found
