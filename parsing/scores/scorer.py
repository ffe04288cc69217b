"""The scores of Hewitt & Manning (2019) for predicted distances and depths.

UUAS: the proportion of gold edges, over all sentences, that the predicted tree has. Punctuation is left out of both
trees, each the minimum spanning tree of its distances over the remaining words.
DSpr.: Spearman's correlation of each word's predicted and gold distances, its own zero included, averaged within each
sentence length and then over lengths 5 to 50; punctuation is kept.
NSpr.: the same for the depths of each sentence.
Root accuracy: how often the shallowest word that is not punctuation is the root.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from treeprobe.parsing.decoding.checks import groups_of_one_length
from treeprobe.parsing.decoding.spanning import prim
from treeprobe.parsing.scores.checks import check_predicted_depths, check_predicted_distances
from treeprobe.parsing.scores.gold_groups import GoldGroup
from treeprobe.parsing.scores.intervals import Tally, micro
from treeprobe.parsing.scores.rank_correlation import centred_ranks, correlate_ranks
from treeprobe.parsing.treebanks.documents import document_numbers
from treeprobe.parsing.treebanks.punctuation import PunctuationRule, choose_punctuation, punctuation_mask
from treeprobe.parsing.treebanks.treebank import Sentence

SPEARMAN_LENGTHS = range(5, 51)
_Value = TypeVar("_Value", bound=np.generic)


def score_distances(
    gold: Sequence[Sentence], distances: Sequence[NDArray[Any]], *, punctuation: PunctuationRule = "auto"
) -> dict[str, Tally]:
    """UUAS and DSpr. of predicted distances; see `Scorer.distances`.

    To score several predictions for one treebank, use one `Scorer`, which is faster.
    """
    return Scorer(gold, punctuation=punctuation).distances(distances)


def score_depths(
    gold: Sequence[Sentence], depths: Sequence[NDArray[Any]], *, punctuation: PunctuationRule = "auto"
) -> dict[str, Tally]:
    """Root accuracy and NSpr. of predicted depths; see `Scorer.depths`.

    To score several predictions for one treebank, use one `Scorer`, which is faster.
    """
    return Scorer(gold, punctuation=punctuation).depths(depths)


class Scorer:
    """Scores any number of predictions for one treebank, and computes what they need of the gold trees once.

    It keeps the ranks of all gold distances: 8 bytes for every pair of words of a sentence, 8 MB for 25,000 words of
    EWT.

    Args:
        gold: The gold sentences.
        punctuation: Which words UUAS and root accuracy leave out because they are punctuation; the attribute has
            the rule that was chosen where it is "auto".
    """

    def __init__(self, gold: Sequence[Sentence], *, punctuation: PunctuationRule = "auto") -> None:
        self.gold = gold
        self.punctuation = choose_punctuation(gold, punctuation).rule
        self._documents = document_numbers(gold)
        self._lengths = np.array([len(sentence) for sentence in gold], dtype=np.int64)
        masks = [punctuation_mask(sentence, self.punctuation) for sentence in gold]
        self._groups = [GoldGroup.of(gold, masks, members) for members in groups_of_one_length(self._lengths.tolist())]

    def distances(self, predicted: Sequence[NDArray[Any]]) -> dict[str, Tally]:
        """UUAS and DSpr. of predicted distances.

        Args:
            predicted: Predicted distances of each sentence, (words, words).

        Returns:
            Tallies by metric: `uuas`, the undirected unlabelled attachment score, in [0, 1], and `dspr`, the distance
            Spearman correlation, in [-1, 1].

        Raises:
            ValueError: With the first sentence whose distances are not (words, words), symmetric, finite and
                non-negative.
        """
        check_predicted_distances(self.gold, predicted)
        hits, edges, correlation, rows = np.zeros((4, len(self.gold)))
        for group, stack in self._stacked(predicted):
            found = group.shared_edges(prim(stack, left_out=group.left_out))
            hits[group.members], edges[group.members] = found.sum(axis=1), (group.tree >= 0).sum(axis=1)
            if group.words in SPEARMAN_LENGTHS:
                correlations = correlate_ranks(centred_ranks(stack), group.distance_ranks)
                correlation[group.members] = np.nansum(correlations, axis=1)
                rows[group.members] = (~np.isnan(correlations)).sum(axis=1)
        return {
            "uuas": micro("uuas", hits, edges, documents=self._documents),
            "dspr": Tally("dspr", correlation, rows, self._lengths, self._documents),
        }

    def depths(self, predicted: Sequence[NDArray[Any]]) -> dict[str, Tally]:
        """Root accuracy and NSpr. of predicted depths.

        Args:
            predicted: Predicted depths of each sentence, (words,).

        Returns:
            Tallies by metric: `root_accuracy`, in [0, 1], over the sentences whose gold root is not punctuation, and
            `nspr`, the norm Spearman correlation, in [-1, 1].

        Raises:
            ValueError: With the first sentence whose depths are not (words,) and finite.
        """
        check_predicted_depths(self.gold, predicted)
        hits, rooted, correlation, rows = np.zeros((4, len(self.gold)))
        for group, stack in self._stacked(predicted):
            if not group.words:
                continue
            rooted[group.members] = ~np.take_along_axis(group.left_out, group.roots[:, None], axis=1)[:, 0]
            shallowest = np.where(group.left_out, np.inf, stack).argmin(axis=1)
            hits[group.members] = rooted[group.members] * (shallowest == group.roots)
            if group.words in SPEARMAN_LENGTHS:
                correlations = correlate_ranks(centred_ranks(stack), group.depth_ranks)
                correlation[group.members] = np.nan_to_num(correlations)
                rows[group.members] = ~np.isnan(correlations)
        return {
            "root_accuracy": micro("root_accuracy", hits, rooted, documents=self._documents),
            "nspr": Tally("nspr", correlation, rows, self._lengths, self._documents),
        }

    def edges(self, predicted: Sequence[NDArray[Any]]) -> list[tuple[NDArray[np.int64], NDArray[np.bool_]]]:
        """The gold edges that UUAS counts, and whether the predicted tree has each.

        Args:
            predicted: Predicted distances of each sentence, (words, words).

        Returns:
            For each sentence the edges, (edges, 2), sorted, words counted from 0 and the smaller first, and whether
            each is correct, (edges,).

        Raises:
            ValueError: As `distances` does.
        """
        check_predicted_distances(self.gold, predicted)
        found: list[tuple[NDArray[np.int64], NDArray[np.bool_]]] = [
            (np.empty((0, 2), dtype=np.int64), np.empty(0, dtype=bool))
        ] * len(self.gold)
        for group, stack in self._stacked(predicted):
            hits = group.shared_edges(prim(stack, left_out=group.left_out))
            for member, tree, correct in zip(group.members.tolist(), group.tree, hits):
                (dependents,) = np.nonzero(tree >= 0)
                edges = np.sort(np.stack([tree[dependents], dependents], axis=1), axis=1)
                order = np.lexsort(edges.T[::-1])
                found[member] = edges[order], correct[dependents][order]
        return found

    def trees(self, predicted: Sequence[NDArray[Any]]) -> list[NDArray[np.int64]]:
        """The trees that `edges` compares with the gold ones: minimum spanning trees over the words not left out.

        Args:
            predicted: Predicted distances of each sentence, (words, words).

        Returns:
            For each sentence the heads of its tree, (words,); -1 for its root, which is arbitrary, and words left out.

        Raises:
            ValueError: As `distances` does.
        """
        check_predicted_distances(self.gold, predicted)
        return self._in_order(
            (group, prim(stack, left_out=group.left_out)) for group, stack in self._stacked(predicted)
        )

    def gold_trees(self) -> list[NDArray[np.int64]]:
        """The same of the gold distances."""
        return self._in_order((group, group.tree) for group in self._groups)

    def masks(self) -> list[NDArray[np.bool_]]:
        """Whether each word is left out of the trees, (words,) for each sentence."""
        return self._in_order((group, group.left_out) for group in self._groups)

    def _in_order(self, groups: Iterable[tuple[GoldGroup, NDArray[_Value]]]) -> list[NDArray[_Value]]:
        """The rows of groups, one for each sentence, in the treebank's order."""
        rows = {member: row for group, stack in groups for member, row in zip(group.members.tolist(), stack)}
        return [rows[number] for number in range(len(self.gold))]

    def _stacked(self, predicted: Sequence[NDArray[Any]]) -> Iterator[tuple[GoldGroup, NDArray[Any]]]:
        """Each group with its sentences' predictions stacked, (sentences, words) or (sentences, words, words)."""
        for group in self._groups:
            yield group, np.stack([predicted[member] for member in group.members.tolist()])
