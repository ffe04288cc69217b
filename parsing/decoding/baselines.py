"""Baselines that ignore the scores: chains and random trees."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from treeprobe.parsing.decoding.spanning import prim


def chain_from_left(scores: NDArray[Any], roots: NDArray[Any]) -> NDArray[np.int64]:
    """Decoder: the first word is the root and the head of every other word is the one before it."""
    sentences, words, _ = scores.shape
    return np.tile(np.arange(words) - 1, (sentences, 1))


def chain_from_right(scores: NDArray[Any], roots: NDArray[Any]) -> NDArray[np.int64]:
    """Decoder: the last word is the root and the head of every other word is the one after it."""
    sentences, words, _ = scores.shape
    heads = np.arange(1, words + 1)
    heads[-1:] = -1
    return np.tile(heads, (sentences, 1))


@dataclass(frozen=True)
class RandomTrees:
    """Decoder: trees drawn uniformly from all rooted labelled trees, as Prüfer sequences (Prüfer 1918).

    The trees depend on the seed and the shape of the scores alone, not on what was decoded before.
    """

    seed: int = 0

    def __call__(self, scores: NDArray[Any], roots: NDArray[Any], /) -> NDArray[np.int64]:
        """Heads of one tree for each sentence, (sentences, words)."""
        sentences, words, _ = scores.shape
        generator = np.random.default_rng([self.seed, words])
        if not words:
            return np.empty((sentences, 0), dtype=np.int64)
        start = generator.integers(words, size=(sentences,))
        sequences = generator.integers(words, size=(sentences, max(words - 2, 0)))
        return prim(1.0 - _prufer_adjacency(sequences, words), start=start)


def _prufer_adjacency(sequences: NDArray[np.int64], words: int) -> NDArray[np.float64]:
    """Adjacency matrices, (sentences, words, words), of the trees of Prüfer sequences, (sentences, words - 2)."""
    sentences = len(sequences)
    each = np.arange(sentences)
    adjacency = np.zeros((sentences, words, words))
    if words < 2:
        return adjacency
    degree = 1 + (sequences[:, :, None] == np.arange(words)).sum(axis=1)
    for step in range(sequences.shape[1]):
        leaf, neighbour = (degree == 1).argmax(axis=1), sequences[:, step]
        adjacency[each, leaf, neighbour] = adjacency[each, neighbour, leaf] = 1.0
        degree[each, leaf] -= 1
        degree[each, neighbour] -= 1
    last = (degree == 1).argsort(axis=1, kind="stable")[:, -2:]
    adjacency[each, last[:, 0], last[:, 1]] = adjacency[each, last[:, 1], last[:, 0]] = 1.0
    return adjacency
