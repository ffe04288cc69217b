"""The baseline that knows no context: how frequent words are."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from treeprobe.behaviour.pairs import MinimalPair


@dataclass(frozen=True)
class WordFrequencies:
    """How often each word, in lower case, occurs in a text."""

    counts: Counter[str]
    words: int

    @classmethod
    def of(cls, sentences: Iterable[Sequence[str]]) -> "WordFrequencies":
        """The frequencies of the words of some sentences."""
        counts = Counter(word.lower() for sentence in sentences for word in sentence)
        return cls(counts, counts.total())

    def log_probability(self, words: Iterable[str]) -> float:
        """Log-probability of some words one by one, in nats; every word, known or not, counts once more than seen."""
        smoothed = np.log([self.counts[word.lower()] + 1 for word in words])
        return float(np.sum(smoothed - np.log(self.words + len(self.counts) + 1)))

    def preference(self, pair: MinimalPair) -> float:
        """By how many nats the good sentence is more probable than the bad; words that both have cancel out."""
        good, bad = Counter(map(str.lower, pair.good)), Counter(map(str.lower, pair.bad))
        return self.log_probability((good - bad).elements()) - self.log_probability((bad - good).elements())
