"""What linear classifiers tell of words from their vectors: completeness and selectivity of an edit."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import Ridge

from treeprobe.interventions import word_labels
from treeprobe.parsing import Sentence, Tally
from treeprobe.parsing.scores.intervals import micro

MOST_TYPES = 200
"""Word types that are told apart: the most frequent ones. Words of other types do not count."""

LAST_POSITION = 10
"""Positions in the sentence that are told apart, from 1; words further on do not count."""

PENALTY = 1.0
"""Of the squares of the weights."""

_NO_CLASS = -1


@dataclass(frozen=True)
class Properties:
    """Properties of the words of some sentences as classes.

    Attributes:
        classes: of each property, how many classes there are.
        train: of each property, the class of each word of the sentences that classifiers are fitted on, (words,), -1
            where it has none.
        scored: likewise of those that they are scored on; classes that were not seen in training count as errors.
        owners: the sentence of each word that is scored, (words,).
        documents: the document of each scored sentence, where it is known.
    """

    classes: Mapping[str, int]
    train: Mapping[str, NDArray[np.int64]]
    scored: Mapping[str, NDArray[np.int64]]
    owners: NDArray[np.int64]
    documents: NDArray[np.int64] | None = None

    @classmethod
    def of(
        cls, train: Sequence[Sentence], scored: Sequence[Sentence], *, documents: NDArray[np.int64] | None = None
    ) -> "Properties":
        """Relation, universal tag, word type and position of the words of both."""
        fitted, held_out = _labels(train), _labels(scored)
        counts = Counter(fitted["word"])
        frequent = {word for word, _ in counts.most_common(MOST_TYPES)}
        classes: dict[str, int] = {}
        numbered: dict[str, tuple[NDArray[np.int64], NDArray[np.int64]]] = {}
        for name, labels in fitted.items():
            kept = frequent if name == "word" else set(labels) - {""}
            numbers = {label: number for number, label in enumerate(sorted(kept))}
            classes[name] = len(numbers)
            unseen = {} if name == "word" else dict.fromkeys(set(held_out[name]) - numbers.keys() - {""}, len(numbers))
            numbered[name] = _numbered(labels, numbers), _numbered(held_out[name], numbers | unseen)
        owners = np.repeat(np.arange(len(scored)), [len(sentence) for sentence in scored])
        parts = [{name: both[side] for name, both in numbered.items()} for side in (0, 1)]
        return cls(classes, parts[0], parts[1], owners, documents)

    def accuracies(
        self, train: Sequence[NDArray[np.float32]], scored: Sequence[NDArray[np.float32]]
    ) -> dict[str, Tally]:
        """How often linear classifiers find the class of each property, fitted on the vectors of one text, on another.

        They are ridge regressions of the classes, all at once: what LEACE erases is what they find.
        """
        targets = np.concatenate(
            [np.eye(self.classes[name] + 1)[labels][:, :-1] for name, labels in self.train.items()], axis=1
        )
        regression = Ridge(alpha=PENALTY).fit(np.concatenate(train).astype(np.float64), targets)
        predicted = regression.predict(np.concatenate(scored).astype(np.float64))
        blocks = np.split(predicted, np.cumsum(list(self.classes.values()))[:-1], axis=1)
        sentences = len(scored)
        tallies = {}
        for (name, labels), block in zip(self.scored.items(), blocks):
            counted = labels != _NO_CLASS
            right = counted & (block.argmax(axis=1) == labels)
            hits = np.bincount(self.owners, right, minlength=sentences)
            words = np.bincount(self.owners, counted, minlength=sentences)
            tallies[name] = micro(name, hits, words, documents=self.documents)
        return tallies

    def most_frequent(self, name: str) -> Tally:
        """How often the class that is the most frequent in training is right."""
        labels, trained = self.scored[name], self.train[name]
        guess = np.bincount(trained[trained != _NO_CLASS]).argmax()
        sentences, counted = int(self.owners.max()) + 1, labels != _NO_CLASS
        hits = np.bincount(self.owners, labels == guess, minlength=sentences)
        return micro(name, hits, np.bincount(self.owners, counted, minlength=sentences), documents=self.documents)


def _labels(sentences: Sequence[Sentence]) -> dict[str, list[str]]:
    """The properties of all words, one after the other; empty where a word has none."""
    found = {
        name: [label for sentence in word_labels(sentences, name) for label in sentence]
        for name in ("relation", "upos", "word")
    }
    positions = (place for sentence in sentences for place in range(1, len(sentence) + 1))
    return found | {"position": [str(place) if place <= LAST_POSITION else "" for place in positions]}


def _numbered(labels: Sequence[str], numbers: Mapping[str, int]) -> NDArray[np.int64]:
    """The number of each label's class."""
    return np.array([numbers.get(label, _NO_CLASS) for label in labels], dtype=np.int64)
