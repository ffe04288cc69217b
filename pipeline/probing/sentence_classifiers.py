"""Classifiers of whole sentences: linear on frozen states, and the simple baselines beside them."""

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.exceptions import ConvergenceWarning
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler

from treeprobe.parsing import Tally
from treeprobe.parsing.scores.intervals import micro
from treeprobe.parsing.treebanks import Split, document_numbers
from treeprobe.pipeline.probing.sentence_tasks import Task, Texts

PENALTIES = (0.001, 0.01, 0.1)
"""Inverse strengths of the penalty (scikit-learn's C) of which dev chooses one for each classifier; of rare words in a
bag, larger ones."""
WORD_PENALTIES = (0.1, 1.0, 10.0)
_STEPS = 200


@dataclass(frozen=True)
class Classified:
    """What a classifier predicts of the labelled sentences of every split that is scored, and their accuracy."""

    predicted: dict[Split, NDArray[np.str_]]
    task: Task

    def tallies(self, texts: Texts) -> dict[Split, Tally]:
        """Accuracy of each split over all its sentences; those without a label do not count."""
        return {split: _tally(found, self.task, split, texts) for split, found in self.predicted.items()}


def classify_states(task: Task, states: dict[Split, NDArray[np.float32]]) -> Classified:
    """Multinomial logistic regression on the vectors of one layer, (rows, dim) of each split, standardised."""
    features = {split: states[split][task.splits[split].rows] for split in task.splits}
    scaler = StandardScaler().fit(features["train"])
    return _fit(task, {split: scaler.transform(own) for split, own in features.items()}, PENALTIES)


def classify_words(task: Task, texts: Texts) -> Classified:
    """The same on the bag of a sentence's words, lower-cased: which of them it has, in no order."""
    return _classify_bags(
        task, {split: [[word.lower() for word in one.words] for one in texts.banks[split]] for split in task.splits}
    )


def classify_lengths(task: Task, texts: Texts) -> Classified:
    """The same on the number of words alone."""
    return _classify_bags(
        task, {split: [[str(len(one)), "longer"] for one in texts.banks[split]] for split in task.splits}
    )


def majority(task: Task, texts: Texts) -> Classified:
    """The most frequent class of the training sentences for all; no text is read."""
    classes, counts = np.unique(task.splits["train"].labels, return_counts=True)
    most = classes[counts.argmax()]
    return Classified(
        {split: np.full(len(own.rows), most) for split, own in task.splits.items() if split != "train"}, task
    )


def _classify_bags(task: Task, bags: dict[Split, list[list[str]]]) -> Classified:
    """Logistic regression on which of some tokens a sentence has."""
    own = {split: [bags[split][row] for row in labelled.rows] for split, labelled in task.splits.items()}
    counter = CountVectorizer(analyzer=list, binary=True).fit(own["train"])
    return _fit(task, {split: counter.transform(some) for split, some in own.items()}, WORD_PENALTIES)


def _fit(task: Task, features: dict[Split, Any], penalties: Sequence[float]) -> Classified:
    """Fit on the training split with each penalty, keep what does best on dev, and predict what is scored."""
    model = LogisticRegression(tol=1e-3, max_iter=_STEPS, warm_start=True)
    best: tuple[float, dict[Split, NDArray[np.str_]]] | None = None
    for penalty in sorted(penalties):
        model.set_params(C=penalty)
        with warnings.catch_warnings():
            # Where it has not converged after so many steps, dev is what stops it.
            warnings.simplefilter("ignore", ConvergenceWarning)
            model.fit(features["train"], task.splits["train"].labels)
        predicted: dict[Split, NDArray[np.str_]] = {
            split: model.predict(own) for split, own in features.items() if split != "train"
        }
        right = float(np.mean(predicted["dev"] == task.splits["dev"].labels))
        if best is None or right > best[0]:
            best = right, predicted
    assert best is not None
    return Classified(best[1], task)


def _tally(predicted: NDArray[np.str_], task: Task, split: Split, texts: Texts) -> Tally:
    labelled, count = task.splits[split], len(texts.shifted[split])
    right, counted = np.zeros(count), np.zeros(count)
    counted[labelled.sentences] = 1
    right[labelled.sentences] = predicted == labelled.labels
    return micro("accuracy", right, counted, documents=document_numbers(list(texts.banks[split])[:count]))
