"""Bracketing scores of unlabelled constituents against those that a dependency tree has."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from treeprobe.parsing.scores.intervals import Tally, micro
from treeprobe.parsing.treebanks.documents import document_numbers
from treeprobe.parsing.treebanks.punctuation import PunctuationRule, punctuation_masks
from treeprobe.parsing.treebanks.treebank import Sentence

Span = tuple[int, int]


def gold_spans(sentence: Sentence, mask: NDArray[np.bool_]) -> set[Span]:
    """The spans of a sentence's dependency tree: every word with all its descendants, where these are contiguous.

    Args:
        sentence: The sentence.
        mask: Which words are punctuation, (words,); they are taken out first.

    Returns:
        First and last word of each span of two words or more that is not the whole sentence, numbered without
        punctuation.
    """
    kept = np.flatnonzero(~mask)
    depths = sentence.depths
    below = (depths[None, kept] - depths[:, None]) == sentence.distances[:, kept]
    found = set()
    for row in below:
        inside = np.flatnonzero(row)
        if len(inside) and inside[-1] - inside[0] + 1 == len(inside):
            found.add((int(inside[0]), int(inside[-1])))
    return _counted(found, len(kept))


def score_brackets(
    gold: Sequence[Sentence], brackets: Sequence[NDArray[Any]], *, punctuation: PunctuationRule = "auto"
) -> dict[str, Tally]:
    """F1 and recall of predicted spans, micro-averaged over spans.

    Spans of one word and of the whole sentence are not counted, since every bracketing has them. A binary bracketing
    has more spans than most dependency trees, so that its F1 cannot be 1; `best_binary` is what it can be.

    Args:
        gold: The gold sentences.
        brackets: First and last word of each predicted span, (spans, 2), words counted from 0.
        punctuation: Which words are taken out of both because they are punctuation.

    Returns:
        Tallies by metric, all in [0, 1]: `bracket_f1`, 2 · right / (gold + predicted); `bracket_recall`, right / gold;
        `best_binary_f1`, the F1 of a binary bracketing that has every gold span.

    Raises:
        ValueError: If there is not one bracketing for each sentence.
    """
    if len(gold) != len(brackets):
        raise ValueError(f"brackets of {len(brackets)} sentences for {len(gold)} gold ones; expected one for each")
    right, wanted, given, binary = np.zeros((4, len(gold)))
    for number, (sentence, spans, mask) in enumerate(zip(gold, brackets, punctuation_masks(gold, punctuation))):
        expected = gold_spans(sentence, mask)
        found = _without(spans, mask)
        right[number], wanted[number], given[number] = len(expected & found), len(expected), len(found)
        binary[number] = max(0, int((~mask).sum()) - 2)
    documents = document_numbers(gold)
    return {
        "bracket_f1": micro("bracket_f1", 2 * right, wanted + given, documents=documents),
        "bracket_recall": micro("bracket_recall", right, wanted, documents=documents),
        "best_binary_f1": micro("best_binary_f1", 2 * wanted, wanted + binary, documents=documents),
    }


def _without(spans: NDArray[Any], mask: NDArray[np.bool_]) -> set[Span]:
    """Predicted spans, numbered without punctuation."""
    before = np.concatenate([[0], np.cumsum(~mask)])
    found = {(int(before[first]), int(before[last + 1]) - 1) for first, last in np.asarray(spans).tolist()}
    return _counted(found, int(before[-1]))


def _counted(spans: set[Span], words: int) -> set[Span]:
    """The spans that say something: of two words or more, and not of all."""
    return {(first, last) for first, last in spans if last > first and last - first + 1 < words}
