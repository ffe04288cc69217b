"""Metrics of predictions with 95 % bootstrap intervals, resampling documents where they are known, or examples."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Generic

import numpy as np
from numpy.typing import NDArray
from scipy.stats import pearsonr, spearmanr
from sklearn.metrics import matthews_corrcoef

from treeprobe.parsing import Score, Tally
from treeprobe.parsing.scores.intervals import RESAMPLES, micro
from treeprobe.parsing.scores.resampling import interval, resampled_clusters, resampling_weights
from treeprobe.parsing.treebanks import document_numbers
from treeprobe.training.finetuning.examples import TextExample, TokenExample
from treeprobe.training.finetuning.shape import E, P


class Metric(ABC, Generic[E, P]):
    """A measure of how good predictions are; higher is better."""

    name: str

    @abstractmethod
    def value(self, examples: Sequence[E], predictions: Sequence[P]) -> float:
        """Its value over examples whose answers are known."""

    @abstractmethod
    def score(self, examples: Sequence[E], predictions: Sequence[P], *, seed: int = 0) -> Score:
        """Its value with its 95 % interval."""


class MeanMetric(Metric[E, P]):
    """A mean over units, such as examples or words."""

    @abstractmethod
    def tally(self, examples: Sequence[E], predictions: Sequence[P]) -> Tally:
        """The counts of each example, for paired differences between predictions."""

    def value(self, examples: Sequence[E], predictions: Sequence[P]) -> float:
        """The mean over all units."""
        return self.tally(examples, predictions).value

    def score(self, examples: Sequence[E], predictions: Sequence[P], *, seed: int = 0) -> Score:
        """The mean over all units with its interval."""
        return self.tally(examples, predictions).score(seed=seed)


@dataclass(frozen=True)
class CountedMean(MeanMetric[E, P]):
    """A mean over units that are counted example by example.

    Attributes:
        name: what tables call it.
        count: the sum of the units' values in an example, and how many units there are.
    """

    name: str
    count: Callable[[E, P], tuple[float, float]]

    def tally(self, examples: Sequence[E], predictions: Sequence[P]) -> Tally:
        """The counts of each example."""
        counted = np.array([self.count(one, found) for one, found in zip(examples, predictions)]).reshape(-1, 2)
        return micro(self.name, counted[:, 0], counted[:, 1], documents=document_numbers(examples))


@dataclass(frozen=True)
class SampleMetric(Metric[TextExample, Any]):
    """A measure that is no mean over examples, such as a correlation; computed anew on each bootstrap sample.

    Attributes:
        name: what tables call it.
        compute: its value from gold and predicted labels, each (examples,); nan where it is not defined.
    """

    name: str
    compute: Callable[[NDArray[Any], NDArray[Any]], float]

    def value(self, examples: Sequence[TextExample], predictions: Sequence[Any]) -> float:
        """The value on all examples."""
        return self.compute(*_arrays(examples, predictions))

    def score(self, examples: Sequence[TextExample], predictions: Sequence[Any], *, seed: int = 0) -> Score:
        """The value on all examples with its interval."""
        gold, found = _arrays(examples, predictions)
        clusters, unit = resampled_clusters(len(gold), document_numbers(examples))
        values = [
            self.compute(gold[drawn], found[drawn])
            for weights in resampling_weights(clusters, resamples=RESAMPLES, seed=seed)
            for drawn in (np.repeat(np.arange(len(gold)), row.astype(np.int64)) for row in weights)
        ]
        low, high = interval(np.array(values), clusters=len(np.unique(clusters)))
        return Score(self.name, self.compute(gold, found), low, high, len(gold), unit)


ACCURACY: MeanMetric[TextExample, str] = CountedMean(
    "accuracy", lambda example, found: (float(example.label == found), 1.0)
)
"""Share of the examples whose class is right."""

WORD_ACCURACY: MeanMetric[TokenExample, tuple[str, ...]] = CountedMean(
    "accuracy",
    lambda example, found: (float(sum(map(str.__eq__, example.labels, found))), float(len(example.labels))),
)
"""Share of the words whose class is right."""


def f1_of(positive: str) -> MeanMetric[TextExample, str]:
    """F1 of one class: harmonic mean of its precision and recall.

    It is twice the true positives by the examples that have the class or are given it, each counted once for both.
    """
    return _F1(
        "f1",
        lambda example, found: (
            2.0 * (example.label == found == positive),
            float((example.label == positive) + (found == positive)),
        ),
    )


class _F1(CountedMean[TextExample, str]):
    """A mean over what has the class or is given it, reported with the number of examples."""

    def score(self, examples: Sequence[TextExample], predictions: Sequence[str], *, seed: int = 0) -> Score:
        return replace(super().score(examples, predictions, seed=seed), n=len(examples))


def _correlation(statistic: Callable[..., Any], gold: NDArray[Any], found: NDArray[Any]) -> float:
    """A correlation coefficient; nan where either side is constant."""
    gold, found = gold.astype(np.float64), found.astype(np.float64)
    if len(gold) < 2 or np.ptp(gold) == 0 or np.ptp(found) == 0:
        return float("nan")
    return float(statistic(gold, found).statistic)


MATTHEWS = SampleMetric("matthews", lambda gold, found: float(matthews_corrcoef(gold, found)))
"""Matthews correlation of gold and predicted classes, in [-1, 1]; 0 for a constant prediction."""

PEARSON = SampleMetric("pearson", lambda gold, found: _correlation(pearsonr, gold, found))
"""Pearson correlation of gold and predicted numbers."""

SPEARMAN = SampleMetric("spearman", lambda gold, found: _correlation(spearmanr, gold, found))
"""Spearman rank correlation of gold and predicted numbers."""


def _arrays(examples: Sequence[TextExample], predictions: Sequence[Any]) -> tuple[NDArray[Any], NDArray[Any]]:
    """Gold and predicted labels, each (examples,)."""
    return np.array([one.label for one in examples]), np.array(predictions)
