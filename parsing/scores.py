"""The scores of Hewitt & Manning (2019) for predicted distances and depths.

Protocol: UUAS counts edges over all sentences, with punctuation left out of both trees, each the minimum spanning
tree of its distances among the words that stay. DSpr. is Spearman's correlation of each word's row of distances (its
own zero included), averaged within a sentence length, then over lengths 5 to 50, punctuation kept; NSpr. is the same
for the depths of each sentence. Root accuracy asks whether the shallowest word that is not punctuation is the root.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from parsing.correlation import spearman
from parsing.decoding.checks import check_distances_bulk
from parsing.decoding.spanning import minimum_spanning_edges_bulk
from parsing.intervals import Tally
from parsing.punctuation import PunctuationRule, punctuation_mask
from parsing.treebank import Sentence

SPEARMAN_LENGTHS = range(5, 51)


def score_distances(
    gold: Sequence[Sentence], distances: Sequence[NDArray[Any]], *, punctuation: PunctuationRule = "xpos"
) -> dict[str, Tally]:
    """UUAS and DSpr. of predicted distances, one (words, words) array a sentence, as tallies by metric."""
    check_predicted_distances(gold, distances)
    return {
        "uuas": uuas(gold, distances, punctuation=punctuation),
        "dspr": dspr(gold, distances),
    }


def score_depths(
    gold: Sequence[Sentence], depths: Sequence[NDArray[Any]], *, punctuation: PunctuationRule = "xpos"
) -> dict[str, Tally]:
    """Root accuracy and NSpr. of predicted depths, one (words,) array a sentence, as tallies by metric."""
    check_predicted_depths(gold, depths)
    return {
        "root_accuracy": root_accuracy(gold, depths, punctuation=punctuation),
        "nspr": nspr(gold, depths),
    }


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


def uuas(
    gold: Sequence[Sentence], distances: Sequence[NDArray[Any]], *, punctuation: PunctuationRule = "xpos"
) -> Tally:
    """Undirected unlabelled attachment score: the share of gold edges that the predicted tree has, in [0, 1]."""
    kept = [np.flatnonzero(~punctuation_mask(sentence, punctuation)) for sentence in gold]
    gold_edges, found_edges = kept_edges(gold, distances, kept)
    return micro("uuas", [hits.sum() for hits in shared_edges(gold_edges, found_edges)], [len(e) for e in gold_edges])


def kept_edges(
    gold: Sequence[Sentence], distances: Sequence[NDArray[Any]], kept: Sequence[NDArray[np.int64]]
) -> tuple[list[NDArray[np.int64]], list[NDArray[np.int64]]]:
    """The edges of the gold and of the predicted tree among the words kept, which are counted anew from 0."""
    inner = [matrix[words[:, None], words] for matrix, words in zip([s.distances for s in gold], kept)]
    inner += [matrix[words[:, None], words] for matrix, words in zip(distances, kept)]
    # Both at once: the more trees of one size, the less each costs.
    edges = minimum_spanning_edges_bulk(inner)
    return edges[: len(gold)], edges[len(gold) :]


def shared_edges(ours: Sequence[NDArray[np.int64]], theirs: Sequence[NDArray[np.int64]]) -> list[NDArray[np.bool_]]:
    """Whether each of our edges is among theirs, (edges,) a sentence; all have their smaller end first."""
    found = np.isin(edge_codes(ours), edge_codes(theirs), assume_unique=True)
    return np.split(found, np.cumsum([len(edges) for edges in ours])[:-1])


def edge_codes(edges: Sequence[NDArray[np.int64]]) -> NDArray[np.int64]:
    """One number an edge of all sentences, alike for the same edge of two trees; for words and sentences below 2²¹."""
    sentences = np.repeat(np.arange(len(edges)), [len(pairs) for pairs in edges])
    pairs = np.concatenate([*edges, np.empty((0, 2), dtype=np.int64)])
    return (sentences << 42) | (pairs[:, 0] << 21) | pairs[:, 1]


def root_accuracy(
    gold: Sequence[Sentence], depths: Sequence[NDArray[Any]], *, punctuation: PunctuationRule = "xpos"
) -> Tally:
    """How often the shallowest word is the gold root, in [0, 1].

    A sentence that is nothing but punctuation is left out; so is one whose gold root is punctuation.
    """
    correct, counted = [], []
    for sentence, predicted in zip(gold, depths):
        left_out = punctuation_mask(sentence, punctuation)
        root = sentence.heads.index(-1)
        counted.append(not left_out[root])
        correct.append(counted[-1] and int(np.argmin(np.where(left_out, np.inf, predicted))) == root)
    return micro("root_accuracy", correct, counted)


def micro(metric: str, numerators: Iterable[float], denominators: Iterable[float]) -> Tally:
    """A tally whose sentences all weigh by what they count."""
    top = np.array(list(numerators), dtype=np.float64)
    bottom = np.array(list(denominators), dtype=np.float64)
    return Tally(metric, top, bottom, np.zeros(len(top), dtype=np.int64))


def dspr(gold: Sequence[Sentence], distances: Sequence[NDArray[Any]]) -> Tally:
    """Distance Spearman: mean over lengths 5 to 50 of the mean correlation of a word's distances, in [-1, 1]."""
    return by_length("dspr", gold, [sentence.distances for sentence in gold], distances)


def nspr(gold: Sequence[Sentence], depths: Sequence[NDArray[Any]]) -> Tally:
    """Norm Spearman: mean over lengths 5 to 50 of the mean correlation of a sentence's depths, in [-1, 1]."""
    return by_length("nspr", gold, [sentence.depths for sentence in gold], depths)


def by_length(
    metric: str, gold: Sequence[Sentence], expected: Sequence[NDArray[Any]], predicted: Sequence[NDArray[Any]]
) -> Tally:
    """Rank correlations, all sentences of one length together; a row without order counts as none."""
    groups: dict[int, list[int]] = defaultdict(list)
    for index, sentence in enumerate(gold):
        if len(sentence) in SPEARMAN_LENGTHS:
            groups[len(sentence)].append(index)
    numerators, denominators = np.zeros(len(gold)), np.zeros(len(gold))
    for members in groups.values():
        correlations = spearman(
            np.stack([expected[index] for index in members]),
            np.stack([predicted[index] for index in members]),
        ).reshape(len(members), -1)
        numerators[members] = np.nansum(correlations, axis=1)
        denominators[members] = (~np.isnan(correlations)).sum(axis=1)
    return Tally(metric, numerators, denominators, np.array([len(sentence) for sentence in gold], dtype=np.int64))
