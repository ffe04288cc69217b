"""Spearman's rank correlation of many rows at once."""

from typing import Any

import numpy as np
from numpy.typing import NDArray


def average_ranks(values: NDArray[Any]) -> NDArray[np.float64]:
    """Ranks along the last axis, from 1; equal values share the mean of their ranks."""
    # Equal values end up with one rank, so their order among themselves, which this sort leaves open, does not matter.
    order = np.argsort(values, axis=-1)
    ordered = np.take_along_axis(values, order, axis=-1)
    length = values.shape[-1]
    place = np.broadcast_to(np.arange(length), ordered.shape)
    starts_run = np.ones(ordered.shape, dtype=bool)
    starts_run[..., 1:] = ordered[..., 1:] != ordered[..., :-1]
    ends_run = np.ones(ordered.shape, dtype=bool)
    ends_run[..., :-1] = starts_run[..., 1:]
    first = np.maximum.accumulate(np.where(starts_run, place, 0), axis=-1)
    last = np.minimum.accumulate(np.where(ends_run, place, length)[..., ::-1], axis=-1)[..., ::-1]
    ranks = np.empty(values.shape, dtype=np.float64)
    np.put_along_axis(ranks, order, (first + last) / 2 + 1, axis=-1)
    return ranks


def spearman(a: NDArray[Any], b: NDArray[Any]) -> NDArray[np.float64]:
    """Spearman's correlation along the last axis; nan where a side is constant, as in scipy."""
    ranks = average_ranks(np.stack([a, b]))
    # Ranks are 1 to n, ties or not, so their mean is known.
    ranks -= (ranks.shape[-1] + 1) / 2
    ranks_a, ranks_b = ranks
    covariance = (ranks_a * ranks_b).sum(axis=-1)
    spread = np.sqrt((ranks_a**2).sum(axis=-1) * (ranks_b**2).sum(axis=-1))
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(spread > 0, covariance / spread, np.nan)
