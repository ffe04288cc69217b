"""Projective trees with the highest sum of scores: Eisner's algorithm for many sentences at a time."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from treeprobe.parsing.decoding.decoder import with_root

_Chart = NDArray[Any]


def projective(scores: NDArray[Any], roots: NDArray[Any], *, single_root: bool = True) -> NDArray[np.int64]:
    """Decoder: the projective tree with the highest sum of scores (Eisner 1996).

    No arcs cross, the root's included, which comes from left of the sentence: every word and its descendants form a
    contiguous span. Which of several trees with the same score is returned is not defined.

    Args:
        scores: Arc scores, (sentences, words, words); see `Decoder`.
        roots: Root scores, (sentences, words).
        single_root: Whether exactly one word is the root; otherwise several may be.

    Returns:
        Heads, (sentences, words); -1 for every root.
    """
    sentences, words, _ = scores.shape
    if not words:
        return np.empty((sentences, 0), dtype=np.int64)
    splits = _eisner_chart(with_root(scores, roots, single_root=single_root))
    heads = np.zeros((sentences, words + 1), dtype=np.int64)
    for index in range(sentences):
        _follow_splits([split[index].tolist() for split in splits], heads[index])
    return heads[:, 1:] - 1


def _eisner_chart(scores: NDArray[np.float64]) -> tuple[_Chart, _Chart, _Chart]:
    """Where the best derivation of every span splits.

    A span from s to t is *incomplete* when an arc joins its ends, and *complete* when its dependent end has all its
    dependents; it is *right* when s is the head and *left* when t is. All spans of one width, in all sentences, are
    solved in one step.

    Args:
        scores: Arc scores with the root at position 0, (sentences, positions, positions).

    Returns:
        Split positions of complete right, complete left and incomplete spans, each of the shape of `scores`; incomplete
        spans split at the same position in both directions.
    """
    positions = scores.shape[1]
    complete_right, complete_left = np.zeros_like(scores), np.zeros_like(scores)
    open_right, open_left = np.zeros_like(scores), np.zeros_like(scores)
    split_right, split_left, split_open = (np.zeros(scores.shape, dtype=np.int16) for _ in range(3))
    for width in range(1, positions):
        start = np.arange(positions - width)
        end = start + width
        first, last = start[:, None], end[:, None]
        inner = first + np.arange(width)

        joined = complete_right[:, first, inner] + complete_left[:, inner + 1, last]
        chosen = joined.argmax(axis=2)
        best = np.take_along_axis(joined, chosen[..., None], axis=2)[..., 0]
        open_right[:, start, end] = best + scores[:, start, end]
        open_left[:, start, end] = best + scores[:, end, start]
        split_open[:, start, end] = start + chosen

        rightward = open_right[:, first, inner + 1] + complete_right[:, inner + 1, last]
        chosen = rightward.argmax(axis=2)
        complete_right[:, start, end] = np.take_along_axis(rightward, chosen[..., None], axis=2)[..., 0]
        split_right[:, start, end] = start + chosen + 1

        leftward = complete_left[:, first, inner] + open_left[:, inner, last]
        chosen = leftward.argmax(axis=2)
        complete_left[:, start, end] = np.take_along_axis(leftward, chosen[..., None], axis=2)[..., 0]
        split_left[:, start, end] = start + chosen
    return split_right, split_left, split_open


def _follow_splits(splits: list[list[list[int]]], heads: NDArray[np.int64]) -> None:
    """Write the heads of one sentence into `heads`, following the splits down from the span of the whole sentence."""
    complete_right, complete_left, incomplete = splits
    pending = [(0, len(heads) - 1, True, True)]
    while pending:
        start, end, rightward, complete = pending.pop()
        if start == end:
            continue
        if not complete:
            heads[end if rightward else start] = start if rightward else end
            split = incomplete[start][end]
            pending += [(start, split, True, True), (split + 1, end, False, True)]
        elif rightward:
            split = complete_right[start][end]
            pending += [(start, split, True, False), (split, end, True, True)]
        else:
            split = complete_left[start][end]
            pending += [(start, split, False, True), (split, end, False, False)]
