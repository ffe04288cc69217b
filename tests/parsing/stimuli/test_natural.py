"""The natural sentences are valid UD: tags from the closed sets, and the shapes that its guidelines ask for."""

import re

import pytest

from tests.parsing.stimuli.ud_guidelines import wrong_labels, wrong_shapes
from treeprobe.parsing import Sentence
from treeprobe.parsing.stimuli import natural_sentences

SENTENCES = [
    pytest.param(sentence, id=sentence.identifier)
    for split in ("train", "test")
    for sentence in natural_sentences(split)
]


def test_there_are_enough_and_none_is_in_both_splits() -> None:
    train, test = natural_sentences("train"), natural_sentences("test")
    assert len(train) >= 80
    assert len(test) == 40
    texts = [sentence.text for bank in (train, test) for sentence in bank]
    assert len(set(texts)) == len(texts)


def test_another_split_is_refused() -> None:
    with pytest.raises(ValueError, match="'train' or 'test'"):
        natural_sentences("dev")  # type: ignore[arg-type]


def test_many_constructions_are_there() -> None:
    relations = {relation for split in ("train", "test") for s in natural_sentences(split) for relation in s.relations}
    wanted = "acl:relcl advcl ccomp xcomp csubj nsubj:pass obl:agent expl appos vocative orphan parataxis iobj cop"
    assert set(wanted.split()) <= relations


@pytest.mark.parametrize("sentence", SENTENCES)
def test_labels_are_from_the_closed_sets(sentence: Sentence) -> None:
    assert not wrong_labels(sentence)


@pytest.mark.parametrize("sentence", SENTENCES)
def test_the_text_is_its_words(sentence: Sentence) -> None:
    assert sentence.metadata["text"] == sentence.text
    assert not re.search(r" [,.?!;:)]", sentence.text.replace("...", ""))


@pytest.mark.parametrize("sentence", SENTENCES)
def test_trees_have_the_shapes_of_the_guidelines(sentence: Sentence) -> None:
    assert not wrong_shapes(sentence)
