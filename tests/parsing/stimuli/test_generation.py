"""Sentences of the grammar are well-formed UD trees, distinct, repeatable, and as asked for."""

from collections import Counter
from itertools import pairwise
from pathlib import Path

import pytest

from treeprobe.parsing import Sentence, read_conllu, write_conllu
from treeprobe.parsing.stimuli import CONSTRUCTIONS, NESTING, generate

AGREEING = {"NN", "NNS", "NNP", "PRP"}
FUNCTION_WORDS = {"aux", "aux:pass", "cop", "case", "mark", "det", "cc", "punct"}


def dependents(sentence: Sentence, head: int) -> list[str]:
    return [relation for relation, above in zip(sentence.relations, sentence.heads) if above == head]


@pytest.mark.parametrize("kind", CONSTRUCTIONS)
def test_every_tree_keeps_the_conventions(kind: str) -> None:
    for sentence in generate(60, construction=kind, seed=1):
        assert sentence.metadata["construction"] == kind
        assert sentence.relations.count("root") == 1
        for word, relation in enumerate(sentence.relations):
            assert (relation == "root") == (sentence.heads[word] == -1)
            if relation in FUNCTION_WORDS:
                assert not dependents(sentence, word), sentence.text
        assert sentence.relations[-1] == "punct"
        assert sentence.xpos[-1] == "."
        assert sentence.words[-1] == ("?" if kind.endswith("question") else ".")


@pytest.mark.parametrize("kind", CONSTRUCTIONS)
def test_trees_are_projective(kind: str) -> None:
    for sentence in generate(40, construction=kind, seed=2):
        arcs = [(min(i, h), max(i, h)) for i, h in enumerate(sentence.heads) if h >= 0]
        assert not any(a < c < b < d for a, b in arcs for c, d in arcs), sentence.text


@pytest.mark.parametrize(
    ("kind", "relation"),
    [
        ("passive", "nsubj:pass"),
        ("passive", "aux:pass"),
        ("copula", "cop"),
        ("subject-relative", "acl:relcl"),
        ("object-relative", "acl:relcl"),
        ("complement-clause", "ccomp"),
        ("control", "xcomp"),
        ("clause-coordination", "cc"),
        ("verb-phrase-coordination", "conj"),
        ("subject-coordination", "conj"),
        ("object-coordination", "conj"),
        ("adjective-coordination", "conj"),
        ("participle", "acl"),
        ("interrogative-clause", "ccomp"),
        ("purpose-clause", "advcl"),
        ("ditransitive", "obj"),
        ("existential", "expl"),
        ("extraposition", "csubj"),
        ("adverbial-clause", "advcl"),
    ],
)
def test_a_construction_shows_its_relation(kind: str, relation: str) -> None:
    assert all(relation in sentence.relations for sentence in generate(50, construction=kind))


@pytest.mark.parametrize("kind", NESTING)
@pytest.mark.parametrize("depth", [1, 2, 4])
def test_depth_is_the_number_of_nested_clauses(kind: str, depth: int) -> None:
    relation = "ccomp" if kind == "complement-clause" else "acl:relcl"
    for sentence in generate(20, construction=kind, depth=depth):
        assert sentence.relations.count(relation) == depth


def test_finite_verbs_agree_with_their_subjects() -> None:
    seen = Counter[bool]()
    for sentence in generate(800):
        for subject, head in enumerate(sentence.heads):
            if sentence.relations[subject] not in ("nsubj", "nsubj:pass") or sentence.xpos[subject] not in AGREEING:
                continue
            verb = next(
                w for w in range(len(sentence)) if w == head or (sentence.heads[w] == head and is_verbal(sentence, w))
            )
            many = is_many(sentence, subject)
            if sentence.xpos[verb] in ("VBP", "VBZ"):
                seen[many] += 1
                assert (sentence.xpos[verb] == "VBP") == many, sentence.text
    assert min(seen[True], seen[False]) > 50


def is_verbal(sentence: Sentence, word: int) -> bool:
    return sentence.relations[word] in ("aux", "aux:pass", "cop")


