"""Pairs from trees: which verbs are swapped, what they agree with, and how far apart the two stand."""

from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from treeprobe.behaviour import MinimalPair, NumberForms, grammar_pairs, treebank_pairs
from treeprobe.parsing import Sentence, Treebank, read_conllu
from treeprobe.parsing.stimuli import AGREEMENT

SING, PLUR = (
    "Mood=Ind|Number=Sing|Person=3|Tense={}|VerbForm=Fin",
    "Mood=Ind|Number=Plur|Person=3|Tense={}|VerbForm=Fin",
)
NOUN_SING, NOUN_PLUR = "Number=Sing", "Number=Plur"
FEATURES = {
    "is": SING.format("Pres"), "are": PLUR.format("Pres"), "'s": SING.format("Pres"), "'re": PLUR.format("Pres"),
    "was": SING.format("Past"), "were": PLUR.format("Past"), "has": SING.format("Pres"), "have": PLUR.format("Pres"),
    "likes": SING.format("Pres"), "like": PLUR.format("Pres"), "liked": "Mood=Ind|Tense=Past|VerbForm=Fin",
    "it": NOUN_SING, "they": NOUN_PLUR, "who": "PronType=Rel", "can": "VerbForm=Fin", "there": "_",
}  # fmt: skip
LEMMAS = {
    "is": "be", "are": "be", "'s": "be", "'re": "be", "was": "be", "were": "be", "has": "have", "likes": "like",
    "liked": "like",
}  # fmt: skip
UPOS = {"the": "DET", "near": "ADP", "and": "CCONJ", "there": "PRON", "it": "PRON", "they": "PRON", "who": "PRON"}


def sentence(*rows: str) -> Sentence:
    """A sentence of rows `word head relation`, heads from 1; -s marks plural nouns."""
    words, heads, relations = zip(*(row.split() for row in rows))
    lower = [word.lower() for word in words]
    features = [FEATURES.get(word) or (NOUN_PLUR if word.endswith("s") else NOUN_SING) for word in lower]
    upos = [
        UPOS.get(word) or ("AUX" if LEMMAS.get(word) == "be" else "VERB" if word in FEATURES else "NOUN")
        for word in lower
    ]
    return Sentence(
        words=words,
        heads=tuple(int(head) - 1 for head in heads),
        relations=relations,
        upos=tuple(upos),
        xpos=("_",) * len(words),
        space_after=(True,) * len(words),
        identifier=" ".join(words),
        lemmas=tuple(LEMMAS.get(word, word) for word in lower),
        features=tuple("_" if tag in ("DET", "ADP", "CCONJ") else one for tag, one in zip(upos, features)),
    )


FORMS = NumberForms.of(
    [
        sentence("It 2 nsubj", "likes 0 root", "dogs 2 obj"),
        sentence("They 2 nsubj", "like 0 root", "dogs 2 obj"),
        *[sentence("It 3 nsubj", f"{be} 3 cop", "dog 0 root") for be in ("is", "is", "'s", "was")],
        *[sentence("They 3 nsubj", f"{be} 3 cop", "dogs 0 root") for be in ("are", "are", "'re", "were")],
        sentence("It 2 nsubj", "has 0 root", "dogs 2 obj"),
        sentence("They 2 nsubj", "have 0 root", "dogs 2 obj"),
    ]
)  # fmt: skip


def pairs_of(*rows: str) -> list[MinimalPair]:
    return treebank_pairs([sentence(*rows)], FORMS, source="toy")


def described(pair: MinimalPair) -> tuple[str, str, str, str, int | None, int | None]:
    """Construction, controller, good form, bad form, distance and attractors."""
    (target,) = pair.targets
    controller = pair.good[pair.controller or 0]
    return pair.construction, controller, pair.good[target], pair.bad[target], pair.distance, pair.attractors


