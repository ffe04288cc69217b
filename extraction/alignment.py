"""Which subwords belong to which words, by the tokenizer's own character offsets.

A sentence is always tokenized as one text: its words joined by single spaces ("as given"), or joined as they stood
in the natural sentence (`space_after`). A subword belongs to every word that it shares a character with, so a
subword that spans two words of an unspaced text is shared by both. A subword of whitespace alone (a lone "▁" or
"Ġ") marks the start of a word and belongs to the word that follows it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer
from transformers import PreTrainedTokenizerBase

Pooling = Literal["mean", "first", "last"]
"""How subword vectors become a word's vector: their mean, the first, or the last."""

Integers = NDArray[np.int64]


@dataclass(frozen=True)
class Alignment:
    """Sentences as subwords, and the links between words and subwords, both numbered through the whole text.

    A link joins a word with one of its subwords; links are ordered by word, then by subword.
    """

    ids: Integers
    """(subwords,) vocabulary entries, special tokens left out."""
    subword_bounds: Integers
    """(sentences + 1,) first subword of each sentence, and the number of subwords."""
    word_bounds: Integers
    """(sentences + 1,) first word of each sentence, and the number of words."""
    link_words: Integers
    """(links,) word of each link."""
    link_subwords: Integers
    """(links,) subword of each link."""
    unknown: Integers
    """Words with at least one subword that is the unknown token, ascending."""

    @property
    def words(self) -> int:
        """How many words there are."""
        return int(self.word_bounds[-1])

    @property
    def dropped(self) -> Integers:
        """Words without any subword, ascending."""
        return np.flatnonzero(np.bincount(self.link_words, minlength=self.words) == 0)

    @property
    def shared(self) -> Integers:
        """Words that share a subword with another word, ascending."""
        crowded = np.bincount(self.link_subwords, minlength=len(self.ids)) > 1
        return np.unique(self.link_words[crowded[self.link_subwords]])

    @property
    def first_words(self) -> Integers:
        """(subwords,) the first word that each subword belongs to, numbered in its sentence; -1 where there is none."""
        found = np.full(len(self.ids), -1, np.int64)
        # Links are ordered by word: of several assignments to a subword, the last one, its first word's, is kept.
        words = self.link_words - self.word_bounds[np.searchsorted(self.word_bounds, self.link_words, "right") - 1]
        found[self.link_subwords[::-1]] = words[::-1]
        return found

    def weights(self, pooling: Pooling, *, number: type[np.floating] = np.float32) -> NDArray[np.floating]:
        """(links,) share of each link's subword in its word's vector; a word's shares sum to 1."""
        counts = np.bincount(self.link_words, minlength=self.words)
        if pooling == "mean":
            return (1.0 / counts[self.link_words]).astype(number)
        changes = np.flatnonzero(np.diff(self.link_words)) + 1
        chosen = np.zeros(len(self.link_words), number)
        if len(chosen):
            chosen[np.append(0, changes) if pooling == "first" else np.append(changes, len(chosen)) - 1] = 1.0
        return chosen


@dataclass(frozen=True)
class SpecialTokens:
    """The special tokens that a tokenizer puts around one sentence."""

    leading: tuple[int, ...]
    trailing: tuple[int, ...]
    segment: int
    """Segment id of the content; `leading_segments` and `trailing_segments` likewise."""
    leading_segments: tuple[int, ...]
    trailing_segments: tuple[int, ...]

    def __len__(self) -> int:
        return len(self.leading) + len(self.trailing)


@dataclass(frozen=True)
class WholeInput:
    """A sentence or a pair of sentences as a model reads it, special tokens included, (positions,) each."""

    ids: Integers
    segments: Integers
    """Segment ids, as the tokenizer gives them."""
    words: Integers
    """The first word that each position belongs to, numbered through both sentences; -1 at special tokens and where
    there is none."""


