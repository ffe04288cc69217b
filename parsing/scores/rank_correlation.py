"""Spearman's rank correlation of many rows at once."""

from typing import Any

import numpy as np
from numpy.typing import NDArray


def average_ranks(values: NDArray[Any]) -> NDArray[np.float64]:
    """Ranks along the last axis, from 1; equal values share the mean of their ranks."""
    # Equal values end up with one rank, so their order among themselves, which this sort leaves open, does not matter.
    order = np.argsort(values, axis=-1)
    ordered = np.take_along_axis(values, order, axis=-1)
    place = np.broadcast_to(np.arange(1.0, values.shape[-1] + 1), ordered.shape)
    repeats = ordered[..., 1:] == ordered[..., :-1]
    tied = repeats.any(axis=-1)
    if tied.any():
        # Most rows of predictions have no ties, and then the place in the order is the rank.
        place = place.copy()
        place[tied] = shared_places(repeats[tied])
    ranks = np.empty(values.shape)
    np.put_along_axis(ranks, order, place, axis=-1)
    return ranks


def shared_places(repeats: NDArray[np.bool_]) -> NDArray[np.float64]:
    """The mean place, from 1, of the run of equal values that each place of a sorted row is in, (rows, places).

    `repeats` tells which values, from the second on, equal the one before, (rows, places - 1).
    """
    rows, length = repeats.shape[0], repeats.shape[1] + 1
    place = np.broadcast_to(np.arange(length), (rows, length))
    starts_run, ends_run = np.ones((2, rows, length), dtype=bool)
    starts_run[:, 1:] = ~repeats
    ends_run[:, :-1] = ~repeats
    first = np.maximum.accumulate(np.where(starts_run, place, 0), axis=-1)
    last = np.minimum.accumulate(np.where(ends_run, place, length)[:, ::-1], axis=-1)[:, ::-1]
    return (first + last) / 2 + 1


def centred_ranks(values: NDArray[Any]) -> NDArray[np.float64]:
    """Average ranks along the last axis less their mean, which is known: ranks are 1 to n, ties or not."""
    return average_ranks(values) - (values.shape[-1] + 1) / 2


def correlate_ranks(a: NDArray[np.float64], b: NDArray[np.float64]) -> NDArray[np.float64]:
    """The correlation of centred ranks along the last axis; nan where a side is constant."""
    covariance = np.einsum("...i,...i->...", a, b)
    spread = np.sqrt(np.einsum("...i,...i->...", a, a) * np.einsum("...i,...i->...", b, b))
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(spread > 0, covariance / spread, np.nan)


def spearman(a: NDArray[Any], b: NDArray[Any]) -> NDArray[np.float64]:
    """Spearman's correlation along the last axis; nan where a side is constant, as in scipy."""
    return correlate_ranks(centred_ranks(a), centred_ranks(b))
