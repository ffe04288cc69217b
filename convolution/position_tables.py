"""Position codes changed in one respect, to run a model with: `edit_positions(encoder, table)`.

A code is an array (positions, dim), one vector per position; each function returns another of the same shape.
"""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from treeprobe.convolution.position_codes import power_spectrum, sinusoidal_code

Floats = NDArray[np.float64]


def without_positions(code: ArrayLike) -> Floats:
    """Every position with the mean of all vectors: what is left where order is taken away and the scale is not."""
    given = np.asarray(code, np.float64)
    return np.tile(given.mean(0), (len(given), 1))


def shuffled_code(code: ArrayLike, *, seed: int = 0) -> Floats:
    """The same vectors at other positions: each is told apart, and none from its place."""
    given = np.asarray(code, np.float64)
    return given[np.random.default_rng(seed).permutation(len(given))]


def shifted_code(code: ArrayLike, *, by: int = 1) -> Floats:
    """Each position with the vector of the one `by` places on: every offset stays as it was.

    The last positions, which nothing follows, keep the last vector.

    Raises:
        ValueError: a shift below 0, or by all positions.
    """
    given = np.asarray(code, np.float64)
    if not 0 <= by < len(given):
        raise ValueError(f"a shift by {by} of {len(given)} positions; expected at least 0 and fewer than these")
    return given[np.minimum(np.arange(len(given)) + by, len(given) - 1)]


def matched_sinusoids(code: ArrayLike) -> Floats:
    """The sinusoids of Vaswani et al. (2017) with the mean and the total variance of a code, as its replacement.

    A model adds positions to words, so a code of another size would drown them, or be drowned.
    """
    given = np.asarray(code, np.float64)
    positions, dim = given.shape
    waves = sinusoidal_code(positions, dim + dim % 2)[:, :dim]
    waves -= waves.mean(0)
    variance = ((given - given.mean(0)) ** 2).sum()
    return given.mean(0) + waves * np.sqrt(variance / np.maximum((waves**2).sum(), 1e-30))


def strongest_frequencies(code: ArrayLike, count: int) -> Floats:
    """A code put together again from its mean and its strongest frequencies alone, by the Fourier transform.

    A frequency is as strong as its variance over all dimensions (`power_spectrum`); the same ones are kept in every
    dimension, so what is left of the variance is `cumulative_share(power_spectrum(code))[count - 1]`.

    Args:
        code: (positions, dim).
        count: frequencies to keep; 0 leaves the mean alone.

    Raises:
        ValueError: the code has fewer frequencies.
    """
    given = np.asarray(code, np.float64)
    strength = power_spectrum(given).sum(1)
    if not 0 <= count <= len(strength):
        raise ValueError(f"{count} frequencies of a code that has {len(strength)}, by {len(given)} positions")
    spectrum = np.fft.rfft(given, axis=0)
    kept = np.zeros(len(spectrum), bool)
    kept[[0, *(1 + np.argsort(-strength, kind="stable")[:count])]] = True
    return np.fft.irfft(np.where(kept[:, None], spectrum, 0), n=len(given), axis=0)
