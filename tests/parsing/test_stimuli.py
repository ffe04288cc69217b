"""Sentences of the grammar are well-formed UD trees, distinct, repeatable, and as asked for."""

from itertools import pairwise
from pathlib import Path

import pytest

from parsing import Sentence, read_conllu, write_conllu
from parsing.stimuli import CONSTRUCTIONS, NESTING, generate

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
        ("coordination", "cc"),
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


def test_a_copula_agrees_with_its_subject() -> None:
    for sentence in generate(200, construction="copula"):
        subject, verb = sentence.relations.index("nsubj"), sentence.relations.index("cop")
        assert (sentence.xpos[subject] == "NNS") == (sentence.words[verb] in ("are", "were")), sentence.text


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
        ({"length": (9, 3)}, "fewest"),
        ({"depth": 0}, "expected 1 to"),
        ({"count": -1}, "expected 0 or more"),
    ],
)
def test_impossible_requests_are_told(request_: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        generate(**{"count": 5, **request_})
