"""The whole mixture of the grammar against the UD guidelines, and against the labels that English EWT really uses."""

from collections import Counter
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest

from tests.parsing.stimuli.ud_guidelines import universal, wrong_labels, wrong_shapes
from treeprobe.parsing import Sentence, Treebank, read_conllu
from treeprobe.parsing.stimuli import CONSTRUCTIONS, NESTING, generate

# The Penn tags of each universal tag, as far as the grammar goes.
XPOS_OF = {
    "ADJ": {"JJ"},
    "ADP": {"IN"},
    "ADV": {"RB", "WRB"},
    "AUX": {"MD", "VB", "VBD", "VBG", "VBN", "VBP", "VBZ"},
    "CCONJ": {"CC"},
    "DET": {"DT", "WDT"},
    "INTJ": {"UH"},
    "NOUN": {"NN", "NNS"},
    "NUM": {"CD"},
    "PART": {"POS", "RB", "TO"},
    "PRON": {"EX", "PRP", "PRP$", "WDT", "WP"},
    "PROPN": {"NNP"},
    "PUNCT": {",", "."},
    "SCONJ": {"IN"},
    "VERB": {"VB", "VBD", "VBG", "VBN", "VBP", "VBZ"},
}
UPOS_OF = {
    "amod": {"ADJ"},
    "nummod": {"NUM"},
    "det": {"DET"},
    "case": {"ADP", "PART"},
    "mark": {"SCONJ", "PART"},
    "cc": {"CCONJ"},
    "aux": {"AUX"},
    "cop": {"AUX"},
    "expl": {"PRON"},
    "flat": {"PROPN"},
    "compound": {"NOUN"},
    "nsubj": {"NOUN", "PROPN", "PRON"},
    "obj": {"NOUN", "PROPN", "PRON"},
    "iobj": {"NOUN", "PROPN", "PRON"},
    "advmod": {"ADV", "PART"},
}
ONCE = ("nsubj", "csubj", "obj", "iobj", "ccomp", "xcomp", "cop", "det", "expl", "case", "mark", "cc")
CLOSED = {"ADP", "AUX", "CCONJ", "DET", "PART", "PRON", "SCONJ"}


@pytest.fixture(scope="module")
def mixture() -> Treebank:
    nested = [sentence for depth in (2, 4) for sentence in generate(150, depth=depth, seed=9)]
    return Treebank([*generate(5000, seed=9), *nested])


def test_labels_are_from_the_closed_sets(mixture: Treebank) -> None:
    for sentence in mixture:
        assert not wrong_labels(sentence), sentence.text


def test_trees_have_the_shapes_of_the_guidelines(mixture: Treebank) -> None:
    for sentence in mixture:
        assert not wrong_shapes(sentence), sentence.text


def test_tags_agree_with_each_other_and_with_relations(mixture: Treebank) -> None:
    for sentence in mixture:
        for upos, xpos, relation in zip(sentence.upos, sentence.xpos, sentence.relations):
            assert xpos in XPOS_OF[upos], sentence.text
            assert upos in UPOS_OF.get(universal(relation), {upos}), f"{upos} {relation}: {sentence.text}"


def test_a_head_has_one_dependent_of_a_core_relation(mixture: Treebank) -> None:
    for sentence in mixture:
        pairs = Counter(zip(sentence.heads, map(universal, sentence.relations)))
        assert not [pair for pair, count in pairs.items() if pair[1] in ONCE and count > 1], sentence.text


def test_a_finite_verb_or_a_mark_stands_in_every_clause(mixture: Treebank) -> None:
    clausal = {"ccomp", "advcl", "csubj", "xcomp", "acl:relcl"}
    for sentence in mixture:
        for word, relation in enumerate(sentence.relations):
            if relation in clausal:
                below = [w for w, head in enumerate(sentence.heads) if head == word]
                tags = {sentence.xpos[w] for w in (word, *below)}
                assert tags & {"VBD", "VBP", "VBZ", "MD", "TO"}, sentence.text


