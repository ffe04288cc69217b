"""Agreement pairs: every sentence agrees, its counterpart fails to in one place, and shortcuts tell nothing."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.parsing.stimuli.test_guidelines import attachments, function_words, tagged_relations
from tests.parsing.stimuli.ud_guidelines import wrong_labels, wrong_shapes
from treeprobe.parsing import Sentence, read_conllu, write_conllu
from treeprobe.parsing.stimuli import AGREEMENT, NOUNS_BETWEEN, AgreementPair, agreement_pairs

PLURAL_BE = {"is": False, "was": False, "are": True, "were": True}


@pytest.fixture(scope="module")
def pairs() -> list[AgreementPair]:
    return agreement_pairs(2700, seed=4)


def violations(sentence: Sentence, words: Sequence[str]) -> list[int]:
    """Finite verbs of a sentence, spoken with other words, whose form is not that of their subject's number."""
    return [
        verb
        for verb, form in enumerate(words)
        if (many := verb_number(sentence, verb, form)) is not None and many != subject_number(sentence, verb)
    ]


def verb_number(sentence: Sentence, verb: int, form: str) -> bool | None:
    """Whether a finite verb is plural; None where the form shows no number or is no finite verb's."""
    if form in PLURAL_BE:
        return PLURAL_BE[form]
    if sentence.upos[verb] != "VERB" or sentence.xpos[verb] == "VBD":
        return None
    return form == sentence.lemmas[verb]


def subject_number(sentence: Sentence, verb: int) -> bool:
    """Whether the subject of a verb is plural, by the tree: of its copula's predicate, shared, or its antecedent."""
    predicate = sentence.heads[verb] if sentence.relations[verb] == "cop" else verb
    below = dependents(sentence, predicate)
    if "nsubj" not in below and "expl" not in below:
        assert sentence.relations[predicate] == "conj"
        below = dependents(sentence, sentence.heads[predicate])
    if "nsubj" not in below:
        return False  # the `it` of an extraposition
    subject = below["nsubj"]
    if sentence.xpos[subject] == "WDT":
        subject = sentence.heads[predicate]
    return "conj" in dependents(sentence, subject) or sentence.xpos[subject] == "NNS"


def dependents(sentence: Sentence, head: int) -> dict[str, int]:
    return {sentence.relations[word]: word for word, above in enumerate(sentence.heads) if above == head}


def test_every_sentence_agrees_and_its_counterpart_fails_once(pairs: list[AgreementPair]) -> None:
    for pair in pairs:
        assert violations(pair.sentence, pair.sentence.words) == [], pair.sentence.text
        assert violations(pair.sentence, pair.violated) == [pair.place], pair.sentence.text
        differing = [w for w, two in enumerate(zip(pair.sentence.words, pair.violated)) if len(set(two)) > 1]
        assert differing == [pair.place]
        assert pair.sentence.words[pair.place] == pair.right != pair.wrong
        assert pair.plural == verb_number(pair.sentence, pair.place, pair.right)


def test_attractors_are_counted_between_subject_and_verb(pairs: list[AgreementPair]) -> None:
    for pair in pairs:
        between = range(pair.subject + 1, pair.place)
        numbers = [pair.sentence.xpos[word] == "NNS" for word in between if pair.sentence.upos[word] == "NOUN"]
        assert len(numbers) == pair.between
        assert sum(many != pair.plural for many in numbers) == pair.attractors
        assert pair.between in NOUNS_BETWEEN[pair.construction]


def test_constructions_and_numbers_are_balanced() -> None:
    pairs = agreement_pairs(1800, between=2, seed=1)
    kinds = Counter(pair.construction for pair in pairs)
    assert set(kinds) == {kind for kind, numbers in NOUNS_BETWEEN.items() if 2 in numbers}
    assert max(kinds.values()) - min(kinds.values()) <= 1
    free = [pair for pair in pairs if pair.construction != "subject-coordination"]
    # The nearest noun agrees with the verb as often as not, and so does the first after the subject.
    for choose in (min, max):
        nouns = [choose(w for w in range(p.subject + 1, p.place) if p.sentence.upos[w] == "NOUN") for p in free]
        same = sum((p.sentence.xpos[w] == "NNS") == p.plural for p, w in zip(free, nouns))
        assert same / len(free) == pytest.approx(0.5, abs=0.05)
    assert sum(p.plural for p in free) / len(free) == pytest.approx(0.5, abs=0.05)


