"""What a table of position vectors knows of order: learned ones, sinusoids, and random vectors as a control.

A code is an array (positions, dim), one vector a position.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import torch
from numpy.typing import ArrayLike, NDArray
from sklearn.linear_model import RidgeCV
from sklearn.metrics import r2_score
from sklearn.model_selection import KFold, cross_val_predict

from treeprobe.extraction import Encoder

Floats = NDArray[np.float64]

FREQUENCIES = 8
"""How many of a code's frequencies are asked how much of its variance they hold."""

PENALTIES = np.logspace(-6, 6, 13)


@dataclass(frozen=True)
class PositionCode:
    """A code and what can be said of it."""

    name: str
    similarity: Floats
    """(positions, positions) cosines."""
    spectrum: Floats
    """(frequencies, dim) shares of each dimension's variance by frequency, 0 cycles left out."""
    cumulative: Floats
    """(frequencies,) the share of the whole code's variance in its strongest 1, 2, 3 … frequencies."""
    position: float
    """R² on held-out positions of a linear reading of the position."""
    offset: float
    """R² of a linear reading of j − i from the pair's vectors, both positions of a pair held out."""
    shift: float
    """R² on held-out positions of the best linear map from a position's vector to the next one's."""

    @property
    def row(self) -> dict[str, Any]:
        """The numbers alone; `held` is the share of variance in the strongest `FREQUENCIES` frequencies."""
        held = float(self.cumulative[:FREQUENCIES][-1])
        return {"code": self.name, "held": held, "position": self.position, "offset": self.offset, "shift": self.shift}


def position_embeddings(encoder: Encoder) -> Floats:
    """(positions, dim) the learned position embeddings of a checkpoint, rows that no position uses left out.

    Raises:
        ValueError: the model has no such table, as models with rotary or relative positions do not.
    """
    for name, module in encoder.model.named_modules():
        if name.endswith(("position_embeddings", "wpe")) and isinstance(module, torch.nn.Embedding):
            first = 0 if module.padding_idx is None else module.padding_idx + 1
            return module.weight[first:].detach().double().cpu().numpy()
    raise ValueError(
        f"{type(encoder.model).__name__} has no table of learned position embeddings; its positions enter by rotation "
        "or bias. Supported: models with absolute position embeddings (BERT, RoBERTa, DistilBERT, ELECTRA, GPT-2)"
    )


def sinusoidal_code(positions: int, dim: int) -> Floats:
    """(positions, dim) the code of Vaswani et al. (2017), section 3.5: sines in even, cosines in odd dimensions.

    Raises ValueError for an odd `dim`.
    """
    if dim % 2:
        raise ValueError(f"a sinusoidal code has an even number of dimensions, found {dim}")
    angle = np.arange(positions)[:, None] / 10_000 ** (np.arange(0, dim, 2) / dim)
    return np.stack([np.sin(angle), np.cos(angle)], axis=-1).reshape(positions, dim)


def random_code(positions: int, dim: int, *, seed: int = 0) -> Floats:
    """(positions, dim) independent normal vectors, which know nothing of order."""
    return np.random.default_rng(seed).standard_normal((positions, dim))


def describe_code(code: ArrayLike, name: str, *, seed: int = 0) -> PositionCode:
    """Everything that `PositionCode` holds; `ValueError` for a code of fewer than 10 positions."""
    code = np.asarray(code, np.float64)
    if code.ndim != 2 or len(code) < 10 or not np.isfinite(code).all():
        raise ValueError(f"expected a finite array (positions, dim) of 10 positions or more, found shape {code.shape}")
    power = power_spectrum(code)
    return PositionCode(
        name,
        similarity(code),
        power / np.maximum(power.sum(0), 1e-30),
        cumulative_share(power),
        read_position(code),
        read_offset(code, seed=seed),
        read_shift(code),
    )


def compare_codes(codes: Mapping[str, ArrayLike]) -> tuple[list[PositionCode], pd.DataFrame]:
    """Describe codes side by side: the descriptions, and their numbers as a table of one row a code."""
    described = [describe_code(code, name) for name, code in codes.items()]
    return described, pd.DataFrame([code.row for code in described])


def similarity(code: Floats) -> Floats:
    """(positions, positions) cosines between the vectors of positions."""
    unit = code / np.maximum(np.linalg.norm(code, axis=1, keepdims=True), 1e-30)
    return unit @ unit.T


def power_spectrum(code: Floats) -> Floats:
    """(frequencies, dim) variance of each dimension at each frequency, from 1 cycle over all positions upward.

    The discrete Fourier transform of each dimension along positions. Frequencies below the Nyquist stand for
    themselves and their conjugates; summed over frequencies this is the dimension's variance (Parseval).
    """
    count = len(code)
    power = np.abs(np.fft.rfft(code, axis=0)[1:]) ** 2 / count**2
    twice = np.full(len(power), 2.0)
    if count % 2 == 0:
        twice[-1] = 1.0
    return power * twice[:, None]


def cumulative_share(power: Floats) -> Floats:
    """(frequencies,) the share of a whole spectrum's variance in its strongest 1, 2, 3 … frequencies."""
    strongest = np.sort(power.sum(1))[::-1]
    return np.cumsum(strongest) / max(strongest.sum(), 1e-30)


def read_position(code: Floats) -> float:
    """Cross-validated R² of ridge regression from a vector to its position (shuffled folds, so no extrapolation)."""
    return _read(code, np.arange(len(code), dtype=np.float64))


def read_offset(code: Floats, *, seed: int = 0) -> float:
    """R² of a linear reading of j − i from two vectors, for all pairs of positions that training never saw.

    A reading that is linear in both vectors and right for i = j is linear in their difference. Over all pairs the
    squares of its errors add up to 2n times those of a reading of the position, less their mean: the best reading of
    offsets is the best reading of positions, and only its constant goes unused. Each half is read by the other.
    """
    order = np.random.default_rng(seed).permutation(len(code))
    scores = []
    for held, seen in ((order[::2], order[1::2]), (order[1::2], order[::2])):
        errors = RidgeCV(PENALTIES).fit(code[seen], seen).predict(code[held]) - held
        scores.append(1 - errors.var() / held.var())
    return float(np.mean(scores))


def read_shift(code: Floats) -> float:
    """Cross-validated R² of the linear map from each position's vector to its successor's (exact for sinusoids)."""
    return _read(code[:-1], code[1:])


def _read(inputs: Floats, targets: Floats) -> float:
    """Cross-validated R² of ridge regression from one to the other."""
    folds = KFold(5, shuffle=True, random_state=0)
    guessed = cross_val_predict(RidgeCV(PENALTIES), inputs, targets, cv=folds)
    return float(r2_score(targets, guessed, multioutput="variance_weighted"))