class Aligner:
    """Turns words into subwords with a private copy of a fast tokenizer.

    The copy neither truncates nor pads, and reads a word such as "[SEP]" as text, never as the special token.
    """

    def __init__(self, tokenizer: PreTrainedTokenizerBase) -> None:
        self._backend = Tokenizer.from_str(tokenizer.backend_tokenizer.to_str())
        self._backend.no_padding()
        self._backend.no_truncation()
        self.specials = _special_tokens(self._backend)
        self._backend.encode_special_tokens = True
        self._unknown_id = _unknown_id(self._backend, tokenizer)

    def __call__(
        self, words: Sequence[Sequence[str]], space_after: Sequence[Sequence[bool]] | None = None
    ) -> Alignment:
        """Align sentences given as words.

        Args:
            words: one sequence of words per sentence.
            space_after: like `words`, whether a space follows each word in the natural sentence; words are joined
                by single spaces where None.
        """
        counts = np.fromiter(map(len, words), np.int64, len(words))
        texts, word_starts, word_ends = _texts(words, space_after)
        encodings = self._backend.encode_batch(texts, add_special_tokens=False)
        subwords = np.fromiter(map(len, encodings), np.int64, len(encodings))
        ids = np.fromiter(chain.from_iterable(e.ids for e in encodings), np.int64, subwords.sum())
        offsets = np.fromiter(
            chain.from_iterable(chain.from_iterable(e.offsets for e in encodings)), np.int64, 2 * len(ids)
        ).reshape(-1, 2)
        # Character positions of the whole text: each sentence begins one past the end of the one before.
        text_bounds = bounds_of(np.fromiter(map(len, texts), np.int64, len(texts)) + 1)
        offsets += np.repeat(text_bounds[:-1], subwords)[:, None]
        shift = np.repeat(text_bounds[:-1], counts)
        subword_bounds, word_bounds = bounds_of(subwords), bounds_of(counts)
        link_words, link_subwords = _links(word_starts + shift, word_ends + shift, offsets)
        # A whitespace subword at the end of a sentence would be linked to the first word of the next.
        same = np.searchsorted(word_bounds, link_words, "right") == np.searchsorted(
            subword_bounds, link_subwords, "right"
        )
        link_words, link_subwords = link_words[same], link_subwords[same]
        unknown = np.unique(link_words[ids[link_subwords] == self._unknown_id])
        return Alignment(ids, subword_bounds, word_bounds, link_words, link_subwords, unknown)

    def whole_input(self, first: Sequence[str], second: Sequence[str] | None = None) -> WholeInput:
        """A sentence, or two as a pair, with the special tokens that the tokenizer puts around and between them."""
        sentences = [first] if second is None else [first, second]
        texts, _, _ = _texts(sentences, None)
        whole = self._backend.encode(texts[0], None if second is None else texts[1])
        alignment = self(sentences)
        numbers = [
            np.where(found < 0, found, found + before)
            for found, before in zip(
                np.split(alignment.first_words, alignment.subword_bounds[1:-1]), alignment.word_bounds
            )
        ]
        words = np.full(len(whole), -1, np.int64)
        owners = np.array([-1 if owner is None else owner for owner in whole.sequence_ids])
        for sentence, found in enumerate(numbers):
            words[owners == sentence] = found
        return WholeInput(np.array(whole.ids, np.int64), np.array(whole.type_ids, np.int64), words)


def _texts(
    words: Sequence[Sequence[str]], space_after: Sequence[Sequence[bool]] | None
) -> tuple[list[str], Integers, Integers]:
    """One text per sentence, and where each word begins and ends in its text, both (words,)."""
    gaps = [_gaps(sentence, None if space_after is None else space_after[i]) for i, sentence in enumerate(words)]
    texts = [
        "".join(chain.from_iterable(zip(sentence, (" " * gap for gap in after))))
        for sentence, after in zip(words, gaps)
    ]
    counts = np.fromiter(map(len, words), np.int64, len(words))
    lengths = np.fromiter(map(len, chain.from_iterable(words)), np.int64, counts.sum())
    spaces = np.fromiter(chain.from_iterable(gaps), np.int64, counts.sum())
    running = bounds_of(lengths + spaces)
    starts = running[:-1] - np.repeat(running[bounds_of(counts)[:-1]], counts)
    return texts, starts, starts + lengths


def _gaps(sentence: Sequence[str], space_after: Sequence[bool] | None) -> list[int]:
    """Spaces after each word: none after an empty word, and none after the last that is not empty."""
    if space_after is None:
        gaps = [1 if word else 0 for word in sentence]
    else:
        gaps = [1 if word and space else 0 for word, space in zip(sentence, space_after)]
    for place in range(len(gaps) - 1, -1, -1):
        if sentence[place]:
            gaps[place] = 0
            break
    return gaps


def _links(starts: Integers, ends: Integers, offsets: Integers) -> tuple[Integers, Integers]:
    """Words and subwords that share a character; whitespace subwords go to the next word."""
    solid = np.flatnonzero(ends > starts)
    first = np.searchsorted(ends[solid], offsets[:, 0], side="right")
    last = np.searchsorted(starts[solid], offsets[:, 1], side="left") - 1
    last = np.minimum(np.maximum(first, last), len(solid) - 1)
    counts = np.maximum(last - first + 1, 0)
    subwords = np.repeat(np.arange(len(offsets)), counts)
    within = np.arange(len(subwords)) - np.repeat(np.cumsum(counts) - counts, counts)
    words = solid[np.repeat(first, counts) + within]
    order = np.lexsort((subwords, words))
    return words[order], subwords[order]


def bounds_of(counts: Integers) -> Integers:
    """Offsets: cumulative counts with a leading 0, (n,) to (n + 1,)."""
    return np.concatenate([[0], np.cumsum(counts)])


def _special_tokens(backend: Tokenizer) -> SpecialTokens:
    """Read the special tokens off an encoded text, whatever post-processor puts them there."""
    encoding = backend.encode("a", add_special_tokens=True)
    content = [position for position, special in enumerate(encoding.special_tokens_mask) if not special]
    first, last = (content[0], content[-1] + 1) if content else (len(encoding), len(encoding))
    return SpecialTokens(
        tuple(encoding.ids[:first]),
        tuple(encoding.ids[last:]),
        encoding.type_ids[first] if content else 0,
        tuple(encoding.type_ids[:first]),
        tuple(encoding.type_ids[last:]),
    )


def _unknown_id(backend: Tokenizer, tokenizer: PreTrainedTokenizerBase) -> int:
    token = getattr(backend.model, "unk_token", None)
    found = backend.token_to_id(token) if token else tokenizer.unk_token_id
    return -1 if found is None else int(found)