def test_what_is_asked_for_is_given() -> None:
    for pair in agreement_pairs(200, between=3, attractors=2):
        assert (pair.between, pair.attractors) == (3, 2)
    for pair in agreement_pairs(100, construction="object-relative", between=(1, 2)):
        assert pair.construction == "object-relative"
        assert pair.between in (1, 2)
        assert pair.sentence.metadata["construction"] == "object-relative"
        assert pair.sentence.metadata["attractors"] == str(pair.attractors)
    assert {pair.construction for pair in agreement_pairs(len(AGREEMENT))} == set(AGREEMENT)


def test_pairs_are_distinct_and_repeat_with_their_seed() -> None:
    first, again, other = (agreement_pairs(300, seed=seed) for seed in (5, 5, 6))
    assert first == again != other
    assert len({pair.sentence.text for pair in first}) == 300


def test_trees_keep_the_guidelines(pairs: list[AgreementPair], tmp_path: Path) -> None:
    for pair in pairs:
        assert not wrong_labels(pair.sentence) | set(wrong_shapes(pair.sentence)), pair.sentence.text
    write_conllu([pair.sentence for pair in pairs], tmp_path / "agreement.conllu")
    back = read_conllu(tmp_path / "agreement.conllu")
    assert [sentence.features for sentence in back] == [pair.sentence.features for pair in pairs]


def test_features_say_the_numbers(pairs: list[AgreementPair]) -> None:
    for pair in pairs:
        for xpos, features in zip(pair.sentence.xpos, pair.sentence.features):
            if xpos in ("NN", "NNS", "VBZ", "VBP"):
                assert f"Number={'Plur' if xpos in ('NNS', 'VBP') else 'Sing'}" in features
        assert f"Number={'Plur' if pair.plural else 'Sing'}" in pair.sentence.features[pair.place]


def test_words_of_two_categories_are_few_and_categories_give_the_tree(pairs: list[AgreementPair]) -> None:
    """The tree of an agreement sentence is a function of its words' categories: there is no ambiguous attachment."""
    categories: dict[str, set[str]] = {}
    for pair in pairs:
        for word, upos in zip(pair.sentence.words, pair.sentence.upos):
            categories.setdefault(word.lower(), set()).add(upos)
    assert {word for word, found in categories.items() if len(found) > 1} == {"that", *PLURAL_BE}
    heads: dict[tuple[str, ...], set[tuple[int, ...]]] = {}
    for pair in pairs:
        pattern = tuple("/".join(sorted(categories[word.lower()])) for word in pair.sentence.words)
        heads.setdefault(pattern, set()).add(pair.sentence.heads)
    assert {len(found) for found in heads.values()} == {1}


@pytest.mark.parametrize(
    ("request_", "message"),
    [
        ({"construction": "gapping"}, "unknown construction 'gapping'; expected one of simple, "),
        ({"construction": "simple", "between": 2}, r"no sentence of simple has None attractors among \[2\]"),
        ({"attractors": 4}, "any construction has 4 attractors"),
        ({"attractors": -1}, "expected 0 to 3"),
        ({"count": -1}, "expected 0 or more"),
    ],
)
def test_impossible_requests_are_told(request_: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        agreement_pairs(**{"count": 5, **request_})


@pytest.mark.ewt
def test_english_ewt_knows_every_label_and_function_word(pairs: list[AgreementPair], ewt: Path) -> None:
    gold = read_conllu(ewt / "en_ewt-train.conllu")
    for describe in (tagged_relations, function_words, attachments, tagged_features):
        known = {item for sentence in gold for item in describe(sentence)}
        unknown = {item for pair in pairs for item in describe(pair.sentence)} - known
        assert not unknown, f"{describe.__name__}: {sorted(unknown)}"


def tagged_features(sentence: Sentence) -> set[tuple[str, ...]]:
    """Penn tag and features of the words whose number matters."""
    return {
        (xpos, features)
        for xpos, features in zip(sentence.xpos, sentence.features)
        if xpos in ("NN", "NNS", "VBZ", "VBP", "JJ", "WDT", "PRP") or "Past" in features
    }
