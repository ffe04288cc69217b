"""Projective trees of the highest score: Eisner's algorithm, a stack of sentences at a time."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from treeprobe.parsing.decoding.decoder import with_root

Chart = NDArray[Any]


def projective(scores: NDArray[Any], roots: NDArray[Any], *, single_root: bool = True) -> NDArray[np.int64]:
    """Decoder: the tree with the highest sum of scores among those without crossing arcs (Eisner 1996).

    The root's arc comes from left of the sentence and may not be crossed either, so every word's descendants are
    neighbours. With `single_root` one word is the root. Among trees of one score, any may come out.
    """
    sentences, words, _ = scores.shape
    if not words:
        return np.empty((sentences, 0), dtype=np.int64)
    splits = eisner_chart(with_root(scores, roots, single_root=single_root))
    heads = np.zeros((sentences, words + 1), dtype=np.int64)
    for index in range(sentences):
        follow_splits([split[index].tolist() for split in splits], heads[index])
    return heads[:, 1:] - 1


def eisner_chart(scores: NDArray[np.float64]) -> tuple[Chart, Chart, Chart]:
    """Where the best span over every stretch of positions splits.

    `scores` are (sentences, positions, positions) with the root at position 0. A span from s to t is *complete* when
    its outer end needs nothing more and *incomplete* when an arc joins its ends; *right* when s is the head, *left*
    when t is. Returns splits of complete right, complete left and incomplete spans (whose two directions split alike),
    each of the shape of `scores`. All stretches of one width, in all sentences, are solved in one step.
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


def follow_splits(splits: list[list[list[int]]], heads: NDArray[np.int64]) -> None:
    """Write the heads of one sentence, walking the chart down from the span of the whole sentence."""
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
