"""Which rows of a sentence's array of subword vectors make which word."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from transformers import PreTrainedTokenizerBase

from treeprobe.extraction.alignment import Aligner, Alignment, Pooling, bounds_of
from treeprobe.extraction.report import AlignmentReport

SpecialRows = bool | tuple[int, int]
"""Whether rows include the tokenizer's special tokens; or how many rows stand before and after the subwords."""


class SubwordRows:
    """Rows of subwords, or rows that are words already; `report` is of their alignment."""

    def __init__(
        self, alignment: Alignment, report: AlignmentReport, *, pooling: Pooling = "mean", leading: int, trailing: int
    ) -> None:
        self.report = report
        self._alignment, self._weights = alignment, alignment.weights(pooling)
        self._links = np.searchsorted(alignment.link_words, alignment.word_bounds)
        self._leading, self._trailing = leading, trailing

    @classmethod
    def of(
        cls,
        words: Sequence[Sequence[str]],
        tokenizer: PreTrainedTokenizerBase | None,
        *,
        pooling: Pooling = "mean",
        special_tokens: SpecialRows = True,
    ) -> "SubwordRows":
        """Those of some sentences.

        Args:
            tokenizer: the fast tokenizer that made the subwords; None if rows are words.
        """
        if tokenizer is None:
            return cls.of_words(np.array([len(sentence) for sentence in words], dtype=np.int64))
        aligner = Aligner(tokenizer)
        alignment, specials = aligner(words), aligner.specials
        if isinstance(special_tokens, tuple):
            leading, trailing = special_tokens
        else:
            leading, trailing = (len(specials.leading), len(specials.trailing)) if special_tokens else (0, 0)
        report = AlignmentReport.of(alignment, words)
        return cls(alignment, report, pooling=pooling, leading=leading, trailing=trailing)

    @classmethod
    def of_words(cls, lengths: NDArray[np.int64]) -> "SubwordRows":
        """Every row is a word; `lengths` are the words of each sentence."""
        bounds = bounds_of(lengths)
        every, none = np.arange(bounds[-1]), np.zeros(0, np.int64)
        alignment = Alignment(np.zeros_like(every), bounds, bounds, every, every, none)
        return cls(alignment, AlignmentReport(len(lengths), int(bounds[-1])), leading=0, trailing=0)

    @property
    def word_bounds(self) -> NDArray[np.int64]:
        """(sentences + 1,) first word of each sentence, and the number of words."""
        return self._alignment.word_bounds

    def count(self, sentence: int) -> int:
        """How many rows a sentence has."""
        bounds = self._alignment.subword_bounds
        return int(bounds[sentence + 1] - bounds[sentence]) + self._leading + self._trailing

    def pool(self, sentence: int, found: NDArray[np.float32]) -> NDArray[np.float32]:
        """The vectors of a sentence's words, (..., words, dim), from those of its rows, (..., rows, dim)."""
        alignment, links = self._alignment, slice(self._links[sentence], self._links[sentence + 1])
        words = alignment.link_words[links] - alignment.word_bounds[sentence]
        rows = alignment.link_subwords[links] - alignment.subword_bounds[sentence] + self._leading
        count = int(np.diff(alignment.word_bounds)[sentence])
        out = np.zeros((*found.shape[:-2], count, found.shape[-1]), np.float32)
        places: Any = (..., words, slice(None))
        np.add.at(out, places, found[..., rows, :] * self._weights[links, None])
        return out
