"""Slow and obvious: every labelled tree of a few words, and the best of them."""

from collections.abc import Callable, Iterator
from functools import cache
from itertools import product

import numpy as np
from numpy.typing import NDArray


def is_tree(heads: tuple[int, ...], *, single_root: bool = True) -> bool:
    """Whether walking up from every word ends at a root."""
    if single_root and heads.count(-1) != 1:
        return False
    for word in range(len(heads)):
        seen = set()
        while word >= 0:
            if word in seen:
                return False
            seen.add(word)
            word = heads[word]
    return True


@cache
def all_trees(words: int, *, single_root: bool = True) -> tuple[tuple[int, ...], ...]:
    """Every way to give each word a head so that a tree results."""
    choices = [[head for head in range(-1, words) if head != word] for word in range(words)]
    return tuple(heads for heads in product(*choices) if is_tree(heads, single_root=single_root))


def crosses(heads: tuple[int, ...]) -> bool:
    """Whether two arcs cross when drawn over the words, the root's arc coming from left of the first."""
    arcs = [(min(head, word), max(head, word)) for word, head in enumerate(heads)]
    return any(a < c < b < d for a, b in arcs for c, d in arcs)


def total(heads: tuple[int, ...], scores: NDArray[np.float64], roots: NDArray[np.float64]) -> float:
    """The score of a tree: its arcs' and its root's."""
    return sum(roots[word] if head < 0 else scores[head, word] for word, head in enumerate(heads))


def best_total(
    scores: NDArray[np.float64],
    roots: NDArray[np.float64],
    *,
    single_root: bool = True,
    allowed: Callable[[tuple[int, ...]], bool] = lambda heads: True,
) -> float:
    """The highest score of any allowed tree."""
    trees: Iterator[tuple[int, ...]] = filter(allowed, all_trees(len(scores), single_root=single_root))
    return max(total(heads, scores, roots) for heads in trees)
