"""Words of texts, as the baselines count them."""

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable

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


def frequent_labels(labelled: Iterable[tuple[str, str]]) -> Callable[[str], str]:
    """What each word is labelled as most often, whatever its case; a word never seen, what words seen once are.

    Args:
        labelled: words to learn from, each with its label.
    """
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    for word, label in labelled:
        counts[word.lower()][label] += 1
    once = sum((found for found in counts.values() if found.total() == 1), Counter[str]())
    unseen = most_frequent(once or sum(counts.values(), Counter[str]()))
    best = {word: most_frequent(found) for word, found in counts.items()}
    return lambda word: best.get(word.lower(), unseen)


def most_frequent(counts: Counter[str]) -> str:
    """The most frequent label, the first in the alphabet of several."""
    return min(counts, key=lambda label: (-counts[label], label))
