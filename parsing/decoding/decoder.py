"""The interface of decoders, arc scores to heads, and its use on one sentence or many."""

from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from treeprobe.parsing.decoding.checks import groups_of_one_length


class Decoder(Protocol):
    """A function from arc and root scores of equally long sentences to heads."""

    def __call__(self, scores: NDArray[Any], roots: NDArray[Any], /) -> NDArray[np.int64]:
        """Decode equally long sentences.

        Args:
            scores: The score of each arc, (sentences, words, words): rows are heads, columns dependents, higher is
                better. The diagonal is ignored.
            roots: The score of each word as the root, (sentences, words).

        Returns:
            Heads, (sentences, words), words counted from 0; -1 for the root.
        """


def decode(scores: NDArray[Any], *, decoder: Decoder, roots: NDArray[Any] | None = None) -> NDArray[np.int64]:
    """Decode one sentence.

    Args:
        scores: Arc scores, (words, words): rows are heads, columns dependents, higher is better.
        decoder: The decoder.
        roots: The score of each word as the root, (words,); all words score the same by default.

    Returns:
        Heads, (words,), words counted from 0; -1 for the root.

    Raises:
        ValueError: If the scores are not square and finite, or the decoder refuses them.
    """
    matrix, root_scores = _check_scores(scores, roots)
    return decoder(matrix[None], root_scores[None])[0]


def decode_bulk(
    scores: Sequence[NDArray[Any]], *, decoder: Decoder, roots: Sequence[NDArray[Any]] | None = None
) -> list[NDArray[np.int64]]:
    """Decode many sentences as `decode` does one, equally long ones together.

    Args:
        scores: Arc scores of each sentence, (words, words).
        decoder: The decoder.
        roots: Root scores of each sentence, (words,).

    Returns:
        The heads of each sentence, (words,).

    Raises:
        ValueError: With the sentence, counted from 1, if scores are not square and finite, or the decoder refuses them.
    """
    if roots is not None and len(roots) != len(scores):
        raise ValueError(f"root scores for {len(roots)} sentences, scores for {len(scores)}; expected one for each")
    checked = []
    for index, matrix in enumerate(scores):
        try:
            checked.append(_check_scores(matrix, None if roots is None else roots[index]))
        except ValueError as error:
            raise ValueError(f"sentence {index + 1}: {error}") from error
    heads: list[NDArray[np.int64]] = [np.empty(0, dtype=np.int64)] * len(checked)
    for group in groups_of_one_length([len(matrix) for matrix, _ in checked]):
        for index, found in zip(group, _decode_group([checked[index] for index in group], group, decoder)):
            heads[index] = found
    return heads


def _decode_group(
    group: Sequence[tuple[NDArray[np.float64], NDArray[np.float64]]], numbers: Sequence[int], decoder: Decoder
) -> NDArray[np.int64]:
    """Decode equally long sentences together; if the decoder refuses them, one by one to find out which it refuses."""
    try:
        return decoder(np.stack([matrix for matrix, _ in group]), np.stack([roots for _, roots in group]))
    except ValueError:
        for number, (matrix, roots) in zip(numbers, group):
            try:
                decoder(matrix[None], roots[None])
            except ValueError as error:
                raise ValueError(f"sentence {number + 1}: {error}") from error
        raise


def _check_scores(scores: NDArray[Any], roots: NDArray[Any] | None) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Arc and root scores in float64, the diagonal set to 0; ValueError unless they fit each other and are finite."""
    matrix = np.array(scores, dtype=np.float64)
    if matrix.ndim != 2 or matrix.shape[0] != matrix.shape[1]:
        raise ValueError(f"scores have shape {matrix.shape}; expected (words, words)")
    np.fill_diagonal(matrix, 0.0)
    root_scores = np.zeros(len(matrix)) if roots is None else np.array(roots, dtype=np.float64)
    if root_scores.shape != (len(matrix),):
        raise ValueError(f"root scores have shape {root_scores.shape}; expected ({len(matrix)},), one for each word")
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
    """Scores with the root at position 0, rescaled without changing the order of trees.

    Every tree over n words has n arcs, so shifting and scaling all scores leaves the order of trees as it is. With
    `single_root`, every arc but the root's gets a bonus larger than any gain from a second root: the best tree then has
    one root, and the order of such trees is kept (Stanojević & Cohen 2021, "A Root of the Problem").

    Returns:
        Scores, (sentences, words + 1, words + 1).
    """
    sentences, words, _ = scores.shape
    full = np.empty((sentences, words + 1, words + 1))
    full[:, 1:, 1:] = scores
    full[:, 0, 1:] = roots
    # No arc enters the root or joins a word to itself. These entries are never read; an actual score there leaves the
    # range of scores as it is.
    full[:, :, 0] = full[:, :1, 1]
    full[:, np.arange(1, words + 1), np.arange(1, words + 1)] = full[:, :1, 1]
    lowest = full.min(axis=(1, 2), keepdims=True)
    spread = full.max(axis=(1, 2), keepdims=True) - lowest
    full = (full - lowest) / np.where(spread > 0, spread, 1.0)
    if single_root:
        full[:, 1:, 1:] += words + 1.0
    return full