def is_many(sentence: Sentence, subject: int) -> bool:
    joined = [w for w, head in enumerate(sentence.heads) if head == subject and sentence.relations[w] == "conj"]
    if joined:
        (conjunction,) = (
            w for w, head in enumerate(sentence.heads) if head == joined[-1] and sentence.upos[w] == "CCONJ"
        )
        return sentence.words[conjunction] == "and" or sentence.xpos[joined[-1]] == "NNS"
    return sentence.xpos[subject] == "NNS" or sentence.lemmas[subject] in ("I", "you", "we", "they")


def test_pronouns_have_the_case_of_their_role() -> None:
    relations = {relation: Counter[str]() for relation in ("nsubj", "obj", "iobj", "obl", "nmod:poss")}
    for sentence in generate(3000):
        for word, relation in enumerate(sentence.relations):
            relation = relation.removesuffix(":pass")
            if relation in relations and sentence.xpos[word] in ("PRP", "PRP$"):
                relations[relation][sentence.words[word].lower()] += 1
    assert set(relations["nsubj"]) == {"i", "you", "he", "she", "it", "we", "they"}
    objects = relations["obj"] + relations["iobj"] + relations["obl"]
    assert set(objects) == {"me", "you", "him", "her", "it", "us", "them"}
    assert set(relations["nmod:poss"]) == {"my", "your", "his", "her", "our", "their"}


def test_contractions_are_multiword_tokens() -> None:
    seen: dict[str, tuple[str, ...]] = {}
    for sentence in generate(4000):
        for first, last, form, *_ in sentence.multiword:
            assert "".join(sentence.words[first : last + 1]) == form
            assert form in sentence.text
            seen[form.lower()] = sentence.words[first : last + 1]
    assert seen["doesn't"] == ("does", "n't")
    assert seen["can't"] == ("ca", "n't")
    assert seen["won't"][1] == "n't"
    assert seen["i'm"][1] == "'m"
    assert seen["they're"][1] == "'re"
    assert {"isn't", "don't", "didn't", "it's", "mary's"} <= set(seen)
    assert {"'ll", "'ve", "'d"} <= {words[-1] for words in seen.values()}
    assert not {"amn't", "mayn't"} & set(seen)


def test_lengths_are_near_those_of_natural_text() -> None:
    lengths = [len(sentence) for sentence in generate(2000)]
    assert min(lengths) == 5
    assert 25 < max(lengths) <= 30
    assert 11 < sum(lengths) / len(lengths) < 14


def test_an_stands_before_vowels_only() -> None:
    for sentence in generate(1500):
        for first, second in pairwise(sentence.words):
            if first.lower() in ("a", "an"):
                assert (first.lower() == "an") == (second[0] in "aeiou"), sentence.text


def test_possessives_and_marks_stand_close() -> None:
    texts = " ".join(sentence.text for sentence in generate(500))
    assert "'s " in texts
    assert not any(f" {form}" in texts for form in ("'s", ".", ",", "?"))


def test_sentences_are_distinct_and_repeat_with_their_seed() -> None:
    first, again, other = generate(500, seed=5), generate(500, seed=5), generate(500, seed=6)
    assert len({sentence.text for sentence in first}) == 500
    assert first.digest == again.digest != other.digest


def test_length_is_kept() -> None:
    assert {len(sentence) for sentence in generate(40, length=9)} == {9}
    assert all(5 <= len(sentence) <= 7 for sentence in generate(40, length=(5, 7)))


def test_writing_and_reading_changes_nothing(tmp_path: Path) -> None:
    bank = generate(60)
    write_conllu(bank, tmp_path / "grammar.conllu")
    back = read_conllu(tmp_path / "grammar.conllu")
    assert back.digest == bank.digest
    assert [sentence.text for sentence in back] == [sentence.text for sentence in bank]


@pytest.mark.parametrize(
    ("request_", "message"),
    [
        ({"construction": "gapping"}, "unknown construction 'gapping'; expected one of transitive, "),
        ({"construction": "passive", "depth": 2}, "passive does not nest"),
        ({"construction": "copula", "length": 90}, "out of reach"),
        ({"length": (9, 3)}, "smallest and largest"),
        ({"depth": 0}, "expected 1 to"),
        ({"count": -1}, "expected 0 or more"),
    ],
)
def test_impossible_requests_are_told(request_: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        generate(**{"count": 5, **request_})
