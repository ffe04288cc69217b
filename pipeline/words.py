"""Raw text into the words that a probe reads."""

import unicodedata
import warnings
from collections.abc import Sequence

from nltk.tokenize.destructive import NLTKWordTokenizer

from treeprobe.errors import TreeprobeError

_SPACELESS = {
    "CJK UNIFIED": "Chinese",
    "HIRAGANA": "Japanese",
    "KATAKANA": "Japanese",
    "THAI": "Thai",
    "LAO": "Lao",
    "KHMER": "Khmer",
    "MYANMAR": "Burmese",
}
"""Languages without spaces between words, by how the Unicode names of their letters begin."""

_LETTERS_OF_TEXT = 4
"""Letters between spaces, on average, from which such text is taken to be unsplit: its words are shorter."""


Split = tuple[list[str], list[bool]]
"""Words, and whether a space follows each."""


class SentenceError(TreeprobeError, ValueError):
    """A sentence that cannot be parsed because it has no words, or an empty one."""


class UnsplitText(UserWarning):
    """Raw text in a script that puts no spaces between words, which is not split."""


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


def words_of(sentence: str | Sequence[str]) -> Split:
    """Words, and whether a space follows each. Raises SentenceError when there are none, or an empty one."""
    if isinstance(sentence, str):
        warn_of_script(sentence)
        return split_words(sentence)
    if not sentence or not all(sentence):
        raise SentenceError(f"no words in {sentence!r}; expected a sentence, or words none of which is empty")
    return list(sentence), [True] * len(sentence)


def is_punctuation(word: str) -> bool:
    """Whether every character of the word is punctuation by its Unicode category."""
    return all(unicodedata.category(character).startswith("P") for character in word)


def warn_of_script(text: str) -> None:
    """Warn (`UnsplitText`) of text that is mostly in a script without spaces, and not split at spaces either."""
    scripts = [(character, _spaceless_script(character)) for character in text if character.isalpha()]
    found = {script for _, script in scripts if script}
    pieces = [piece for piece in text.split() if any(map(_spaceless_script, piece))]
    letters = sum(script is not None for _, script in scripts)
    if not found or 2 * letters < len(scripts) or letters < _LETTERS_OF_TEXT * len(pieces):
        return
    language = "Japanese" if "Japanese" in found else sorted(found)[0]
    warnings.warn(
        f"{language} puts no spaces between words, and raw text is split as English is: give the words, with spaces "
        "between them and --words (from Python: a list of words)",
        UnsplitText,
        stacklevel=2,
    )


def _spaceless_script(character: str) -> str | None:
    """What is written without spaces in the character's script; None for other scripts and for what is no letter."""
    name = unicodedata.name(character, "") if character.isalpha() else ""
    return next((language for prefix, language in _SPACELESS.items() if name.startswith(prefix)), None)