def test_texts_are_written_as_english_is(mixture: Treebank) -> None:
    for sentence in mixture:
        assert sentence.text[0].isupper()
        assert not any(f" {form}" in sentence.text for form in (",", ".", "?", "'", "n't")), sentence.text
        assert not any(first == second for first, second in pairwise(closed_class(sentence))), sentence.text
        joined = {place for token in sentence.multiword for place in range(token.first + 1, token.last + 1)}
        assert joined == {place for place, word in enumerate(sentence.words) if "'" in word}, sentence.text


def closed_class(sentence: Sentence) -> list[str]:
    """The words of closed classes, the others as their place: verbs may meet their like, and so may her."""
    words = enumerate(zip(sentence.words, sentence.upos))
    return [word if upos in CLOSED and word != "her" else str(place) for place, (word, upos) in words]


def test_every_construction_is_there_as_often_as_the_others(mixture: Treebank) -> None:
    counts = Counter(sentence.metadata["construction"] for sentence in generate(26 * 20))
    assert set(counts) == set(CONSTRUCTIONS)
    assert set(counts.values()) == {20}
    assert set(NESTING) <= set(CONSTRUCTIONS)


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"heads": (1, -1, 0, 1)}, "hangs from The (det)"),
        ({"relations": ("conj", "root", "obj", "punct")}, "stands before its head"),
        ({"relations": ("det", "root", "punct", "punct")}, "punct is the relation of punctuation"),
        ({"relations": ("det", "root", "cc", "punct")}, "belongs to the following conjunct"),
    ],
)
def test_the_checks_can_fail(change: dict, complaint: str) -> None:
    good = Sentence(
        words=("The", "dog", "barks", "."),
        heads=(1, -1, 1, 1),
        relations=("det", "root", "obj", "punct"),
        upos=("DET", "NOUN", "VERB", "PUNCT"),
        xpos=("DT", "NN", "VBZ", "."),
        space_after=(True, True, False, True),
    )
    assert not wrong_shapes(good)
    assert any(complaint in found for found in wrong_shapes(replace(good, **change)))
    assert wrong_labels(replace(good, upos=("DET", "NN", "VERB", "PUNCT"))) == {"NN"}


@pytest.mark.ewt
def test_english_ewt_knows_every_label_and_function_word(mixture: Treebank, ewt: Path) -> None:
    """What the grammar says of tags, relations and function words, annotators of EWT have said too."""
    gold = read_conllu(ewt / "en_ewt-train.conllu")
    for describe in (tagged_relations, function_words, attachments):
        known = Counter(item for sentence in gold for item in describe(sentence))
        unknown = {item for sentence in mixture for item in describe(sentence)} - set(known)
        assert not unknown, f"{describe.__name__}: {sorted(unknown)}"


def tagged_relations(sentence: Sentence) -> set[tuple[str, ...]]:
    """Universal tag, Penn tag and relation of each word; a noun's number bears on no relation."""
    return set(zip(sentence.upos, (xpos.replace("NNS", "NN") for xpos in sentence.xpos), sentence.relations))


def function_words(sentence: Sentence) -> set[tuple[str, ...]]:
    """Form, lemma, tags and relation (less its subtype) of each word of the closed classes."""
    relations = map(universal, sentence.relations)
    columns = zip(sentence.words, sentence.lemmas, sentence.upos, sentence.xpos, relations)
    return {(form.lower(), *rest) for form, *rest in columns if rest[1] in CLOSED}


def attachments(sentence: Sentence) -> set[tuple[str, ...]]:
    """Relation of each word with the universal tags at both ends and its side of the head."""
    return {
        (sentence.relations[word], sentence.upos[word], sentence.upos[head], "left" if word < head else "right")
        for word, head in enumerate(sentence.heads)
        if head >= 0
    }
