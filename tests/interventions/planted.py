"""Vectors that hold labels and trees exactly, and the closed form of LEACE, slow and obvious."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from treeprobe.probes import DistanceProbe

DIM = 24


def random_heads(words: int, draw: np.random.Generator) -> NDArray[np.int64]:
    """A random tree: each word but the first of a random order hangs on one before it."""
    order, heads = draw.permutation(words), np.full(words, -1)
    for place in range(1, words):
        heads[order[place]] = order[draw.integers(place)]
    return heads


def exact(heads: NDArray[Any], dim: int = DIM) -> NDArray[np.float32]:
    """One unit vector for every edge on the path to the root: squared distances are the tree's."""
    vectors = np.zeros((len(heads), dim), np.float32)
    for word in range(len(heads)):
        at = word
        while heads[at] >= 0:
            vectors[word, at] = 1.0
            at = heads[at]
    return vectors


def oracle_probe(dim: int = DIM) -> DistanceProbe:
    """The probe that reads `exact` vectors as they are."""
    probe = DistanceProbe(rank=dim)
    probe.matrix_, probe.best_epoch_, probe.history_, probe.identity_ = np.eye(dim, dtype=np.float32), 0, [], {}
    return probe


def labelled(words: int, classes: int, dim: int = DIM, seed: int = 0) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Correlated vectors whose class means differ, and their classes, one of them rare."""
    draw = np.random.default_rng(seed)
    labels = draw.choice(classes, words, p=np.array([1.0] * (classes - 1) + [0.02]) / (classes - 1 + 0.02))
    means = draw.normal(size=(classes, dim))
    vectors = (draw.normal(size=(words, dim)) + means[labels]) @ draw.normal(size=(dim, dim)) + 5
    return vectors.astype(np.float32), labels


def leace(vectors: NDArray[Any], features: NDArray[Any]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """P and the mean of x -> m + P (x - m): Belrose et al. (2023), section 4, P = I - W⁺ P_{W Σ_xz} W."""
    x, z = vectors.astype(np.float64), features.astype(np.float64)
    mean = x.mean(0)
    xx, xz = np.cov(x.T, bias=True), (x - mean).T @ (z - z.mean(0)) / len(x)
    values, basis = np.linalg.eigh(xx)
    whiten, unwhiten = (basis * values**power @ basis.T for power in (-0.5, 0.5))
    left, singular, _ = np.linalg.svd(whiten @ xz, full_matrices=False)
    left = left[:, singular > 1e-8]
    return np.eye(len(xx)) - unwhiten @ left @ left.T @ whiten, mean
