"""Noun phrases: names, and nouns with determiners, adjectives, possessors and places."""

from random import Random

from parsing.stimuli.inflection import plural
from parsing.stimuli.lexicon import GROUPS, NAMES, PREPOSITIONS
from parsing.stimuli.phrases import Phrase

THINGS = ("document", "object", "food")


def noun_phrase(rng: Random, group: str, *, common: bool = False) -> Phrase:
    """A phrase of a group of nouns; people may be called by name unless a common noun is asked for."""
    if group == "person" and not common and rng.random() < 0.2:
        return name(rng)
    nouns, adjectives = GROUPS[group]
    lemma, many = rng.choice(nouns), rng.random() < 0.3
    phrase = Phrase(plural(lemma) if many else lemma, lemma, "NOUN", "NNS" if many else "NN", plural=many)
    for adjective in rng.sample(adjectives, rng.choice((0, 0, 0, 1, 1, 2))):
        phrase = phrase.before(("amod", Phrase(adjective, adjective, "ADJ", "JJ")))
    if rng.random() < 0.12:
        return phrase.before(("nmod:poss", name(rng).after(("case", Phrase("'s", "'s", "PART", "POS")))))
    return phrase.before(("det", determiner(rng, many)))


def determiner(rng: Random, many: bool) -> Phrase:
    """A determiner that agrees in number."""
    form = rng.choice(
        ("the", "the", "the", "some", "these") if many else ("the", "the", "the", "a", "a", "this", "every")
    )
    return Phrase(form, {"these": "this"}.get(form, form), "DET", "DT")


def name(rng: Random) -> Phrase:
    """A person's name."""
    form = rng.choice(NAMES)
    return Phrase(form, form, "PROPN", "NNP")


def place(rng: Random, preposition: str = "") -> Phrase:
    """A place with its preposition, to be attached as obl or nmod."""
    form = preposition or rng.choice(PREPOSITIONS)
    return noun_phrase(rng, "place").before(("case", adposition(form)))


def adposition(form: str) -> Phrase:
    """A preposition."""
    return Phrase(form, form, "ADP", "IN")
