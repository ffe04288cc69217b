"""Filters of constructions, on sentences that have them and sentences that look alike."""

import pytest

from treeprobe.parsing import Sentence
from treeprobe.parsing.stimuli import CONSTRUCTIONS, generate
from treeprobe.parsing.treebanks import ConstructionFilter


def made(*rows: tuple[str, int, str, str]) -> Sentence:
    """A sentence of (word, head from 1, relation, features)."""
    words, heads, relations, features = zip(*rows)
    tags = ("X",) * len(rows)
    return Sentence(
        words, tuple(head - 1 for head in heads), relations, tags, tags, (True,) * len(rows), features=features
    )


def test_a_relation_stands_for_its_subtypes_and_no_other() -> None:
    one = made(("What", 3, "csubj:outer", "_"), ("is", 3, "cop", "_"), ("true", 0, "root", "_"))
    assert ConstructionFilter.named("csubj").edges(one).tolist() == [True, False, False]
    assert one in ConstructionFilter.named("csubj:outer")
    assert one not in ConstructionFilter.named("csub")
    assert one not in ConstructionFilter.named("acl:relcl")


def test_a_question_is_all_of_its_sentence_in_any_script() -> None:
    for mark in ("?", "？", "؟", "??"):
        one = made(("Why", 0, "root", "_"), (mark, 1, "punct", "_"))
        assert ConstructionFilter.named("questions").edges(one).tolist() == [True, True]
    assert made(("Why", 0, "root", "_"), (".", 1, "punct", "_")) not in ConstructionFilter.named("questions")


def test_passives_are_known_by_relations_or_else_by_voice() -> None:
    passives = ConstructionFilter.named("passives")
    one = made(("It", 3, "nsubj:pass", "_"), ("was", 3, "aux:pass", "_"), ("seen", 0, "root", "Voice=Pass"))
    assert passives.edges(one).tolist() == [True, True, False]
    plain = made(("It", 3, "nsubj", "_"), ("was", 3, "aux", "_"), ("seen", 0, "root", "Voice=Pass"))
    assert passives.edges(plain).tolist() == [True, False, False]
    assert made(("It", 2, "nsubj", "_"), ("saw", 0, "root", "Voice=Act")) not in passives


@pytest.mark.parametrize(
    ("construction", "name"),
    [("passive", "passives"), ("subject-relative", "acl:relcl"), ("control", "xcomp"), ("wh-question", "questions")],
)
def test_the_constructions_of_the_grammar_are_found(construction: str, name: str) -> None:
    wanted = ConstructionFilter.named(name)
    assert construction in CONSTRUCTIONS
    assert all(one in wanted for one in generate(30, construction=construction))  # type: ignore[arg-type]
    assert not any(one in wanted for one in generate(30, construction="transitive"))
