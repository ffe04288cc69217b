"""Sentences given as words: refused where they are not, and told apart by their digest."""

import hashlib
from collections.abc import Sequence


def check_text(words: Sequence[Sequence[str]], space_after: Sequence[Sequence[bool]] | None) -> None:
    """Refuse what is not one non-empty sequence of words a sentence, naming the first sentence that is wrong."""
    if isinstance(words, str):
        raise ValueError(f"expected sentences as sequences of words, found one string: {words[:40]!r}")
    if not (hasattr(words, "__len__") and hasattr(words, "__getitem__")):
        raise ValueError(f"expected a sequence of sentences, found {type(words).__name__}: make a list of it")
    if space_after is not None and len(space_after) != len(words):
        raise ValueError(f"space_after covers {len(space_after)} sentences, expected {len(words)}")
    for number in range(len(words)):
        sentence = words[number]
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
        if space_after is not None and len(space_after[number]) != len(sentence):
            raise ValueError(
                f"sentence {number + 1} has {len(sentence)} words but space_after has {len(space_after[number])}"
            )


def text_digest(words: Sequence[Sequence[str]], space_after: Sequence[Sequence[bool]] | None) -> str:
    """SHA-256 of the words, and of the spaces between them where they matter."""
    digest = hashlib.sha256()
    for number in range(len(words)):
        sentence = words[number]
        digest.update(f"{len(sentence)}\0".encode())
        digest.update("".join(f"{len(word)}\0{word}" for word in sentence).encode())
        if space_after is not None:
            digest.update(bytes(bool(space) for space in space_after[number]))
    return digest.hexdigest()
