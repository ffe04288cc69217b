"""Dependency trees given by their heads: checks, and what follows from them as arrays.

Heads are (words,) integers: the head of each word, words counted from 0, and -1 for the root.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

Heads = Sequence[int] | NDArray[np.int64]


def check_heads(heads: ArrayLike) -> NDArray[np.int64]:
    """Check that heads form a tree with one root.

    Args:
        heads: One head for each word, (words,).

    Returns:
        The heads as an array, (words,).

    Raises:
        ValueError: For a head outside the sentence, no root or several, or a cycle, whose words are listed. The message
            counts words from 1, as a CoNLL-U file does.
    """
    array = np.asarray(heads)
    if array.ndim != 1 or (array.size and array.dtype.kind not in "iu"):
        raise ValueError(f"heads have shape {array.shape} and type {array.dtype}; expected one integer for each word")
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
        found = ", ".join(str(root + 1) for root in roots) or "none"
        raise ValueError(f"expected one root (a word with head 0); found {found}")
    cycle = _find_cycle(array)
    if cycle:
        raise ValueError(f"words {' → '.join(str(word + 1) for word in cycle)} form a cycle; expected a tree")
    return array


def chain_distances(words: int) -> NDArray[np.int64]:
    """Distances in the left-to-right chain, in which each word is joined to the next, (words, words)."""
    positions = np.arange(words)
    return np.abs(np.subtract.outer(positions, positions))


def tree_depths(heads: Heads) -> NDArray[np.int64]:
    """Number of edges from each word to the root, (words,).

    Raises:
        ValueError: If the heads contain a cycle.
    """
    array = np.asarray(heads, dtype=np.int64)
    depths = np.zeros(len(array), dtype=np.int64)
    ancestor = array.copy()
    while (below_root := ancestor >= 0).any():
        depths += below_root
        if depths.max() >= len(array):
            check_heads(array)
        ancestor = np.where(below_root, array[ancestor], -1)
    return depths


def tree_distances(heads: Heads | Sequence[Heads]) -> NDArray[np.int64]:
    """Number of edges on the path between every two words.

    Let A be the ancestor matrix, in which every word is its own ancestor. A Aᵀ counts the ancestors that two words
    share, one more than the depth of their lowest common ancestor, so that
    d(i, j) = depth(i) + depth(j) - 2 (shared(i, j) - 1).

    Args:
        heads: The heads of one sentence, (words,), or of equally long sentences, (sentences, words), which are solved
            together much faster than one by one.

    Returns:
        Distances, (words, words) or (sentences, words, words).

    Raises:
        ValueError: If the heads contain a cycle.
    """
    ancestors = _ancestor_matrix(heads)
    shared = ancestors @ ancestors.swapaxes(-1, -2)
    depths = shared.diagonal(axis1=-2, axis2=-1)
    return (depths[..., :, None] + depths[..., None, :] - 2 * shared).astype(np.int64)


def head_edges(heads: Heads) -> NDArray[np.int64]:
    """Edges as (head, dependent), (words - 1, 2), ordered by dependent; the root contributes none."""
    array = np.asarray(heads, dtype=np.int64)
    dependents = np.flatnonzero(array >= 0)
    return np.stack([array[dependents], dependents], axis=1)


def tree_edges(heads: Heads) -> NDArray[np.int64]:
    """Undirected edges, (words - 1, 2), the smaller end first, ordered by dependent."""
    return np.sort(head_edges(heads), axis=1)


def projective_arcs(heads: Heads) -> NDArray[np.bool_]:
    """Whether the arc into each word is projective, (words,).

    An arc is projective when its head is an ancestor of every word between its ends; the root's arc always is. A tree
    is projective when all its arcs are.
    """
    array = np.asarray(heads, dtype=np.int64)
    words = np.arange(len(array))
    descendants = np.zeros((len(array) + 1, len(array)), dtype=np.int64)
    descendants[1:] = _ancestor_matrix(array).cumsum(axis=0)
    left, right = np.minimum(array, words), np.maximum(array, words)
    between = descendants[right, array] - descendants[left + 1, array]
    return (array < 0) | (between == right - left - 1)


def _find_cycle(heads: NDArray[np.int64]) -> list[int]:
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


def _ancestor_matrix(heads: Any) -> NDArray[np.float32]:
    """1 where the column's word is an ancestor of the row's word or that word itself, (..., words, words)."""
    array = np.asarray(heads, dtype=np.int64)
    words = array.shape[-1]
    flat = array.reshape(array.size // max(words, 1), words)
    # All trees are climbed at once as one forest. Each has one node more, above its root and its own parent, so that
    # climbing on from the root needs no special case.
    above = np.arange(len(flat))[:, None] * (words + 1) + words
    first = above - words
    parent = np.append(np.where(flat < 0, above, first + flat), above, axis=1).reshape(-1)
    node = (first + np.arange(words)).reshape(-1)
    last = np.repeat(above, words)
    # Where each word's row begins in the matrix, less the first node of its tree: plus a node, that node's entry.
    offset = np.arange(array.size) * (words + 1) - np.repeat(first, words)
    ancestors = np.zeros(array.size * (words + 1), dtype=np.float32)
    steps = 0
    while (node < last).any():
        if steps == words:
            for tree in flat:
                check_heads(tree)
        steps += 1
        ancestors[offset + node] = 1
        node = parent[node]
    return ancestors.reshape(*array.shape, words + 1)[..., :words]
