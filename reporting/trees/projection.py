"""Points of a probe's space brought down to two or three dimensions so that their distances show."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.spatial.distance import pdist, squareform
from sklearn.manifold import smacof

Method = Literal["mds", "pca"]


@dataclass(frozen=True)
class Projection:
    """Where the words fall, `points` (words, dimensions), and how far that is from the truth.

    `stress` is Kruskal's stress-1 (1964): sqrt(Σ (d - d̂)² / Σ d²) over pairs, 0 when every distance is kept.
    """

    points: NDArray[np.float64]
    method: Method
    stress: float


def project(points: ArrayLike, *, dimensions: int = 2, method: Method = "mds") -> Projection:
    """Bring points (words, rank) down to `dimensions`, keeping their distances as well as a picture can.

    "pca" turns the cloud to its widest directions (Pearson 1901; the same as classical scaling of its distances).
    "mds", the default, starts there and then moves points until the distances between them are as near to those of the
    probe's space as least squares brings them (SMACOF, de Leeuw 1977), so its stress is never above PCA's. Signs are
    fixed, so equal points give equal pictures. Raises ValueError unless points are (words, rank) and finite.
    """
    cloud = np.asarray(points, dtype=float)
    if cloud.ndim != 2:
        raise ValueError(f"expected points, (words, rank); found shape {cloud.shape}")
    if not np.isfinite(cloud).all():
        word = int(np.flatnonzero(~np.isfinite(cloud).all(axis=1))[0])
        raise ValueError(f"the point of word {word + 1} is not finite; expected finite numbers")
    flat = principal(cloud, dimensions)
    truth = pdist(cloud)
    if method == "mds" and len(cloud) > dimensions + 1:
        moved, _ = smacof(squareform(truth), n_components=dimensions, init=flat, n_init=1, max_iter=500, eps=1e-6)
        flat = moved if stress(truth, pdist(moved)) < stress(truth, pdist(flat)) else flat
    return Projection(flat, method, stress(truth, pdist(flat)))


def principal(cloud: NDArray[np.float64], dimensions: int) -> NDArray[np.float64]:
    """Coordinates along the widest directions, padded with zeros; the largest of each direction is positive."""
    centred = cloud - cloud.mean(axis=0) if len(cloud) else cloud
    left, widths, _ = np.linalg.svd(centred, full_matrices=False)
    scores = (left * widths)[:, :dimensions]
    if len(scores):
        largest = np.abs(scores).argmax(axis=0)
        scores = scores * np.where(scores[largest, np.arange(scores.shape[1])] < 0, -1.0, 1.0)
    return np.pad(scores, ((0, 0), (0, dimensions - scores.shape[1])))


def stress(truth: NDArray[np.float64], shown: NDArray[np.float64]) -> float:
    """Root of the squared error of the distances shown over the squares of the true ones, both (pairs,); 0 is exact."""
    total = float((truth**2).sum())
    return float(np.sqrt(((truth - shown) ** 2).sum() / total)) if total else 0.0
