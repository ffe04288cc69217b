"""What position codes encode of order: learned embeddings, sinusoids, and random vectors as a control.

A code is an array (positions, dim), one vector per position.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy.signal import periodogram
from sklearn.linear_model import RidgeCV
from sklearn.metrics import r2_score
from sklearn.metrics.pairwise import cosine_similarity
from sklearn.model_selection import KFold, cross_val_predict

Floats = NDArray[np.float64]

FREQUENCIES = 8
"""Strongest frequencies whose share of a code's variance is reported."""

PENALTIES = np.logspace(-6, 6, 13)
"""Ridge penalties to choose from, by leave-one-out error."""


@dataclass(frozen=True)
class PositionCode:
    """A position code and its properties; R² are of held-out positions."""

    name: str
    similarity: Floats
    """(positions, positions) cosines."""
    spectrum: Floats
    """(frequencies, dim) share of each dimension's variance at each frequency, from 1 cycle over all positions."""
    cumulative: Floats
    """(frequencies,) share of the code's total variance in its strongest 1, 2, 3 … frequencies."""
    position: float
    """R² of a linear probe of the position."""
    offset: float
    """R² of a linear probe of j − i from the vectors of i and j, both held out."""
    shift: float
    """R² of a linear map from a position's vector to the next position's."""

    @property
    def row(self) -> dict[str, Any]:
        """A row of the table of codes; `held` is the share of variance in the strongest `FREQUENCIES` frequencies."""
        held = float(self.cumulative[:FREQUENCIES][-1])
        return {"code": self.name, "held": held, "position": self.position, "offset": self.offset, "shift": self.shift}


def sinusoidal_code(positions: int, dim: int) -> Floats:
    """The code of Vaswani et al. (2017), section 3.5: sines in even dimensions, cosines in odd ones.

    Returns:
        (positions, dim).

    Raises:
        ValueError: `dim` is odd.
    """
    if dim % 2:
        raise ValueError(f"a sinusoidal code has an even number of dimensions, found {dim}")
    angle = np.arange(positions)[:, None] / 10_000 ** (np.arange(0, dim, 2) / dim)
    return np.stack([np.sin(angle), np.cos(angle)], axis=-1).reshape(positions, dim)


def random_code(positions: int, dim: int, *, seed: int = 0) -> Floats:
    """Independent standard normal vectors, (positions, dim), which encode nothing of order."""
    return np.random.default_rng(seed).standard_normal((positions, dim))


def describe_code(code: ArrayLike, name: str, *, seed: int = 0) -> PositionCode:
    """The properties of a code.

    Args:
        code: (positions, dim).
        name: of the code, for tables.
        seed: seed of the split of positions by which offsets are probed.

    Raises:
        ValueError: fewer than 10 positions, another shape, or values that are not finite.
    """
    code = np.asarray(code, np.float64)
    if code.ndim != 2 or len(code) < 10 or not np.isfinite(code).all():
        raise ValueError(f"expected a finite array (positions, dim) of 10 positions or more, found shape {code.shape}")
    power = power_spectrum(code)
    return PositionCode(
        name,
        cosine_similarity(code),
        power / np.maximum(power.sum(0), 1e-30),
        cumulative_share(power),
        _ridge_r2(code, np.arange(len(code), dtype=np.float64)),
        offset_r2(code, seed=seed),
        _ridge_r2(code[:-1], code[1:]),
    )


def compare_codes(codes: Mapping[str, ArrayLike]) -> tuple[list[PositionCode], pd.DataFrame]:
    """Describe several codes.

    Args:
        codes: name -> (positions, dim).

    Returns:
        The properties of each, and a table with one row per code: code, held, position, offset, shift.

    Raises:
        ValueError: as `describe_code` does.
    """
    described = [describe_code(code, name) for name, code in codes.items()]
    return described, pd.DataFrame([code.row for code in described])


def power_spectrum(code: Floats) -> Floats:
    """(frequencies, dim) variance of each dimension at each frequency, from 1 cycle over all positions upward.

    The one-sided periodogram of each dimension along positions; summed over frequencies it is the dimension's variance
    (Parseval).
    """
    _, power = periodogram(code, axis=0, detrend=False, scaling="spectrum")
    return power[1:]


def cumulative_share(power: Floats) -> Floats:
    """(frequencies,) share of a spectrum's total variance in its strongest 1, 2, 3 … frequencies."""
    strongest = np.sort(power.sum(1))[::-1]
    return np.cumsum(strongest) / max(strongest.sum(), 1e-30)


def offset_r2(code: Floats, *, seed: int = 0) -> float:
    """R² of a linear probe of j − i from two vectors, over all pairs of positions that it was not fitted to.

    A probe that is linear in both vectors and right for i = j is linear in their difference. Over all pairs, its
    squared errors sum to 2n times those of a probe of the position, less their mean: the best probe of offsets is the
    best probe of positions, with its intercept unused. Each half of the positions is probed by a fit to the other.
    """
    order = np.random.default_rng(seed).permutation(len(code))
    scores = []
    for held_out, fit_on in ((order[::2], order[1::2]), (order[1::2], order[::2])):
        errors = RidgeCV(PENALTIES).fit(code[fit_on], fit_on).predict(code[held_out]) - held_out
        scores.append(1 - errors.var() / held_out.var())
    return float(np.mean(scores))


def _ridge_r2(inputs: Floats, targets: Floats) -> float:
    """Cross-validated R² of ridge regression; folds are shuffled, so that it need not extrapolate."""
    folds = KFold(5, shuffle=True, random_state=0)
    predicted = cross_val_predict(RidgeCV(PENALTIES), inputs, targets, cv=folds)
    return float(r2_score(targets, predicted, multioutput="variance_weighted"))
