"""Attachment scores of predicted heads: UAS, LAS and exact match.

They follow the evaluation of the CoNLL 2018 shared task (Zeman et al. 2018) and equal it when `punctuation` is "none":
each gold word is compared with one system word, and relations are compared without their subtypes by default.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from treeprobe.parsing.scores.checks import check_one_a_word, check_predicted_heads
from treeprobe.parsing.scores.intervals import Tally, micro
from treeprobe.parsing.treebanks.documents import document_numbers
from treeprobe.parsing.treebanks.punctuation import PunctuationRule, punctuation_masks
from treeprobe.parsing.treebanks.relations import universal_relation
from treeprobe.parsing.treebanks.treebank import Sentence
from treeprobe.parsing.trees.heads import Heads


def score_heads(
    gold: Sequence[Sentence],
    heads: Sequence[Heads],
    *,
    relations: Sequence[Sequence[str]] | None = None,
    subtypes: bool = False,
    punctuation: PunctuationRule = "auto",
) -> dict[str, Tally]:
    """UAS, exact match and, when `relations` are given, LAS of predicted trees.

    Args:
        gold: The gold sentences.
        heads: Predicted heads of each sentence, (words,), words counted from 0; -1 for the root.
        relations: Predicted relations of each sentence, one for each word.
        subtypes: Whether relations that differ in their subtype, as `obl:tmod` and `obl` do, count as different.
        punctuation: Which words are left out as dependents because they are punctuation.

    Returns:
        Tallies by metric, all in [0, 1]: `uas`, the proportion of words with the gold head; `las`, of words with the
        gold head and relation; `exact_match`, of sentences in which every head is the gold one.

    Raises:
        ValueError: With the sentence, if a prediction does not have one entry for each of its words or is not a tree.
    """
    checked = check_predicted_heads(gold, heads)
    counted = [~mask for mask in punctuation_masks(gold, punctuation)]
    right = [(found == np.asarray(sentence.heads)) & kept for sentence, found, kept in zip(gold, checked, counted)]
    words = [int(kept.sum()) for kept in counted]
    documents = document_numbers(gold)
    tallies = {
        "uas": micro("uas", [int(hits.sum()) for hits in right], words, documents=documents),
        "exact_match": micro(
            "exact_match",
            [bool(n) and hits.sum() == n for hits, n in zip(right, words)],
            [n > 0 for n in words],
            documents=documents,
        ),
    }
    if relations is not None:
        labelled = right_relations(gold, relations, subtypes=subtypes)
        both = [int((hits & label).sum()) for hits, label in zip(right, labelled)]
        tallies["las"] = micro("las", both, words, documents=documents)
    return tallies


def score_relations(
    gold: Sequence[Sentence], relations: Sequence[Sequence[str]], *, punctuation: PunctuationRule = "auto"
) -> dict[str, Tally]:
    """Accuracy of predicted relations, whatever the heads.

    Args:
        gold: The gold sentences.
        relations: Predicted relations of each sentence, one for each word; subtypes are not compared.
        punctuation: Which words are left out because they are punctuation.

    Returns:
        The tally of `relation_accuracy`, in [0, 1]: the proportion of words with the gold relation.

    Raises:
        ValueError: With the sentence, if it does not have one relation for each word.
    """
    right = right_relations(gold, relations, subtypes=False)
    counted = [~mask for mask in punctuation_masks(gold, punctuation)]
    hits, words = [int((one & kept).sum()) for one, kept in zip(right, counted)], [int(kept.sum()) for kept in counted]
    return {"relation_accuracy": micro("relation_accuracy", hits, words, documents=document_numbers(gold))}


def right_relations(
    gold: Sequence[Sentence], relations: Sequence[Sequence[str]], *, subtypes: bool
) -> list[NDArray[np.bool_]]:
    """Whether each word's relation is the gold one, (words,) for each sentence.

    Raises:
        ValueError: With the sentence, if it does not have one relation for each word.
    """
    if len(gold) != len(relations):
        raise ValueError(f"relations of {len(relations)} sentences for {len(gold)} gold ones; expected one for each")
    # `str` leaves a relation as it is.
    compared = str if subtypes else universal_relation
    right = []
    for number, (sentence, found) in enumerate(zip(gold, relations), start=1):
        check_one_a_word(found, sentence, number, what="relations")
        pairs = zip(map(compared, sentence.relations), map(compared, found))
        right.append(np.array([expected == given for expected, given in pairs], dtype=bool))
    return right
