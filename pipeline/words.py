"""Raw text into the words that a probe reads."""

import unicodedata

from nltk.tokenize.destructive import NLTKWordTokenizer

from treeprobe.errors import TreeprobeError


class SentenceError(TreeprobeError, ValueError):
    """A sentence that cannot be parsed because it has no words, or an empty one."""


def split_words(text: str) -> tuple[list[str], list[bool]]:
    """Split an English sentence as Penn and UD treebanks do: clitics and punctuation are words of their own.

    Returns the words as they stand in the text and, for each, whether a space follows it.

    Raises SentenceError when the text has no words.
    """
    spans = list(NLTKWordTokenizer().span_tokenize(text))
    if not spans:
        raise SentenceError(f"no words in {text!r}; expected a sentence")
    starts = [start for start, _ in spans[1:]] + [len(text)]
    return [text[start:end] for start, end in spans], [end < start for (_, end), start in zip(spans, starts)]


def is_punctuation(word: str) -> bool:
    """Whether every character of the word is punctuation by its Unicode category."""
    return all(unicodedata.category(character).startswith("P") for character in word)
