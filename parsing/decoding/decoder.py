"""Every decoder behind one interface: scores of arcs in, heads out."""

from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from treeprobe.parsing.decoding.checks import groups_of_one_length


class Decoder(Protocol):
    """A decoder of equally long sentences: scores and root scores to heads.

    `scores` are (sentences, words, words), rows heads and columns dependents, higher better, the diagonal not read;
    `roots` are (sentences, words), the score of each word as the root. Returns heads, (sentences, words), words
    numbered from 0 and the root's head -1.
    """

    def __call__(self, scores: NDArray[Any], roots: NDArray[Any], /) -> NDArray[np.int64]:
        """Heads, (sentences, words)."""


def decode(scores: NDArray[Any], *, decoder: Decoder, roots: NDArray[Any] | None = None) -> NDArray[np.int64]:
    """Heads of one sentence, (words,), by `decoder` from `scores` of arcs, (words, words): row the head, column the
    dependent, higher better. `roots`, (words,), score each word as the root; without them all are alike.

    Raises ValueError when the scores are not square and finite, or not what the decoder takes.
    """
    matrix, root_scores = check_scores(scores, roots)
    return decoder(matrix[None], root_scores[None])[0]


def decode_bulk(
    scores: Sequence[NDArray[Any]], *, decoder: Decoder, roots: Sequence[NDArray[Any]] | None = None
) -> list[NDArray[np.int64]]:
    """Heads of many sentences, as `decode` gives them one at a time; equally long sentences are solved together.

    Raises ValueError that names the sentence, counted from 1, and what is wrong with its scores.
    """
    if roots is not None and len(roots) != len(scores):
        raise ValueError(f"root scores for {len(roots)} sentences, scores for {len(scores)}; expected as many of each")
    checked = []
    for index, matrix in enumerate(scores):
        try:
            checked.append(check_scores(matrix, None if roots is None else roots[index]))
        except ValueError as error:
            raise ValueError(f"sentence {index + 1}: {error}") from error
    heads: list[NDArray[np.int64]] = [np.empty(0, dtype=np.int64)] * len(checked)
    for group in groups_of_one_length([len(matrix) for matrix, _ in checked]):
        for index, found in zip(group, decode_group([checked[index] for index in group], group, decoder)):
            heads[index] = found
    return heads


def decode_group(
    group: Sequence[tuple[NDArray[np.float64], NDArray[np.float64]]], numbers: Sequence[int], decoder: Decoder
) -> NDArray[np.int64]:
    """Equally long sentences together; only when the decoder refuses them, one by one to learn which it refuses."""
    try:
        return decoder(np.stack([matrix for matrix, _ in group]), np.stack([roots for _, roots in group]))
    except ValueError:
        for number, (matrix, roots) in zip(numbers, group):
            try:
                decoder(matrix[None], roots[None])
            except ValueError as error:
                raise ValueError(f"sentence {number + 1}: {error}") from error
        raise


def check_scores(scores: NDArray[Any], roots: NDArray[Any] | None) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Scores and root scores as float64, the diagonal set to 0, once they are square, equally long and finite."""
    matrix = np.array(scores, dtype=np.float64)
    if matrix.ndim != 2 or matrix.shape[0] != matrix.shape[1]:
        raise ValueError(f"scores have shape {matrix.shape}; expected (words, words)")
    np.fill_diagonal(matrix, 0.0)
    root_scores = np.zeros(len(matrix)) if roots is None else np.array(roots, dtype=np.float64)
    if root_scores.shape != (len(matrix),):
        raise ValueError(f"root scores have shape {root_scores.shape} for {len(matrix)} words; expected one a word")
    if not np.isfinite(matrix).all():
        head, dependent = (int(k) for k in np.argwhere(~np.isfinite(matrix))[0])
        raise ValueError(
            f"the score of word {head + 1} as head of word {dependent + 1} is {matrix[head, dependent]}; "
            "expected a finite number"
        )
    if not np.isfinite(root_scores).all():
        word = int(np.flatnonzero(~np.isfinite(root_scores))[0])
        raise ValueError(f"the root score of word {word + 1} is {root_scores[word]}; expected a finite number")
    return matrix, root_scores


def with_root(scores: NDArray[Any], roots: NDArray[Any], *, single_root: bool) -> NDArray[np.float64]:
    """Scores with the root as position 0, (sentences, words + 1, words + 1), rescaled so that no order changes.

    A tree over n words has n arcs, so shifting and scaling all of them alike changes no order. With `single_root`, each
    arc that is not the root's gets a bonus larger than all that a second root could win: the best tree then has one
    root, and the order among such trees is untouched (Stanojević & Cohen 2021, "A Root of the Problem").
    """
    sentences, words, _ = scores.shape
    full = np.empty((sentences, words + 1, words + 1))
    full[:, 1:, 1:] = scores
    full[:, 0, 1:] = roots
    # No arc enters the root, and none joins a word to itself: their scores are set to a real arc's and never read.
    full[:, :, 0] = full[:, :1, 1]
    full[:, np.arange(1, words + 1), np.arange(1, words + 1)] = full[:, :1, 1]
    lowest = full.min(axis=(1, 2), keepdims=True)
    spread = full.max(axis=(1, 2), keepdims=True) - lowest
    full = (full - lowest) / np.where(spread > 0, spread, 1.0)
    if single_root:
        full[:, 1:, 1:] += words + 1.0
    return full
