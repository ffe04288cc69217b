"""Binary bracketings of sentences: the cheapest by a chart of costs, branching ones, and random ones.

A bracketing of n words is (n - 1, 2): the first and the last word of every span of two words or more, the whole
sentence among them. Narrow spans come first, and of one width those further left.
"""

from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

Branching = Literal["left", "right"]


def cheapest_brackets(costs: NDArray[Any]) -> tuple[list[NDArray[np.int64]], NDArray[np.float64]]:
    """The binary bracketing with the lowest sum of costs over its spans, by the algorithm of Cocke, Younger & Kasami.

    All spans of one width are solved in one step, for all charts. Of several splits at the same cost, the first is
    taken.

    Args:
        costs: The cost of each span by its first and last word, (charts, words, words); only entries above the diagonal
            are read.

    Returns:
        The bracketing of each chart, and its sum of costs, (charts,).
    """
    charts, words, _ = costs.shape
    best, splits = np.zeros(costs.shape), np.zeros(costs.shape, dtype=np.int64)
    for width in range(1, words):
        start = np.arange(words - width)
        inner = start[:, None] + np.arange(width)
        halves = best[:, start[:, None], inner] + best[:, inner + 1, (start + width)[:, None]]
        chosen = halves.argmin(axis=2)
        lowest = np.take_along_axis(halves, chosen[..., None], axis=2)[..., 0]
        best[:, start, start + width] = lowest + costs[:, start, start + width]
        splits[:, start, start + width] = start + chosen
    totals = best[:, 0, words - 1] if words else np.zeros(charts)
    return [_follow(chart, words) for chart in splits], totals


def expected_cost(costs: NDArray[Any]) -> NDArray[np.float64]:
    """The mean sum of costs of random bracketings, each span split at any place with the same probability, (charts,).

    Args:
        costs: As in `cheapest_brackets`.
    """
    charts, words, _ = costs.shape
    mean = np.zeros(costs.shape)
    for width in range(1, words):
        start = np.arange(words - width)
        inner = start[:, None] + np.arange(width)
        halves = mean[:, start[:, None], inner] + mean[:, inner + 1, (start + width)[:, None]]
        mean[:, start, start + width] = halves.mean(axis=2) + costs[:, start, start + width]
    return mean[:, 0, words - 1] if words else np.zeros(charts)


def branching_brackets(words: int, *, side: Branching) -> NDArray[np.int64]:
    """The bracketing that branches to one side throughout: to the right, `(a (b (c d)))`."""
    others = np.arange(1, words)
    if side == "left":
        return np.stack([np.zeros_like(others), others], axis=1)
    return np.stack([words - 1 - others, np.full_like(others, words - 1)], axis=1)


def random_brackets(words: int, generator: np.random.Generator) -> NDArray[np.int64]:
    """A random bracketing, each span split at any place with the same probability."""
    splits = np.zeros((words, words), dtype=np.int64)
    for first in range(words):
        for last in range(first + 1, words):
            splits[first, last] = generator.integers(first, last)
    return _follow(splits, words)


def heads_of_brackets(brackets: NDArray[np.int64], words: int, *, head: Branching) -> NDArray[np.int64]:
    """Dependencies of a binary bracketing, if the head of every span is that of its left half, or of its right half.

    Args:
        brackets: The bracketing.
        words: Words of the sentence.
        head: Which half; the head of the other half depends on its head.

    Returns:
        Heads, (words,); -1 for the root. The tree is projective.
    """
    heads = np.full(words, -1, dtype=np.int64)
    # Of the widest span so far that begins at each word: its last word and its head.
    ends, tops = np.arange(words), np.arange(words)
    for first, last in brackets.tolist():
        left, right = tops[first], tops[ends[first] + 1]
        head_, dependent = (left, right) if head == "left" else (right, left)
        heads[dependent] = head_
        ends[first], tops[first] = last, head_
    return heads


def _follow(splits: NDArray[np.int64], words: int) -> NDArray[np.int64]:
    """The spans below the whole sentence, each split after the word that the chart names."""
    spans = []
    pending = [(0, words - 1)] if words > 1 else []
    while pending:
        first, last = pending.pop()
        spans.append((first, last))
        split = int(splits[first, last])
        pending += [half for half in ((first, split), (split + 1, last)) if half[0] < half[1]]
    return np.array(sorted(spans, key=lambda span: (span[1] - span[0], span)), dtype=np.int64).reshape(-1, 2)
