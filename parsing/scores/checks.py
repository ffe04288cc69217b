"""Checks of predictions before they are scored; every error names the sentence."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from treeprobe.parsing.decoding.checks import check_distances_bulk
from treeprobe.parsing.treebanks.treebank import Sentence
from treeprobe.parsing.trees.heads import check_heads


def check_predicted_distances(gold: Sequence[Sentence], distances: Sequence[NDArray[Any]]) -> None:
    """Check that there is one matrix of distances, (words, words), for each sentence.

    Raises:
        ValueError: If their number or a shape differs from the gold sentences'.
        DistanceError: If a matrix is not symmetric, finite and non-negative.
    """
    _check_shapes(gold, distances, axes=2)
    check_distances_bulk(distances, [_sentence_name(number, sentence) for number, sentence in enumerate(gold, start=1)])


def check_predicted_depths(gold: Sequence[Sentence], depths: Sequence[NDArray[Any]]) -> None:
    """Check that there is one finite depth for each word of each sentence.

    Raises:
        ValueError: If their number or a shape differs from the gold sentences', or a depth is not finite.
    """
    _check_shapes(gold, depths, axes=1)
    if not len(depths) or np.isfinite(np.concatenate(depths)).all():
        return
    for number, (sentence, array) in enumerate(zip(gold, depths), start=1):
        if not np.isfinite(array).all():
            word = int(np.flatnonzero(~np.isfinite(array))[0])
            raise ValueError(
                f"{_sentence_name(number, sentence)}: depth of word {word + 1} is {array[word]}; "
                "expected a finite number"
            )


def check_predicted_heads(gold: Sequence[Sentence], heads: Sequence[Any]) -> list[NDArray[np.int64]]:
    """Check that there is one tree, given by its heads, over the words of each sentence.

    Returns:
        The heads of each sentence as an array, (words,).

    Raises:
        ValueError: If their number or a length differs from the gold sentences', or heads do not form a tree.
    """
    if len(gold) != len(heads):
        raise ValueError(f"{len(heads)} predictions for {len(gold)} gold sentences; expected one for each")
    checked = []
    for number, (sentence, found) in enumerate(zip(gold, heads), start=1):
        check_one_a_word(found, sentence, number, what="heads")
        try:
            checked.append(check_heads(found))
        except ValueError as error:
            raise ValueError(f"{_sentence_name(number, sentence)}: {error}") from error
    return checked


def check_one_a_word(found: Sequence[Any], sentence: Sentence, number: int, *, what: str) -> None:
    """Raise ValueError unless sentence `number`, counted from 1, has one prediction for each of its words."""
    if len(found) != len(sentence):
        raise ValueError(
            f"{_sentence_name(number, sentence)}: prediction has {len(found)} {what}, expected {len(sentence)}"
        )


def _check_shapes(gold: Sequence[Sentence], predicted: Sequence[NDArray[Any]], *, axes: int) -> None:
    """Raise ValueError unless each sentence has one array whose axes are all as long as the sentence."""
    if len(gold) != len(predicted):
        raise ValueError(f"{len(predicted)} predictions for {len(gold)} gold sentences; expected one for each")
    for number, (sentence, array) in enumerate(zip(gold, predicted), start=1):
        expected = (len(sentence),) * axes
        if np.shape(array) != expected:
            raise ValueError(
                f"{_sentence_name(number, sentence)}: prediction has shape {np.shape(array)}, expected {expected}"
            )


def _sentence_name(number: int, sentence: Sentence) -> str:
    """What errors call a sentence: its number, counted from 1, and its identifier or its first characters."""
    return f"sentence {number} ({sentence.identifier or repr(sentence.text[:40])})"
