"""Minimal pairs of subject-verb agreement, with their trees: the right form of one verb and the wrong one."""

from collections.abc import Collection
from dataclasses import dataclass, replace
from random import Random

from treeprobe.parsing.stimuli.grammar.agreement import (
    AGREEMENT,
    MOST_BETWEEN,
    NOUNS_BETWEEN,
    VERB_NUMBER,
    AgreementConstruction,
)
from treeprobe.parsing.stimuli.grammar.inflection import add_s
from treeprobe.parsing.stimuli.grammar.phrases import mark, sentence_of
from treeprobe.parsing.treebanks.treebank import Sentence

_PATIENCE = 1000
_OTHER_BE = {"is": "are", "are": "is", "was": "were", "were": "was"}
_AGREEING = ("VBZ", "VBP")
_THIRD_PERSON = "Mood=Ind|Number={}|Person=3|Tense={}|VerbForm=Fin"
_FEATURES = {
    "NN": "Number=Sing", "NNS": "Number=Plur", "JJ": "Degree=Pos", "WDT": "PronType=Rel",
    "VBZ": _THIRD_PERSON.format("Sing", "Pres"), "VBP": _THIRD_PERSON.format("Plur", "Pres"),
    "PRP": "Case=Nom|Gender=Neut|Number=Sing|Person=3|PronType=Prs",
}  # fmt: skip
_FEATURES_OF_FORMS = {
    "was": _THIRD_PERSON.format("Sing", "Past"), "were": _THIRD_PERSON.format("Plur", "Past"),
    "the": "Definite=Def|PronType=Art", "no": "PronType=Neg",
}  # fmt: skip


@dataclass(frozen=True)
class AgreementPair:
    """A grammatical sentence, and the verb in it whose other form would break agreement.

    Attributes:
        sentence: with its gold tree and, in its features, the number of nouns and finite verbs.
        place: which word the verb is, from 0.
        right: the verb's form, as in the sentence.
        wrong: its form of the other number.
        subject: the word that decides the verb's number: the head of its subject; the expletive `it` of an
            extraposition.
        attractors: nouns between the two that differ in number from the verb (Linzen et al. 2016, section 2).
        between: nouns between the two.
        construction: how the nouns come to stand there.
    """

    sentence: Sentence
    place: int
    right: str
    wrong: str
    subject: int
    attractors: int
    between: int
    construction: AgreementConstruction

    @property
    def plural(self) -> bool:
        """Whether the verb is plural."""
        return is_plural_form(self.right)

    @property
    def violated(self) -> tuple[str, ...]:
        """The words of the sentence with the wrong form."""
        words = self.sentence.words
        return (*words[: self.place], self.wrong, *words[self.place + 1 :])


def agreement_pairs(
    count: int,
    *,
    seed: int = 0,
    construction: AgreementConstruction | None = None,
    between: int | Collection[int] | None = None,
    attractors: int | None = None,
) -> list[AgreementPair]:
    """Distinct sentences in which a verb agrees with its subject across other nouns.

    The same arguments give the same pairs. Subjects and the nouns between are singular or plural by a fair coin each,
    unless `attractors` settles it: the number of the nearest noun then says nothing about the verb's. All other nouns
    have their numbers by coins too.

    Args:
        count: number of pairs.
        seed: of the grammar.
        construction: one of `AGREEMENT`; None for equal numbers of all that have as many nouns between as asked.
        between: how many nouns stand between subject and verb, or several such numbers, equally frequent in a
            construction; None for all that a construction has: 0 to 3.
        attractors: how many of them differ in number from the verb; None leaves it to the coins. Sentences with fewer
            nouns between are left out.

    Raises:
        ValueError: an unknown construction, numbers that no construction has, or the grammar has too few sentences.
    """
    kinds = _kinds(construction, between, attractors)
    if count < 0:
        raise ValueError(f"count is {count}; expected 0 or more pairs")
    rng, found, failures = Random(seed), dict[str, AgreementPair](), 0
    while len(found) < count:
        number = len(found)
        kind = list(kinds)[number % len(kinds)]
        pair = _draw(rng, kind, rng.choice(kinds[kind]), attractors, f"agreement-{kind}-{seed}-{number + 1}")
        if pair.sentence.text not in found:
            found[pair.sentence.text], failures = pair, 0
        elif (failures := failures + 1) >= _PATIENCE:
            raise ValueError(f"found {number} of {count} distinct sentences: more of {kind} are out of reach")
    return list(found.values())


