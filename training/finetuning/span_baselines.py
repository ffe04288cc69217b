"""Baselines for spans: the most frequent place, and a word's own features."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.feature_extraction import FeatureHasher
from sklearn.linear_model import SGDClassifier

from treeprobe.training.finetuning.examples import Span, SpanExample
from treeprobe.training.finetuning.words import spans_of_words

_LONGEST = 30
_TRAINED_ON = 3000
"""Questions to learn from at most: what a word's features tell, so many tell."""
_FAR = 6


def predict_frequent(
    train: Sequence[SpanExample], held_out: Mapping[str, Sequence[SpanExample]]
) -> dict[str, list[Span]]:
    """The place, counted in words from the question's first word in the context or else from its start, most frequent.

    For subjects of verbs that is the word before the verb.
    """
    counts: Counter[tuple[int, int]] = Counter()
    for example in train:
        words = spans_of_words(example.context)
        first, last = _words_of(example, words)
        counts[first - _anchor(example, words), last - first] += 1
    offset, length = min(counts, key=lambda place: (-counts[place], place))
    return {split: [_at(example, offset, length) for example in examples] for split, examples in held_out.items()}


def predict_by_words(
    train: Sequence[SpanExample], held_out: Mapping[str, Sequence[SpanExample]]
) -> dict[str, list[Span]]:
    """The span whose first and last word are the likeliest by logistic regression on each word's features.

    These are the word, its neighbours, whether the question has it, and how far it stands from where the question's
    first word is found in the context.
    """
    train = train[:_TRAINED_ON]
    hasher = FeatureHasher(input_type="string")
    features, firsts, lasts = [], [], []
    for example in train:
        words = spans_of_words(example.context)
        first, last = _words_of(example, words)
        features += _features(example, words)
        firsts += [place == first for place in range(len(words))]
        lasts += [place == last for place in range(len(words))]
    matrix = hasher.transform(features)
    models = [SGDClassifier(loss="log_loss", random_state=0).fit(matrix, targets) for targets in (firsts, lasts)]

    def predict(example: SpanExample) -> Span:
        words = spans_of_words(example.context)
        if not words:
            return Span("", 0)
        rows = hasher.transform(_features(example, words))
        first, last = _best(*(model.decision_function(rows) for model in models))
        return Span(example.context[words[first][0] : words[last][1]], words[first][0])

    return {split: [predict(example) for example in examples] for split, examples in held_out.items()}


def _words_of(example: SpanExample, words: Sequence[tuple[int, int]]) -> tuple[int, int]:
    """The first and the last word that shares a character with the answer."""
    answer = example.answers[0]
    inside = [place for place, (start, end) in enumerate(words) if start < answer.end and end > answer.start]
    return (inside[0], inside[-1]) if inside else (0, 0)


def _anchor(example: SpanExample, words: Sequence[tuple[int, int]]) -> int:
    """The word of the context that is the question's first; 0 where there is none."""
    asked = example.question.split()[0].lower() if example.question.split() else ""
    found = (place for place, (start, end) in enumerate(words) if example.context[start:end].lower() == asked)
    return next(found, 0)


def _at(example: SpanExample, offset: int, length: int) -> Span:
    """The span at a place counted from the anchor, as far as the context goes."""
    words = spans_of_words(example.context)
    if not words:
        return Span("", 0)
    first = min(max(_anchor(example, words) + offset, 0), len(words) - 1)
    last = min(first + length, len(words) - 1)
    return Span(example.context[words[first][0] : words[last][1]], words[first][0])


def _features(example: SpanExample, words: Sequence[tuple[int, int]]) -> list[list[str]]:
    """The features of each word of the context."""
    texts = [example.context[start:end].lower() for start, end in words]
    asked = {example.question[start:end].lower() for start, end in spans_of_words(example.question)}
    anchor = _anchor(example, words)
    padded = ["", *texts, ""]
    return [
        [
            f"word {padded[place + 1]}", f"before {padded[place]}", f"after {padded[place + 2]}",
            f"asked {padded[place + 1] in asked}", f"asked before {padded[place] in asked}",
            f"asked after {padded[place + 2] in asked}", f"far {min(max(place - anchor, -_FAR), _FAR)}",
        ]
        for place in range(len(texts))
    ]  # fmt: skip


def _best(firsts: NDArray[Any], lasts: NDArray[Any]) -> tuple[int, int]:
    """The pair of words, the last not before the first and not too far from it, with the highest sum."""
    sums = firsts[:, None] + lasts[None]
    sums[np.tril_indices(len(sums), -1)] = -np.inf
    sums[np.triu_indices(len(sums), _LONGEST)] = -np.inf
    first, last = np.unravel_index(sums.argmax(), sums.shape)
    return int(first), int(last)
