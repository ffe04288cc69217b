"""The natural sentences are valid UD: tags from the closed sets, and the shapes that its guidelines ask for."""

import re

import pytest

from parsing import Sentence
from parsing.samples import natural_sentences

UPOS = set("ADJ ADP ADV AUX CCONJ DET INTJ NOUN NUM PART PRON PROPN PUNCT SCONJ SYM VERB X".split())
XPOS = set(
    "CC CD DT EX FW IN JJ JJR JJS LS MD NN NNS NNP NNPS PDT POS PRP PRP$ RB RBR RBS RP SYM TO UH VB VBD VBG VBN VBP "
    "VBZ WDT WP WP$ WRB , . : `` '' -LRB- -RRB- HYPH $ NFP ADD AFX GW XX".split()
)
RELATIONS = set(
    "acl advcl advmod amod appos aux case cc ccomp compound conj cop csubj dep det discourse dislocated expl fixed "
    "flat goeswith iobj list mark nmod nsubj nummod obj obl orphan parataxis punct reparandum root vocative "
    "xcomp".split()
)
LEAVES = {"case", "mark", "cc", "aux", "cop", "det", "punct"}
# What may still hang from a function word: the rest of a fixed expression, a conjunct, a modifier ("almost all").
UNDER_LEAVES = {"fixed", "conj", "cc", "advmod", "goeswith", "punct"}
TO_THE_RIGHT = {"conj", "fixed", "flat", "appos", "goeswith"}

SENTENCES = [
    pytest.param(sentence, id=sentence.identifier)
    for split in ("train", "test")
    for sentence in natural_sentences(split)
]


def universal(relation: str) -> str:
    """A relation without its subtype."""
    return relation.split(":")[0]


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
    assert set(sentence.upos) <= UPOS
    assert set(sentence.xpos) <= XPOS
    assert {universal(relation) for relation in sentence.relations} <= RELATIONS


@pytest.mark.parametrize("sentence", SENTENCES)
def test_the_text_is_its_words(sentence: Sentence) -> None:
    assert sentence.metadata["text"] == sentence.text
    assert not re.search(r" [,.?!;:)]", sentence.text.replace("...", ""))


@pytest.mark.parametrize("sentence", SENTENCES)
def test_trees_have_the_shapes_of_the_guidelines(sentence: Sentence) -> None:
    for word, (head, relation) in enumerate(zip(sentence.heads, sentence.relations)):
        place = f"{sentence.words[word]} ({relation})"
        assert (head < 0) == (relation == "root"), place
        assert (sentence.upos[word] == "PUNCT") == (relation == "punct"), place
        if head < 0:
            continue
        if universal(sentence.relations[head]) in LEAVES:
            assert universal(relation) in UNDER_LEAVES, f"{place} hangs from {sentence.words[head]}"
        assert sentence.relations[head] != "punct", place
        if universal(relation) in TO_THE_RIGHT:
            assert head < word, place
        if relation == "cc":
            assert head > word, f"{place} belongs to the following conjunct"