def is_plural_form(form: str) -> bool:
    """Whether a finite form, in the third person, is plural: all but is, was and forms in -s."""
    return form in ("are", "were") or not form.endswith("s")


def other_number(form: str, lemma: str) -> str:
    """A finite verb's form of the other number, in the third person."""
    return _OTHER_BE.get(form) or (lemma if form.endswith("s") else add_s(form))


def _kinds(
    construction: AgreementConstruction | None, between: int | Collection[int] | None, attractors: int | None
) -> dict[AgreementConstruction, list[int]]:
    """The constructions that fit a request, each with the numbers of nouns between that it is asked for."""
    if construction is not None and construction not in AGREEMENT:
        raise ValueError(f"unknown construction {construction!r}; expected one of {', '.join(AGREEMENT)}")
    asked = range(MOST_BETWEEN + 1) if between is None else (between,) if isinstance(between, int) else between
    least = attractors or 0
    kinds = {
        name: [number for number in NOUNS_BETWEEN[name] if number in asked and number >= least]
        for name in ([construction] if construction else AGREEMENT)
    }
    kinds = {name: numbers for name, numbers in kinds.items() if numbers}
    if not kinds or least < 0:
        raise ValueError(
            f"no sentence of {construction or 'any construction'} has {attractors} attractors among {sorted(asked)} "
            f"nouns between subject and verb; expected 0 to {MOST_BETWEEN}"
        )
    return kinds


def _draw(
    rng: Random, kind: AgreementConstruction, between: int, attractors: int | None, identifier: str
) -> AgreementPair:
    """One sentence of a construction."""
    many = VERB_NUMBER.get(kind, rng.random() < 0.5)
    differ = [rng.random() < 0.5 for _ in range(between)]
    if attractors is not None:
        chosen = rng.sample(range(between), attractors)
        differ = [place in chosen for place in range(between)]
    phrase = AGREEMENT[kind](rng, many, [many != other for other in differ])
    metadata = {"construction": kind, "between": str(between), "attractors": str(sum(differ))}
    sentence = _with_features(sentence_of(phrase.after(("punct", mark("."))), identifier=identifier, metadata=metadata))
    place, subject = _verb_and_subject(sentence, kind)
    right = sentence.words[place]
    wrong = other_number(right, sentence.lemmas[place])
    return AgreementPair(sentence, place, right, wrong, subject, sum(differ), between, kind)


def _verb_and_subject(sentence: Sentence, kind: AgreementConstruction) -> tuple[int, int]:
    """Where the verb stands that is looked at, and the word that it agrees with."""
    clause = {"verb-phrase-coordination": "conj", "complement-clause": "ccomp"}.get(kind, "root")
    root = sentence.heads.index(-1)
    head = next(
        word
        for word, relation in enumerate(sentence.relations)
        if relation == clause and sentence.heads[word] in (-1, root)
    )
    verb = _dependent(sentence, head, "cop", otherwise=head)
    host = root if clause == "conj" else head
    return verb, _dependent(sentence, host, "expl" if kind == "extraposition" else "nsubj", otherwise=host)


def _dependent(sentence: Sentence, head: int, relation: str, *, otherwise: int) -> int:
    """The first dependent of a word by a relation."""
    found = (word for word, above in enumerate(sentence.heads) if above == head)
    return next((word for word in found if sentence.relations[word] == relation), otherwise)


def _with_features(sentence: Sentence) -> Sentence:
    """The sentence with the features of its words; only forms of be show number in the past."""
    forms = (word.lower() for word in sentence.words)
    pairs = zip(forms, sentence.xpos)
    features = (_FEATURES_OF_FORMS.get(form) or _FEATURES.get(xpos, "_") for form, xpos in pairs)
    return replace(sentence, features=tuple(features))
