"""What fixed weights of losses are made of: how well a constant does."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray


def constant_error(column: Sequence[NDArray[Any]]) -> float:
    """Loss of the best constant prediction of distances or depths: mean over sentences of the mean absolute error.

    Args:
        column: gold values, one array a sentence.
    """
    values = np.concatenate([each.ravel() for each in column]).astype(np.float64)
    weights = np.concatenate([np.full(each.size, 1 / each.size / len(column)) for each in column])
    order = np.argsort(values, kind="stable")
    median = values[order][np.searchsorted(np.cumsum(weights[order]), 0.5)]
    return float(weights @ np.abs(values - median))


def constant_surprise(relations: Sequence[Sequence[str]]) -> float:
    """The same of relations: their cross-entropy in nats where every word has the same probabilities."""
    weights = np.concatenate([np.full(len(each), 1 / len(each) / len(relations)) for each in relations])
    _, places = np.unique(np.concatenate([np.asarray(each) for each in relations]), return_inverse=True)
    shares = np.bincount(places, weights=weights)
    return float(-(shares * np.log(shares)).sum())
