"""Languages as points of a plane, near each other where their probes share much."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from treeprobe.pipeline.atlas.reading import Charted
from treeprobe.pipeline.atlas.tables import matrix

LOSS, ANGLE = "transfer loss", "angle"
"""What the column `by` calls the two distances."""
FEWEST = 3
"""Languages of which a map says more than their one distance."""
_COLUMNS = ["checkpoint", "by", "treebank", "x", "y", "share"]


@dataclass(frozen=True)
class Scaled:
    """Points of classical scaling, (points, 2), and how much of the squared distances they keep, 0 to 1."""

    points: NDArray[np.float64]
    share: float


def classical_scaling(distances: NDArray[np.floating[Any]]) -> Scaled:
    """Points of a plane whose distances are as near to given ones as classical scaling brings them (Torgerson 1952).

    The eigenvectors of the doubly centred squares, each times the root of its eigenvalue; `share` is that of the two in
    the sum of all absolute eigenvalues (Mardia et al. 1979, chapter 14). Each axis points to where its longest point
    lies, so that equal distances give equal maps.

    Args:
        distances: (points, points), symmetric, 0 on the diagonal.
    """
    squares = np.square(np.asarray(distances, dtype=np.float64))
    centred = squares - squares.mean(axis=0) - squares.mean(axis=1, keepdims=True) + squares.mean()
    values, vectors = np.linalg.eigh(-centred / 2)
    kept, axes = values[::-1][:2].clip(min=0), vectors[:, ::-1][:, :2]
    points = axes * np.sqrt(kept)
    longest = np.abs(points).argmax(axis=0)
    signs = np.where(points[longest, [0, 1]] < 0, -1.0, 1.0)
    total = float(np.abs(values).sum())
    return Scaled(points * signs, float(kept.sum()) / total if total else 1.0)


def map_rows(charted: Sequence[Charted], transfer: pd.DataFrame, angles: pd.DataFrame) -> pd.DataFrame:
    """A map of each checkpoint's languages by transfer loss, and one by angle.

    Transfer loss between two languages is the mean of both directions, in points of UUAS as a fraction; one below 0,
    where probes of another language did better, counts as 0. A language without a distance to each of the others is
    left out, and a map of fewer than `FEWEST` is not made.
    """
    rows = [
        row
        for one in charted
        for by, table in ((LOSS, loss_distances(one, transfer)), (ANGLE, angle_distances(one, angles)))
        for row in _points(one.checkpoint, by, table)
    ]
    return pd.DataFrame(rows, columns=_COLUMNS)


def loss_distances(one: Charted, transfer: pd.DataFrame) -> pd.DataFrame:
    """Languages by languages: the mean of the losses in both directions, none below 0."""
    own = transfer[transfer["checkpoint"] == one.checkpoint]
    losses = matrix(own, one.languages, values="loss", rows="trained_on", columns="treebank")
    return ((losses + losses.T) / 2).clip(lower=0)


def angle_distances(one: Charted, angles: pd.DataFrame) -> pd.DataFrame:
    """Languages by languages: mean principal angles in degrees, 0 on the diagonal."""
    own = angles[(angles["checkpoint"] == one.checkpoint) & (angles["first"] != angles["second"])]
    half = matrix(own, one.languages, values="angle", rows="first", columns="second")
    found = half.fillna(half.T).to_numpy(copy=True)
    np.fill_diagonal(found, 0.0)
    return pd.DataFrame(found, index=half.index, columns=half.columns)


def complete(distances: pd.DataFrame) -> pd.DataFrame:
    """The distances among languages that have one to each of the others: those that lack most are left out first."""
    while (lacking := distances.isna().sum(axis="columns")).any():
        worst = lacking.idxmax()
        distances = distances.drop(index=worst, columns=worst)
    return distances


def _points(checkpoint: str, by: str, distances: pd.DataFrame) -> Iterator[dict[str, Any]]:
    known = complete(distances)
    if len(known) < FEWEST:
        return
    found = classical_scaling(known.to_numpy(dtype=float))
    for language, (x, y) in zip(known.index, found.points, strict=True):
        yield {"checkpoint": checkpoint, "by": by, "treebank": language, "x": x, "y": y, "share": found.share}
