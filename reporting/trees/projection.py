"""Projection of a probe's space to two or three dimensions that preserves distances as well as possible."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.spatial.distance import pdist, squareform
from sklearn.manifold import smacof

Method = Literal["mds", "pca"]


@dataclass(frozen=True)
class Projection:
    """Projected points, (words, dimensions), the method, and how well distances are preserved.

    `stress` is Kruskal's stress-1 (1964): sqrt(Σ (d - d̂)² / Σ d²) over all pairs, 0 if every distance is preserved.
    """

    points: NDArray[np.float64]
    method: Method
    stress: float


def project(points: ArrayLike, *, dimensions: int = 2, method: Method = "mds") -> Projection:
    """Project points to few dimensions. Signs are fixed, so equal points give equal figures.

    Args:
        points: (words, rank).
        dimensions: Of the projection.
        method: "pca" projects on the first principal components (Pearson 1901; the same as classical scaling of the
            distances). "mds" starts there and minimises the squared error of the distances (SMACOF, de Leeuw 1977),
            so its stress is never above that of "pca".

    Raises:
        ValueError: Points that are not (words, rank), or not finite.
    """
    cloud = np.asarray(points, dtype=float)
    if cloud.ndim != 2:
        raise ValueError(f"expected points, (words, rank); found shape {cloud.shape}")
    if not np.isfinite(cloud).all():
        word = int(np.flatnonzero(~np.isfinite(cloud).all(axis=1))[0])
        raise ValueError(f"points[{word}] is not finite; expected finite coordinates")
    projected = _principal_components(cloud, dimensions)
    distances = pdist(cloud)
    if method == "mds" and len(cloud) > dimensions + 1:
        moved, _ = smacof(
            squareform(distances), n_components=dimensions, init=projected, n_init=1, max_iter=500, eps=1e-6
        )
        if _stress(distances, pdist(moved)) < _stress(distances, pdist(projected)):
            projected = moved
    return Projection(projected, method, _stress(distances, pdist(projected)))


def _principal_components(cloud: NDArray[np.float64], dimensions: int) -> NDArray[np.float64]:
    """Scores on the first components, padded with zeros; the score of largest magnitude of each is positive."""
    centred = cloud - cloud.mean(axis=0) if len(cloud) else cloud
    left, singular, _ = np.linalg.svd(centred, full_matrices=False)
    scores = (left * singular)[:, :dimensions]
    if len(scores):
        largest = np.abs(scores).argmax(axis=0)
        scores = scores * np.where(scores[largest, np.arange(scores.shape[1])] < 0, -1.0, 1.0)
    return np.pad(scores, ((0, 0), (0, dimensions - scores.shape[1])))


def _stress(distances: NDArray[np.float64], shown: NDArray[np.float64]) -> float:
    """Kruskal's stress-1 of the distances shown, both (pairs,)."""
    total = float((distances**2).sum())
    return float(np.sqrt(((distances - shown) ** 2).sum() / total)) if total else 0.0
