"""What predictions are worth without a model: the majority, and what the words alone tell (scikit-learn).

| shape | majority | bag of words |
|---|---|---|
| classes for texts | the most frequent class | logistic regression on counts of words, and of words in both |
| numbers for texts | the mean | ridge regression on the same counts |
| classes for words | the most frequent class | the most frequent class of each word, in lower case |
| spans | the most frequent place and length | each word as the first or last, by itself, its neighbours and its place |
| trees | a chain from left or right, with the most frequent relation | the better chain, the relation of each word |
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sklearn.dummy import DummyClassifier, DummyRegressor
from sklearn.feature_extraction import DictVectorizer
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MaxAbsScaler

from treeprobe.training.finetuning.examples import TextExample, TokenExample
from treeprobe.training.finetuning.span_baselines import predict_by_words, predict_frequent
from treeprobe.training.finetuning.spans import ContextSpans
from treeprobe.training.finetuning.task import AnyTask
from treeprobe.training.finetuning.texts import TextNumbers
from treeprobe.training.finetuning.tokens import TokenClasses
from treeprobe.training.finetuning.tree_baselines import TREE_BASELINES
from treeprobe.training.finetuning.trees import DependencyTrees
from treeprobe.training.finetuning.words import frequent_labels, most_frequent, word_counts

MAJORITY, BAG_OF_WORDS = "majority", "bag of words"
"""What tables call the baselines."""

_LEARNT_FROM = 20_000
"""Texts to learn from at most, evenly spaced."""

Baseline = Callable[[Sequence[Any], Mapping[str, Sequence[Any]]], dict[str, list[Any]]]
"""From examples to learn from and those to predict, by split, to predictions by split."""


def predict_baselines(task: AnyTask) -> dict[str, dict[str, list[Any]]]:
    """What each baseline predicts for the held-out examples of a task, by baseline and split."""
    return {name: predict(task.train, task.held_out) for name, predict in _baselines(task).items()}


def _baselines(task: AnyTask) -> dict[str, Baseline]:
    """The baselines of a task's shape."""
    if isinstance(task.shape, TokenClasses):
        return {MAJORITY: _frequent_tag, BAG_OF_WORDS: _tag_of_word}
    if isinstance(task.shape, ContextSpans):
        return {MAJORITY: predict_frequent, BAG_OF_WORDS: predict_by_words}
    if isinstance(task.shape, DependencyTrees):
        return dict(TREE_BASELINES)
    numbers = isinstance(task.shape, TextNumbers)
    constant = DummyRegressor() if numbers else DummyClassifier(strategy="most_frequent")
    linear = Ridge() if numbers else LogisticRegression(max_iter=300)
    counted = make_pipeline(DictVectorizer(), MaxAbsScaler(), linear)
    return {MAJORITY: _estimated(constant, lambda _example: 0), BAG_OF_WORDS: _estimated(counted, word_counts)}


def _estimated(estimator: Any, features: Callable[[TextExample], Any]) -> Baseline:
    """The predictions of a scikit-learn estimator from some features of each text."""

    def predict(train: Sequence[TextExample], held_out: Mapping[str, Sequence[TextExample]]) -> dict[str, list[Any]]:
        chosen = train[:: -(-len(train) // _LEARNT_FROM)]
        estimator.fit([features(one) for one in chosen], [one.label for one in chosen])
        return {
            split: estimator.predict([features(one) for one in found]).tolist() for split, found in held_out.items()
        }

    return predict


def _frequent_tag(
    train: Sequence[TokenExample], held_out: Mapping[str, Sequence[TokenExample]]
) -> dict[str, list[tuple[str, ...]]]:
    """The most frequent class for every word."""
    best = most_frequent(Counter(label for one in train for label in one.labels))
    return {split: [(best,) * len(one.words) for one in examples] for split, examples in held_out.items()}


def _tag_of_word(
    train: Sequence[TokenExample], held_out: Mapping[str, Sequence[TokenExample]]
) -> dict[str, list[tuple[str, ...]]]:
    """The most frequent class of each word; of words that training has not seen, that of words seen once."""
    label_of = frequent_labels((word, label) for one in train for word, label in zip(one.words, one.labels))
    return {split: [tuple(map(label_of, one.words)) for one in examples] for split, examples in held_out.items()}
