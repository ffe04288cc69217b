"""Spans of dependency trees, and how many of them a bracketing has."""

import numpy as np
import pytest

from treeprobe.parsing import Sentence
from treeprobe.parsing.decoding.binary import branching_brackets
from treeprobe.parsing.scores import score_brackets
from treeprobe.parsing.scores.brackets import gold_spans


def sentence(heads: list[int], *, punctuation: tuple[int, ...] = ()) -> Sentence:
    count = len(heads)
    tags = tuple("PUNCT" if place in punctuation else "X" for place in range(count))
    return Sentence(
        words=("w",) * count, heads=tuple(heads), relations=tuple("root" if head < 0 else "dep" for head in heads),
        upos=tags, xpos=("_",) * count, space_after=(True,) * count,
    )  # fmt: skip


THE_OLD_CAT_SEES_A_DOG = sentence([2, 2, 3, -1, 5, 3])


def test_the_spans_of_a_tree_are_its_constituents() -> None:
    assert gold_spans(THE_OLD_CAT_SEES_A_DOG, np.zeros(6, bool)) == {(0, 2), (4, 5)}


def test_a_word_whose_descendants_are_apart_makes_no_span() -> None:
    crossing = sentence([2, 3, -1, 2])  # word 1 hangs from word 3, word 0 from word 2
    assert gold_spans(crossing, np.zeros(4, bool)) == set()


def test_f1_by_hand() -> None:
    found = score_brackets([THE_OLD_CAT_SEES_A_DOG], [np.array([[0, 1], [0, 2], [4, 5], [3, 5], [0, 5]])])
    # Of 4 spans that are not the sentence, 2 are right, and 2 are gold.
    assert found["bracket_f1"].value == pytest.approx(2 * 2 / (2 + 4))
    assert found["bracket_recall"].value == 1.0
    assert found["bracket_f1"].value == found["best_binary_f1"].value  # it has them all
    wrong = score_brackets([THE_OLD_CAT_SEES_A_DOG], [branching_brackets(6, side="left")])
    assert wrong["bracket_f1"].value == pytest.approx(2 * 1 / (2 + 4))


def test_punctuation_is_taken_out_of_both() -> None:
    plain = [THE_OLD_CAT_SEES_A_DOG]
    marked = [sentence([2, 2, 4, 2, -1, 6, 4, 4], punctuation=(3, 7))]  # the old cat , sees a dog .
    with_marks = np.array([[0, 1], [0, 2], [0, 3], [5, 6], [4, 6], [0, 6], [0, 7]])
    without = np.array([[0, 1], [0, 2], [4, 5], [3, 5], [0, 5]])
    first, second = score_brackets(marked, [with_marks], punctuation="upos"), score_brackets(plain, [without])
    for metric, tally in first.items():
        assert tally.value == second[metric].value


def test_every_sentence_has_its_brackets() -> None:
    with pytest.raises(ValueError, match="brackets of 0 sentences for 1 gold ones"):
        score_brackets([THE_OLD_CAT_SEES_A_DOG], [])
