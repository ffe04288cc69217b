"""Clauses: a finite verb that agrees with its subject, with its auxiliaries and complements."""

from random import Random
from typing import NamedTuple

from parsing.stimuli import lexicon as words
from parsing.stimuli.inflection import add_s, gerund, participle, past
from parsing.stimuli.noun_phrases import THINGS, adposition, noun_phrase, place
from parsing.stimuli.phrases import Phrase


class Verb(NamedTuple):
    """A verb's head word and the auxiliaries before it, the finite one first."""

    head: Phrase
    auxiliaries: tuple[tuple[str, Phrase], ...]


def auxiliary(form: str, lemma: str, xpos: str) -> Phrase:
    """An auxiliary verb."""
    return Phrase(form, lemma, "AUX", xpos)


def be(many: bool, tense: str) -> Phrase:
    """A finite form of be."""
    if tense == "past":
        return auxiliary("were" if many else "was", "be", "VBD")
    return auxiliary("are", "be", "VBP") if many else auxiliary("is", "be", "VBZ")


def finite(rng: Random, lemma: str, many: bool, *, helped: bool = False) -> Verb:
    """A verb in some tense and polarity; `helped` asks for an auxiliary, as questions need."""
    kind = rng.choice(("modal", "perfect", "progressive", "do", "not")) if helped or rng.random() < 0.4 else "plain"
    if kind == "modal":
        form = rng.choice(words.MODALS)
        return Verb(Phrase(lemma, lemma, "VERB", "VB"), (("aux", auxiliary(form, form, "MD")),))
    if kind == "perfect":
        have = auxiliary("have", "have", "VBP") if many else auxiliary("has", "have", "VBZ")
        return Verb(Phrase(participle(lemma), lemma, "VERB", "VBN"), (("aux", have),))
    if kind == "progressive" and lemma not in STATIVE:
        being = be(many, rng.choice(("past", "present")))
        return Verb(Phrase(gerund(lemma), lemma, "VERB", "VBG"), (("aux", being),))
    if kind != "plain":
        do = auxiliary("did", "do", "VBD")
        negation = (("advmod", Phrase("not", "not", "PART", "RB")),) if kind == "not" and not helped else ()
        if helped or negation:
            return Verb(Phrase(lemma, lemma, "VERB", "VB"), (("aux", do), *negation))
    if rng.random() < 0.7:
        return Verb(Phrase(past(lemma), lemma, "VERB", "VBD"), ())
    if many:
        return Verb(Phrase(lemma, lemma, "VERB", "VBP"), ())
    return Verb(Phrase(add_s(lemma), lemma, "VERB", "VBZ"), ())


STATIVE = {*words.STATES_OF_MIND, *words.SAYING, *words.WANTING}


def clause(rng: Random, subject: Phrase, verb: Verb, *complements: tuple[str, Phrase]) -> Phrase:
    """Subject, auxiliaries, verb, complements."""
    return verb.head.before(("nsubj", subject), *verb.auxiliaries).after(*complements)


def transitive(rng: Random, subject: Phrase | None = None) -> Phrase:
    """Somebody does something to something that it can be done to."""
    subject = subject or noun_phrase(rng, "person")
    group = rng.choice(tuple(words.TRANSITIVE))
    verb = finite(rng, rng.choice(words.TRANSITIVE[group]), subject.plural)
    return clause(rng, subject, verb, ("obj", noun_phrase(rng, group)))


def intransitive(rng: Random, subject: Phrase | None = None) -> Phrase:
    """Somebody does something, perhaps in some manner."""
    subject = subject or noun_phrase(rng, "person")
    phrase = clause(rng, subject, finite(rng, rng.choice(words.INTRANSITIVE), subject.plural))
    return phrase.after(("advmod", adverb(rng, words.MANNER))) if rng.random() < 0.4 else phrase


def copular(rng: Random, subject: Phrase | None = None) -> Phrase:
    """Somebody is somehow or somewhere; the predicate is the head and be its cop."""
    subject = subject or noun_phrase(rng, "person")
    verb = be(subject.plural, rng.choice(("past", "present")))
    if rng.random() < 0.3:
        return place(rng).before(("nsubj", subject), ("cop", verb))
    form = rng.choice(words.PERSONAL)
    return Phrase(form, form, "ADJ", "JJ").before(("nsubj", subject), ("cop", verb))


def simple(rng: Random, subject: Phrase | None = None) -> Phrase:
    """A clause without clauses in it."""
    return rng.choice((transitive, transitive, intransitive, copular))(rng, subject)


def passive(rng: Random, *, agent: bool = True) -> Phrase:
    """Something is done by somebody."""
    group = rng.choice(("person", *THINGS))
    subject = noun_phrase(rng, group)
    lemma = rng.choice(words.TRANSITIVE[group])
    head = Phrase(participle(lemma), lemma, "VERB", "VBN")
    phrase = head.before(("nsubj:pass", subject), ("aux:pass", be(subject.plural, rng.choice(("past", "present")))))
    if agent:
        phrase = phrase.after(("obl:agent", noun_phrase(rng, "person").before(("case", adposition("by")))))
    return phrase


def adverb(rng: Random, choices: list[str]) -> Phrase:
    """An adverb."""
    form = rng.choice(choices)
    return Phrase(form, form, "ADV", "RB")
