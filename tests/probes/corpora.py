"""Random trees, the exact embedding of a tree, and noisy vectors that hold one."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

WIDTH = 24


@dataclass(frozen=True)
class Corpus:
    """Random trees with vectors that are an unknown linear map of the exact embedding; columns as a treebank has."""

    heads: list[NDArray[Any]]
    relations: list[list[str]]
    exact: list[NDArray[Any]]
    vectors: list[NDArray[Any]]
    distances: list[NDArray[Any]]
    depths: list[NDArray[Any]]

    @property
    def trees(self) -> list["Tree"]:
        return [Tree(*each) for each in zip(self.distances, self.relations, self.heads)]

    @property
    def bank(self) -> "Bank":
        return Bank(self)


@dataclass(frozen=True)
class Tree:
    """A sentence's gold tree, as the families that predict trees ask for it."""

    distances: NDArray[Any]
    relations: list[str]
    heads: NDArray[Any]


class Bank(list[Tree]):
    """A treebank: a list of trees with two columns."""

    def __init__(self, corpus: Corpus) -> None:
        super().__init__(corpus.trees)
        self.distances, self.depths = corpus.distances, corpus.depths


class LayeredStates:
    """Several layers in memory, which note how many sentences each read asks for, and of which layers."""

    def __init__(self, layers: list[list[NDArray[Any]]]) -> None:
        self.stack = layers
        self.layers = tuple(range(len(layers)))
        self.lengths = np.array([len(one) for one in layers[0]])
        self.dim = layers[0][0].shape[1]
        self.identity = {"checkpoint": {"name": "made up", "digest": "abc"}}
        self.reads: list[tuple[tuple[int, ...], int]] = []

    def __len__(self) -> int:
        return len(self.lengths)

    def read(self, sentences: Any, layers: Any = None) -> NDArray[Any]:
        wanted = tuple(self.layers if layers is None else layers)
        rows = np.arange(len(self))[sentences]
        self.reads.append((wanted, len(rows)))
        return np.stack([np.concatenate([self.stack[layer][i] for i in rows]) for layer in wanted]).astype(np.float32)

    def sentences_read(self, layer: int) -> int:
        """Sentences that were read of a layer, each as often as it was read."""
        return sum(sentences for layers, sentences in self.reads if layer in layers)


def random_heads(words: int, generator: np.random.Generator) -> NDArray[Any]:
    """A random recursive tree with its words shuffled."""
    names = generator.permutation(words)
    heads = np.full(words, -1)
    for place in range(1, words):
        heads[names[place]] = names[generator.integers(place)]
    return heads


def exact_embedding(heads: NDArray[Any], *, width: int) -> NDArray[Any]:
    """One unit vector for each edge on a word's path to the root, (words, width)."""
    embedding = np.zeros((len(heads), width), dtype=np.float32)
    for word in range(len(heads)):
        at = word
        while heads[at] >= 0:
            embedding[word, at] = 1
            at = heads[at]
    return embedding


def walk_distances(heads: NDArray[Any]) -> NDArray[Any]:
    """Tree distances by Floyd and Warshall: slow and plain."""
    words = len(heads)
    distances = np.where(np.eye(words, dtype=bool), 0, 10**6)
    for word, head in enumerate(heads):
        if head >= 0:
            distances[word, head] = distances[head, word] = 1
    for middle in range(words):
        distances = np.minimum(distances, distances[:, [middle]] + distances[[middle]])
    return distances


def make_corpus(sentences: int, *, seed: int, width: int = WIDTH, noise: float = 0.0) -> Corpus:
    generator = np.random.default_rng(seed)
    heads = [random_heads(int(generator.integers(2, 13)), generator) for _ in range(sentences)]
    exact = [exact_embedding(each, width=width) for each in heads]
    # One map for every seed, so that what is learned on one corpus holds on another.
    mixing = np.random.default_rng(0).normal(size=(width, width)).astype(np.float32)
    vectors = [(each @ mixing + noise * generator.normal(size=each.shape)).astype(np.float32) for each in exact]
    distances = [walk_distances(each) for each in heads]
    depths = [matrix[int(np.flatnonzero(each < 0)[0])] for matrix, each in zip(distances, heads)]
    relations = [["root" if head < 0 else "even" if head % 2 == 0 else "odd" for head in each] for each in heads]
    return Corpus(heads, relations, exact, vectors, distances, depths)
