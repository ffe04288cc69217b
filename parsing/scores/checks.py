"""What may be scored: one array of the right shape for each gold sentence, and one message for what may not."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from treeprobe.parsing.decoding.checks import check_distances_bulk
from treeprobe.parsing.treebanks.treebank import Sentence
from treeprobe.parsing.trees.heads import check_heads


def check_predicted_distances(gold: Sequence[Sentence], distances: Sequence[NDArray[Any]]) -> None:
    """Refuse, by the sentence's name, what is not one matrix of distances over the words of each sentence."""
    check_shapes(gold, distances, axes=2)
    check_distances_bulk(distances, [sentence_name(number, sentence) for number, sentence in enumerate(gold, start=1)])


def check_predicted_depths(gold: Sequence[Sentence], depths: Sequence[NDArray[Any]]) -> None:
    """Refuse, by the sentence's name, what is not one finite depth for each word of each sentence."""
    check_shapes(gold, depths, axes=1)
    if not len(depths) or np.isfinite(np.concatenate(depths)).all():
        return
    for number, (sentence, array) in enumerate(zip(gold, depths), start=1):
        if not np.isfinite(array).all():
            word = int(np.flatnonzero(~np.isfinite(array))[0])
            raise ValueError(
                f"{sentence_name(number, sentence)}: depth of word {word + 1} is {array[word]}; "
                "expected a finite number"
            )


def check_predicted_heads(gold: Sequence[Sentence], heads: Sequence[Any]) -> list[NDArray[np.int64]]:
    """The heads as arrays, once there is one tree over the words of each sentence; refused by its name otherwise."""
    if len(gold) != len(heads):
        raise ValueError(f"{len(heads)} predictions for {len(gold)} gold sentences; expected one each")
    checked = []
    for number, (sentence, found) in enumerate(zip(gold, heads), start=1):
        check_one_a_word(found, sentence, number, what="heads")
        try:
            checked.append(check_heads(found))
        except ValueError as error:
            raise ValueError(f"{sentence_name(number, sentence)}: {error}") from error
    return checked


def check_one_a_word(found: Sequence[Any], sentence: Sentence, number: int, *, what: str) -> None:
    """Refuse, by the name of sentence `number`, predictions that are not one for each of its words."""
    if len(found) != len(sentence):
        raise ValueError(
            f"{sentence_name(number, sentence)}: prediction has {len(found)} {what}, expected {len(sentence)}"
        )


def check_shapes(gold: Sequence[Sentence], predicted: Sequence[NDArray[Any]], *, axes: int) -> None:
    """Refuse predictions that are not one array a sentence of that sentence's size."""
    if len(gold) != len(predicted):
        raise ValueError(f"{len(predicted)} predictions for {len(gold)} gold sentences; expected one each")
    for number, (sentence, array) in enumerate(zip(gold, predicted), start=1):
        expected = (len(sentence),) * axes
        if np.shape(array) != expected:
            raise ValueError(
                f"{sentence_name(number, sentence)}: prediction has shape {np.shape(array)}, expected {expected}"
            )


def sentence_name(number: int, sentence: Sentence) -> str:
    """What an error calls a sentence: its number, from 1, and its identifier or how it begins."""
    return f"sentence {number} ({sentence.identifier or repr(sentence.text[:40])})"
