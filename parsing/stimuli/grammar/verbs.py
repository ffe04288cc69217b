"""Verb groups: auxiliaries, negation and the verb, each in the form that the preceding word governs."""

from dataclasses import replace
from random import Random
from typing import Literal

from treeprobe.parsing.stimuli.grammar import lexicon as words
from treeprobe.parsing.stimuli.grammar.inflection import add_s, gerund, participle, past
from treeprobe.parsing.stimuli.grammar.phrases import Dependent, Phrase, adverb

VerbForm = Literal["past", "present", "base", "gerund", "participle"]

_STATIVE = {*words.STATES_OF_MIND, *words.SAYING, *words.WANTING, *words.ASKING, "be"}
_BEFORE_NOT = {"can": "ca", "will": "wo"}  # the other auxiliaries keep their form before n't
_WITHOUT_CONTRACTION = {"may", "might", "am"}
AFTER_PRONOUNS = {
    "am": "'m", "are": "'re", "is": "'s", "have": "'ve", "has": "'s", "had": "'d", "will": "'ll", "would": "'d",
}  # fmt: skip
_IRREGULAR: dict[tuple[str, VerbForm], str] = {
    ("be", "gerund"): "being", ("be", "participle"): "been",
    ("have", "past"): "had", ("have", "gerund"): "having", ("have", "participle"): "had",
    ("do", "past"): "did", ("do", "gerund"): "doing", ("do", "participle"): "done",
}  # fmt: skip
_XPOS: dict[VerbForm, str] = {"past": "VBD", "base": "VB", "gerund": "VBG", "participle": "VBN"}


def verb(rng: Random, lemma: str, subject: Phrase, *, helped: bool = False, passive: bool = False) -> Phrase:
    """A finite verb that agrees with its subject; with `helped` it has an auxiliary, as questions need."""
    links: list[tuple[str, str]] = [("head", lemma)]
    if passive:
        links = [("aux:pass", "be"), *links]
    group = _verb_group(rng, links, subject, helped=helped)
    at = next(place for place, (relation, _) in enumerate(group) if relation == "head")
    return group[at][1].before(*group[:at]).after(*group[at + 1 :])


def with_copula(rng: Random, predicate: Phrase, subject: Phrase) -> Phrase:
    """A predicate with a form of be before it."""
    return predicate.before(*_verb_group(rng, [("cop", "be")], subject))


def bare(lemma: str, form: VerbForm = "base") -> Phrase:
    """A verb in a form that does not agree."""
    return Phrase(_inflected(lemma, form), lemma, "VERB", _XPOS[form])


def infinitive(lemma: str) -> Phrase:
    """A verb with its to."""
    return bare(lemma).before(("mark", Phrase("to", "to", "PART", "TO")))


def _verb_group(rng: Random, links: list[tuple[str, str]], subject: Phrase, *, helped: bool = False) -> list[Dependent]:
    """The words of a verb group from its (relation, lemma) links, with auxiliaries, negation and adverb by chance."""
    links = [*_auxiliaries(rng, links), *links]
    negated = rng.random() < 0.13
    if len(links) == 1 and links[0][1] != "be" and (helped or negated):
        links = [("aux", "do"), *links]
    form: VerbForm = rng.choice(("past", "past", "present"))
    group: list[Dependent] = []
    for relation, lemma in links:
        group.append((relation, verb_word(relation, lemma, form, subject)))
        form = _asked_by(relation, lemma)
    if negated:
        return [*_negation(rng, group[0]), *group[1:]]
    if not helped and rng.random() < 0.1:
        middle = 0 if group[0][0] == "head" and links[0][1] != "be" else 1
        group.insert(middle, ("advmod", adverb(rng.choice(words.FREQUENCY))))
    return group


def _auxiliaries(rng: Random, links: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """A modal, have, and the be of the progressive, each by chance."""
    modal = [("aux", rng.choice(words.MODALS))] if rng.random() < 0.17 else []
    perfect = [("aux", "have")] if rng.random() < 0.1 else []
    active = len(links) == 1 and links[0][1] not in _STATIVE
    progressive = [("aux", "be")] if active and rng.random() < 0.15 else []
    return modal + perfect + progressive


def _asked_by(relation: str, lemma: str) -> VerbForm:
    """The form that an auxiliary governs in the next verb."""
    if relation == "aux:pass" or lemma == "have":
        return "participle"
    return "gerund" if lemma == "be" else "base"


def verb_word(relation: str, lemma: str, form: VerbForm, subject: Phrase) -> Phrase:
    """One verb of a group; only the first agrees, and modals never do."""
    if lemma in words.MODALS:
        return Phrase(lemma, lemma, "AUX", "MD")
    upos = "VERB" if relation == "head" else "AUX"
    if lemma == "be" and form in ("past", "present"):
        return Phrase(_form_of_be(form, subject), lemma, upos, _be_xpos(form, subject))
    if form == "present" and not subject.plural:
        return Phrase({"have": "has", "do": "does"}.get(lemma) or add_s(lemma), lemma, upos, "VBZ")
    return Phrase(_inflected(lemma, form), lemma, upos, "VBP" if form == "present" else _XPOS[form])


def _form_of_be(tense: VerbForm, subject: Phrase) -> str:
    """Am, are, is, was or were."""
    if subject.form == "I":
        return "was" if tense == "past" else "am"
    if tense == "past":
        return "were" if subject.plural else "was"
    return "are" if subject.plural else "is"


def _be_xpos(tense: VerbForm, subject: Phrase) -> str:
    """The Penn tag of a finite be."""
    return "VBD" if tense == "past" else "VBP" if subject.plural else "VBZ"


def _inflected(lemma: str, form: VerbForm) -> str:
    """A form that does not agree."""
    if (lemma, form) in _IRREGULAR:
        return _IRREGULAR[lemma, form]
    rules = {"past": past, "gerund": gerund, "participle": participle}
    return rules[form](lemma) if form in rules else lemma


def _negation(rng: Random, first: Dependent) -> list[Dependent]:
    """The first auxiliary with not, or with n't as EWT splits it: ca|n't, wo|n't, does|n't."""
    relation, word = first
    if word.form in _WITHOUT_CONTRACTION or rng.random() < 0.35:
        return [first, ("advmod", Phrase("not", "not", "PART", "RB"))]
    word = replace(word, form=_BEFORE_NOT.get(word.form, word.form))
    return [(relation, word), ("advmod", not_clitic())]


def not_clitic() -> Phrase:
    """The n't of doesn't."""
    return Phrase("n't", "not", "PART", "RB", clitic=True)


def contracted(predicate: Phrase) -> Phrase:
    """The predicate with its first auxiliary as a clitic of the pronoun before it ('ll, 's, 're), where it has one."""
    if not predicate.left or predicate.left[0][0] not in ("aux", "aux:pass", "cop"):
        return predicate
    (relation, first), *rest = predicate.left
    if first.form not in AFTER_PRONOUNS or (rest and rest[0][1].clitic):
        return predicate
    clitic = replace(first, form=AFTER_PRONOUNS[first.form], clitic=True)
    return replace(predicate, left=((relation, clitic), *rest))


def inverted(predicate: Phrase, subject: Phrase) -> Phrase:
    """The predicate of a question: the first auxiliary, with its n't, before the subject."""
    cut = 2 if len(predicate.left) > 1 and predicate.left[1][1].clitic else 1
    return replace(predicate, left=(*predicate.left[:cut], ("nsubj", subject), *predicate.left[cut:]))
