"""Splits that share sentences: many are warned of with their number, few are not, whatever their annotation."""

import warnings
from dataclasses import replace

import pytest

from tests.parsing.japanese import japanese_bank
from treeprobe.parsing import Treebank
from treeprobe.pipeline.subjects.splits import RepeatedSentences, check_splits


def _numbered(name: str, count: int) -> Treebank:
    """Sentences of which no two, and no two of banks of different names, have the same words."""
    sentences = japanese_bank(count, name=name)
    return Treebank(
        [replace(one, words=(f"{name}{number}", *one.words[1:])) for number, one in enumerate(sentences)], name=name
    )


def test_sentences_that_another_split_has_are_counted() -> None:
    train, dev = _numbered("train", 8), _numbered("dev", 4)
    other_tree = [replace(one, relations=("dep",) * len(one)) for one in train[:6]]
    mixed = Treebank([*other_tree, *dev], name="mixed")
    with pytest.warns(RepeatedSentences, match=r"^mixed: 6 of 18 sentences of dev \(33\.3%\) are in train too") as told:
        check_splits({"train": train, "dev": mixed})
    assert len(told) == 1


def test_test_sentences_that_chose_are_counted() -> None:
    dev, test = _numbered("dev", 4), _numbered("test", 4)
    with pytest.warns(RepeatedSentences, match=r"^both: 12 of 24 sentences of test \(50\.0%\) are in dev too"):
        check_splits({"train": _numbered("train", 4), "dev": dev, "test": Treebank([*dev, *test], name="both")})


def test_a_few_repeated_sentences_and_none_are_not_warned_of() -> None:
    train, dev = _numbered("train", 4), _numbered("dev", 10)
    few = Treebank([train[0], *dev], name="few")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        check_splits({"train": train, "dev": dev})
        check_splits({"train": train, "dev": few})