CASES = {
    "simple": (("The 2 det", "dog 3 nsubj", "likes 0 root", "cats 3 obj"), ("simple", "dog", "likes", "like", 1, 0)),
    "copula": (("The 2 det", "Dogs 4 nsubj", "were 4 cop", "cats 0 root"), ("simple", "Dogs", "were", "was", 1, 0)),
    "clitic": (("They 3 nsubj", "'re 3 cop", "cats 0 root"), ("simple", "They", "'re", "'s", 1, 0)),
    "case": (("Is 3 cop", "it 3 nsubj", "dog 0 root"), ("inversion", "it", "Is", "Are", 1, 0)),
    "modifier": (
        ("The 2 det", "key 6 nsubj", "near 5 case", "the 5 det", "cabinets 2 nmod", "is 0 root"),
        ("prepositional-phrase", "key", "is", "are", 4, 1),
    ),
    "same number between": (
        ("The 2 det", "key 6 nsubj", "near 5 case", "the 5 det", "cabinet 2 nmod", "is 0 root"),
        ("prepositional-phrase", "key", "is", "are", 4, 0),
    ),
    "subject relative": (
        ("dogs 5 nsubj", "who 3 nsubj", "liked 1 acl:relcl", "it 3 obj", "are 0 root"),
        ("subject-relative", "dogs", "are", "is", 4, 0),
    ),
    "object relative": (
        ("dogs 4 nsubj", "cat 3 nsubj", "liked 1 acl:relcl", "are 0 root"),
        ("object-relative", "dogs", "are", "is", 3, 1),
    ),
    "existential": (
        ("There 2 expl", "are 0 root", "dogs 2 nsubj"), ("existential", "dogs", "are", "is", 1, 0),
    ),
    "extraposition": (
        ("It 3 expl", "is 3 cop", "fun 0 root", "liked 3 csubj"), ("extraposition", "It", "is", "are", 1, 0),
    ),
    "coordination": (
        ("dog 4 nsubj", "and 3 cc", "cat 1 conj", "are 0 root"), ("subject-coordination", "dog", "are", "is", 3, 1),
    ),
    "coordinated verbs": (
        ("dog 2 nsubj", "liked 0 root", "cats 2 obj", "and 5 cc", "likes 2 conj", "it 5 obj"),
        ("verb-phrase-coordination", "dog", "likes", "like", 4, 1),
    ),
    "relative pronoun": (
        ("they 2 nsubj", "liked 0 root", "dog 2 obj", "who 5 nsubj", "likes 3 acl:relcl", "it 5 obj"),
        ("relative-pronoun", "dog", "likes", "like", 2, 0),
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_a_verb_and_what_it_agrees_with_are_found(case: str) -> None:
    rows, expected = CASES[case]
    (pair,) = pairs_of(*rows)
    assert described(pair) == expected


@pytest.mark.parametrize(
    "rows",
    [
        ("The 2 det", "dogs 3 nsubj", "likes 0 root"),  # the subject has another number
        ("dog 3 nsubj", "can 3 aux", "like 0 root"),  # two finite words, as a treebank's error has them
        ("dog 2 nsubj", "liked 0 root"),  # shows no number
        ("likes 0 root", "dogs 1 obj"),  # no subject
        ("dog 3 nsubj", "and 3 cc", "barks 0 root"),  # a form that was never seen
    ],
)
def test_verbs_whose_number_is_not_shown_are_left_out(rows: tuple[str, ...]) -> None:
    assert pairs_of(*rows) == []


def test_sentences_without_a_name_are_numbered() -> None:
    rows = ("It 3 nsubj", "is 3 cop", "dog 0 root")
    named, unnamed = sentence(*rows), replace(sentence(*rows), identifier="")
    found = treebank_pairs([named, unnamed], FORMS, source="toy")
    assert [pair.identifier for pair in found] == ["It is dog", "sentence 2"]


def test_a_form_that_was_seen_in_the_words_own_number_too_is_no_error() -> None:
    """Of a verb like `you were`, whose plural form is the singular one as well."""
    is_, are = (sentence("It 3 nsubj", f"{be} 3 cop", "dog 0 root") for be in ("is", "are"))
    singular_are = replace(are, features=(are.features[0], FEATURES["is"], are.features[2]))
    assert NumberForms.of([is_, are]).other(is_, 1) == "are"
    assert NumberForms.of([is_, are, singular_are]).other(is_, 1) is None


def test_the_grammar_has_equally_many_pairs_with_each_number_of_attractors() -> None:
    pairs = grammar_pairs(90)
    assert Counter(pair.attractors for pair in pairs) == {0: 23, 1: 23, 2: 22, 3: 22}
    assert {pair.construction for pair in pairs} <= set(AGREEMENT)
    assert len({pair.good for pair in pairs}) == 90
    assert grammar_pairs(0) == []


def test_the_rules_for_treebanks_find_the_grammars_own_pairs() -> None:
    """What the grammar built is what the tree shows: the same verb, controller, wrong form and attractors."""
    pairs = grammar_pairs(400)
    sentences = [pair.sentence for pair in pairs if pair.sentence is not None]
    forms = NumberForms.of(sentences)
    found = {
        (pair.good, pair.bad): (pair.controller, pair.attractors)
        for pair in treebank_pairs(sentences, forms, source="grammar")
    }
    # Some verbs are in these sentences in one number alone.
    known = [pair for pair, one in zip(pairs, sentences) if forms.other(one, pair.targets[0]) is not None]
    assert len(known) > 350
    for pair in known:
        assert found[pair.good, pair.bad] == (pair.controller, pair.attractors), pair


@pytest.mark.ewt
def test_verbs_of_english_ewt_are_swapped(ewt: Path) -> None:
    bank = read_conllu(ewt / "en_ewt-dev.conllu")
    pairs = treebank_pairs(bank, NumberForms.of(bank), source="dev")
    assert 700 < len(pairs) < 1200
    by_text = {" ".join(pair.good): pair for pair in pairs}
    storage = by_text["Yes storage for your luggages is still available at Gare Montparnasse ."]
    assert described(storage) == ("prepositional-phrase", "storage", "is", "are", 4, 1)
    tina = by_text["Both Tina and Vicky are excellent ."]
    assert described(tina) == ("subject-coordination", "Tina", "are", "is", 3, 1)
    swaps = Counter((pair.good[pair.targets[0]].lower(), pair.bad[pair.targets[0]].lower()) for pair in pairs)
    assert set(swaps) >= {("is", "are"), ("has", "have"), ("do", "does"), ("'s", "'re"), ("was", "were"), ("am", "are")}
    assert not set(swaps) & {("is", "'re"), ("am", "is"), ("was", "are")}
    assert len(treebank_pairs(Treebank(bank[:100]), NumberForms.of([]), source="dev")) == 0
