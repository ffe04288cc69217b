"""A tree of words as arrays: heads to distances, depths and edges, all at once.

Words are numbered from 0; the root's head is -1.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray


def check_heads(heads: Sequence[int] | ArrayLike) -> NDArray[np.int64]:
    """The heads as an array, once they are known to be a tree with one root.

    Raises ValueError that names the first word at fault: a head outside the sentence, a self-loop, no root, several
    roots, or a cycle (its words are listed). Words are numbered from 1 in the message, as in a CoNLL-U file.
    """
    array = np.asarray(heads)
    if array.ndim != 1 or (array.size and array.dtype.kind not in "iu"):
        raise ValueError(f"heads must be one whole number a word; found shape {array.shape}, {array.dtype}")
    array = array.astype(np.int64)
    words = len(array)
    outside = np.flatnonzero((array < -1) | (array >= words))
    if outside.size:
        word = int(outside[0])
        raise ValueError(
            f"word {word + 1} has head {array[word] + 1}; expected 0 (the root) or a word from 1 to {words}"
        )
    roots = np.flatnonzero(array == -1)
    if words and roots.size != 1:
        named = ", ".join(str(root + 1) for root in roots) or "none"
        raise ValueError(f"expected one root (a word with head 0); found {named}")
    cycle = find_cycle(array)
    if cycle:
        raise ValueError(f"words {' → '.join(str(word + 1) for word in cycle)} form a cycle; expected a tree")
    return array


def find_cycle(heads: NDArray[np.int64]) -> list[int]:
    """The words of one cycle, its first word repeated at the end; empty when every word reaches the root."""
    state = np.zeros(len(heads), dtype=np.int8)
    for start in range(len(heads)):
        path = []
        word = start
        while word >= 0 and state[word] == 0:
            state[word] = 1
            path.append(word)
            word = int(heads[word])
        if word >= 0 and state[word] == 1:
            return [*path[path.index(word) :], word]
        state[path] = 2
    return []


def chain_distances(words: int) -> NDArray[np.int64]:
    """Distances in the left-to-right chain, where each word is joined to the next, (words, words)."""
    places = np.arange(words)
    return np.abs(np.subtract.outer(places, places))


def tree_depths(heads: Sequence[int] | NDArray[np.int64]) -> NDArray[np.int64]:
    """Edges from each word to the root, (words,), of a tree given by its heads, (words,), -1 for the root's.

    Raises ValueError when the heads go round in a cycle.
    """
    array = np.asarray(heads, dtype=np.int64)
    depths = np.zeros(len(array), dtype=np.int64)
    ancestor = array.copy()
    while (above := ancestor >= 0).any():
        depths += above
        if depths.max() >= len(array):
            check_heads(array)
        ancestor = np.where(above, array[ancestor], -1)
    return depths


def tree_distances(heads: Sequence[int] | NDArray[np.int64]) -> NDArray[np.int64]:
    """Edges on the path between every two words, (words, words), of a tree given by its heads, (words,).

    Raises ValueError when the heads go round in a cycle.

    With A the ancestor matrix (a word counts as its own ancestor), A Aᵀ counts shared ancestors, which is one more
    than the depth of the lowest common ancestor; so d(i, j) = depth i + depth j - 2 (shared - 1).
    """
    ancestors = ancestor_matrix(heads)
    shared = ancestors @ ancestors.T
    depths = np.diagonal(shared)
    return (depths[:, None] + depths[None, :] - 2 * shared).astype(np.int64)


def ancestor_matrix(heads: Sequence[int] | NDArray[np.int64]) -> NDArray[np.float32]:
    """1 where the column's word is the row's word or above it, 0 elsewhere, (words, words)."""
    array = np.asarray(heads, dtype=np.int64)
    words = len(array)
    # One column more for "above the root", so that walking up from the root needs no special case.
    ancestors = np.zeros((words, words + 1), dtype=np.float32)
    rows, current, steps = np.arange(words), np.arange(words), 0
    while (current >= 0).any():
        if steps == words:
            check_heads(array)
        steps += 1
        ancestors[rows, current] = 1
        current = np.where(current >= 0, array[current], -1)
    return ancestors[:, :words]


def head_edges(heads: Sequence[int] | NDArray[np.int64]) -> NDArray[np.int64]:
    """The edges of a tree as (head, dependent), (words - 1, 2), ordered by dependent; the root's head is -1."""
    array = np.asarray(heads, dtype=np.int64)
    dependents = np.flatnonzero(array >= 0)
    return np.stack([array[dependents], dependents], axis=1)


def tree_edges(heads: Sequence[int] | NDArray[np.int64]) -> NDArray[np.int64]:
    """The undirected edges of a tree, (words - 1, 2), each with its smaller end first, ordered by dependent."""
    return np.sort(head_edges(heads), axis=1)


def projective_arcs(heads: Sequence[int] | NDArray[np.int64]) -> NDArray[np.bool_]:
    """Whether the arc into each word is projective, (words,): the head is above every word between the two.

    The root's arc comes from outside and is projective. A tree is projective when all its arcs are.
    """
    array = np.asarray(heads, dtype=np.int64)
    words = np.arange(len(array))
    below = np.zeros((len(array) + 1, len(array)), dtype=np.int64)
    below[1:] = ancestor_matrix(array).cumsum(axis=0)
    left, right = np.minimum(array, words), np.maximum(array, words)
    between = below[right, array] - below[left + 1, array]
    return (array < 0) | (between == right - left - 1)
