"""Questions, with inversion, and the same clauses without it inside others."""

from random import Random

from treeprobe.parsing.stimuli.grammar import lexicon as words
from treeprobe.parsing.stimuli.grammar.clauses import clause, predicate, someone, with_adjuncts
from treeprobe.parsing.stimuli.grammar.noun_phrases import THINGS, noun_phrase
from treeprobe.parsing.stimuli.grammar.phrases import Dependent, Phrase
from treeprobe.parsing.stimuli.grammar.verbs import inverted, verb, verb_word

_WHERE_WHEN_WHY = ("where", "when", "why", "how")


def _asked_pronoun(form: str) -> Phrase:
    """Who or what."""
    return Phrase(form, form, "PRON", "WP")


def _asked_adverb(form: str) -> Phrase:
    """Where, when, why or how."""
    return Phrase(form, form, "ADV", "WRB")


def polar_question(rng: Random, depth: int = 1) -> Phrase:
    """Did the judge read the letter? Isn't she tired?"""
    subject = someone(rng)
    return inverted(predicate(rng, subject, helped=True), subject)


def wh_question(rng: Random, depth: int = 1) -> Phrase:
    """Who read the letter? What did the judge read? Which letter did the judge read?"""
    if rng.random() < 0.35:
        return _who_did(rng)
    subject = someone(rng)
    lemma, asked = _asked_object(rng)
    return inverted(with_adjuncts(rng, verb(rng, lemma, subject, helped=True)), subject).before(asked)


def adverb_question(rng: Random, depth: int = 1) -> Phrase:
    """Why did the judge read the letter? Where is the letter?"""
    if rng.random() < 0.2:
        subject = noun_phrase(rng, rng.choice(("person", *THINGS)), role="subject")
        copula = verb_word("cop", "be", rng.choice(("past", "present")), subject)
        return _asked_adverb("where").after(("cop", copula), ("nsubj", subject))
    subject = someone(rng)
    asked = ("advmod", _asked_adverb(rng.choice(_WHERE_WHEN_WHY)))
    return inverted(predicate(rng, subject, helped=True), subject).before(asked)


def interrogative(rng: Random) -> Phrase:
    """What the judge read, who read it, why she did: not inverted, to be embedded."""
    kind = rng.choice(("subject", "object", "adverb"))
    if kind == "subject":
        return _who_did(rng)
    subject = someone(rng)
    if kind == "adverb":
        asked: Dependent = ("advmod", _asked_adverb(rng.choice(_WHERE_WHEN_WHY)))
        return clause(rng, subject, predicate(rng, subject)).before(asked)
    lemma, asked = _asked_object(rng)
    return clause(rng, subject, with_adjuncts(rng, verb(rng, lemma, subject))).before(asked)


def _who_did(rng: Random) -> Phrase:
    """Who did something, which is not inverted even in questions."""
    subject = _asked_pronoun("who")
    return clause(rng, subject, predicate(rng, subject))


def _asked_object(rng: Random) -> tuple[str, Dependent]:
    """A verb and what is asked for as its object: who, what, or which letter."""
    group = rng.choice(tuple(words.TRANSITIVE))
    lemma = rng.choice(words.TRANSITIVE[group])
    if rng.random() < 0.25:
        noun = rng.choice(words.GROUPS[group][0])
        determiner = Phrase("which", "which", "DET", "WDT")
        return lemma, ("obj", Phrase(noun, noun, "NOUN", "NN").before(("det", determiner)))
    return lemma, ("obj", _asked_pronoun("who" if group == "person" else "what"))
