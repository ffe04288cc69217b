"""Sentences given as words: refused where they are not, and identified by a digest."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Text:
    """Sentences as sequences of words and, where it is known, where spaces stand between the words."""

    words: Sequence[Sequence[str]]
    space_after: Sequence[Sequence[bool]] | None = None
    """Whether a space follows each word in the natural sentence; None: words are joined by single spaces."""

    @classmethod
    def checked(cls, words: Sequence[Sequence[str]], space_after: Sequence[Sequence[bool]] | None = None) -> "Text":
        """A text whose sentences are known to be non-empty sequences of words.

        Raises:
            ValueError: they are not; the first sentence that is wrong is named.
        """
        if isinstance(words, str):
            raise ValueError(f"expected sentences as sequences of words, found one string: {words[:40]!r}")
        if not (hasattr(words, "__len__") and hasattr(words, "__getitem__")):
            raise ValueError(f"expected a sequence of sentences, found {type(words).__name__}: make a list of it")
        if space_after is not None and len(space_after) != len(words):
            raise ValueError(f"space_after covers {len(space_after)} sentences, expected {len(words)}")
        for number in range(len(words)):
            _check_sentence(number, words[number])
            if space_after is not None and len(space_after[number]) != len(words[number]):
                raise ValueError(
                    f"sentence {number + 1} has {len(words[number])} words but space_after has "
                    f"{len(space_after[number])}"
                )
        return cls(words, space_after)

    def __len__(self) -> int:
        """The number of sentences."""
        return len(self.words)

    @property
    def lengths(self) -> NDArray[np.int64]:
        """(sentences,) words in each sentence."""
        return np.fromiter((len(self.words[i]) for i in range(len(self))), np.int64, len(self))

    def part(self, start: int, stop: int) -> "Text":
        """The sentences from `start` up to, not including, `stop`."""
        chosen = range(start, min(stop, len(self)))
        spaces = None if self.space_after is None else [self.space_after[i] for i in chosen]
        return Text([self.words[i] for i in chosen], spaces)

    @property
    def digest(self) -> str:
        """SHA-256 of the words, and of the spaces between them where they are known."""
        digest = hashlib.sha256()
        for number in range(len(self)):
            sentence = self.words[number]
            digest.update(f"{len(sentence)}\0".encode())
            digest.update("".join(f"{len(word)}\0{word}" for word in sentence).encode())
            if self.space_after is not None:
                digest.update(bytes(bool(space) for space in self.space_after[number]))
        return digest.hexdigest()


def _check_sentence(number: int, sentence: object) -> None:
    if isinstance(sentence, str) or not isinstance(sentence, Sequence):
        raise ValueError(
            f"sentence {number + 1} is {sentence!r:.60}, expected a sequence of words (a treebank: .words)"
        )
    if not sentence:
        raise ValueError(f"sentence {number + 1} has no words")
    for place, word in enumerate(sentence):
        if not isinstance(word, str):
            raise ValueError(f"sentence {number + 1}, word {place + 1} is {word!r:.60}, expected a string")
        if not word.isascii() and any("\ud800" <= character <= "\udfff" for character in word):
            raise ValueError(
                f"sentence {number + 1}, word {place + 1} ({word!a:.60}) holds half a surrogate pair, "
                "which is no character"
            )
