"""Words of texts, as the baselines count them."""

import re
from collections import Counter

from treeprobe.training.finetuning.examples import TextExample

_WORD = re.compile(r"\w+|[^\w\s]")


def spans_of_words(text: str) -> list[tuple[int, int]]:
    """Where words and marks of punctuation begin and end in a text."""
    return [match.span() for match in _WORD.finditer(text)]


def word_counts(example: TextExample) -> dict[str, int]:
    """How often each lower-cased word occurs in each text, and which words of a pair are in both."""
    first = Counter(_WORD.findall(example.first.lower()))
    counts = {f"first {word}": count for word, count in first.items()}
    if example.second is not None:
        second = Counter(_WORD.findall(example.second.lower()))
        counts |= {f"second {word}": count for word, count in second.items()}
        counts |= {f"both {word}": 1 for word in first.keys() & second.keys()}
        counts["words in both"] = len(first.keys() & second.keys())
    return counts
