"""Noun phrases: pronouns, names, and nouns with determiners, numbers, adjectives, possessors and places."""

from dataclasses import replace
from random import Random
from typing import Literal

from treeprobe.parsing.stimuli.grammar import lexicon as words
from treeprobe.parsing.stimuli.grammar.inflection import plural
from treeprobe.parsing.stimuli.grammar.phrases import Dependent, Phrase, adjective, adposition, adverb, joined

Role = Literal["subject", "object"]

THINGS = ("document", "object", "food")
_ONE = ("the", "the", "the", "the", "a", "a", "a", "a", "this", "every", "another", "no")
_MANY = ("the", "the", "the", "the", "some", "some", "these", "those", "all")
_PRONOUN_RATE = {"subject": 0.3, "object": 0.12}
_PLURAL_PRONOUNS = ("I", "you", "we", "they")  # I takes the verb forms of the plural, but for be


def noun_phrase(
    rng: Random, group: str, *, role: Role = "object", common: bool = False, richness: float = 1.0
) -> Phrase:
    """A phrase of a group of nouns, perhaps coordinated.

    Pronouns and names are left out when a common noun is asked for; `richness` scales the chances of modifiers, and
    halves in the modifiers of modifiers.
    """
    if not common and rng.random() < _PRONOUN_RATE[role] * richness:
        return _personal_pronoun(rng, group, role)
    if rng.random() < 0.06 * richness:
        return coordinated(rng, group, common=common)
    if group == "person" and not common and rng.random() < 0.2:
        return _name(rng)
    return common_noun(rng, group, richness=richness)


def noun_besides(rng: Random, group: str, subject: Phrase) -> Phrase:
    """An object that is not the pronoun of the subject, which would have to be reflexive."""
    while (phrase := noun_phrase(rng, group)).upos == "PRON" and phrase.lemma == subject.lemma:
        pass
    return phrase


def coordinated(rng: Random, group: str, *, common: bool = False) -> Phrase:
    """Two nouns joined, plural when joined by and."""
    first = common_noun(rng, group, richness=0.3) if common or group != "person" or rng.random() < 0.6 else _name(rng)
    second = common_noun(rng, group, richness=0.5)
    form = rng.choice(("and", "and", "and", "or"))
    return replace(joined(first, second, form), plural=form == "and" or second.plural)


def common_noun(rng: Random, group: str, *, richness: float = 1.0) -> Phrase:
    """A noun with what describes it."""
    nouns, _ = words.GROUPS[group]
    lemma, many = rng.choice(nouns), rng.random() < 0.3
    phrase = Phrase(plural(lemma) if many else lemma, lemma, "NOUN", "NNS" if many else "NN", plural=many)
    if group in ("person", "object") and rng.random() < 0.1 * richness:
        place_name = rng.choice(words.PLACES)
        phrase = phrase.before(("compound", Phrase(place_name, place_name, "NOUN", "NN")))
    phrase = _described(rng, phrase, group, richness)
    phrase = _determined(rng, phrase, richness)
    return _modified(rng, phrase, group, richness)


def _described(rng: Random, phrase: Phrase, group: str, richness: float) -> Phrase:
    """The noun with adjectives, one after the other or joined."""
    _, adjectives = words.GROUPS[group]
    count = rng.choice((0, 0, 0, 1, 1, 2)) if rng.random() < richness else 0
    forms = rng.sample(adjectives, count)
    if count == 2 and rng.random() < 0.4:
        return phrase.before(("amod", joined(adjective(forms[0]), adjective(forms[1]), "and")))
    for form in forms:
        phrase = phrase.before(("amod", intensified(rng, adjective(form), 0.1)))
    return phrase


def intensified(rng: Random, phrase: Phrase, chance: float) -> Phrase:
    """The adjective, perhaps with very before it."""
    if rng.random() >= chance:
        return phrase
    return phrase.before(("advmod", adverb("very" if chance < 0.2 else rng.choice(words.INTENSIFIERS))))


def _determined(rng: Random, phrase: Phrase, richness: float) -> Phrase:
    """The noun with its number, and with a possessor or determiner."""
    counted = phrase.plural and rng.random() < 0.3
    if counted:
        form = rng.choice(words.NUMBERS)
        phrase = phrase.before(("nummod", Phrase(form, form, "NUM", "CD")))
    chance = rng.random()
    if chance < 0.1 * richness:
        return phrase.before(("nmod:poss", _possessor(rng)))
    if chance < 0.25:
        return phrase.before(("nmod:poss", _possessive_pronoun(rng)))
    if counted:
        return phrase if rng.random() < 0.6 else phrase.before(("det", _determiner(rng, ("the", "these", "those"))))
    if richness < 1:
        return phrase.before(
            ("det", _determiner(rng, ("the", "the", "some") if phrase.plural else ("the", "the", "a")))
        )
    return phrase.before(("det", _determiner(rng, _MANY if phrase.plural else _ONE)))


def _modified(rng: Random, phrase: Phrase, group: str, richness: float) -> Phrase:
    """The noun, perhaps with another after a preposition."""
    if rng.random() >= 0.18 * richness:
        return phrase
    form, other = rng.choice(words.MODIFIERS[group])
    return phrase.after(noun_modifier(rng, form, other, richness=richness / 2))


def noun_modifier(rng: Random, form: str, group: str, *, richness: float = 0.5) -> Dependent:
    """A noun after a preposition, to hang from a noun."""
    inner = noun_phrase(rng, group, common=group != "person", richness=richness)
    return "nmod", inner.before(("case", adposition(form)))


def _possessor(rng: Random) -> Phrase:
    """A name or noun with 's, which is its case."""
    owner = _name(rng) if rng.random() < 0.5 else common_noun(rng, "person", richness=0)
    form = "'" if owner.form.endswith("s") and owner.plural else "'s"
    return owner.after(("case", Phrase(form, "'s", "PART", "POS", clitic=True)))


def _possessive_pronoun(rng: Random) -> Phrase:
    """My, your, his, …"""
    form = rng.choice([possessive for lemma, (_, _, possessive) in words.PRONOUNS.items() if lemma != "it"])
    return Phrase(form, form, "PRON", "PRP$")


def _personal_pronoun(rng: Random, group: str, role: Role) -> Phrase:
    """A pronoun in the case of its role."""
    lemma = rng.choice([lemma for lemma in words.PRONOUNS if (lemma != "it") == (group == "person") or lemma == "they"])
    subject, object_, _ = words.PRONOUNS[lemma]
    form = subject if role == "subject" else object_
    return Phrase(form, lemma, "PRON", "PRP", plural=lemma in _PLURAL_PRONOUNS)


def _determiner(rng: Random, choices: tuple[str, ...]) -> Phrase:
    """One of the determiners."""
    form = rng.choice(choices)
    return Phrase(form, {"these": "this", "those": "that"}.get(form, form), "DET", "DT")


def _name(rng: Random) -> Phrase:
    """A person's name, perhaps with the surname flat under it."""
    form = rng.choice(words.NAMES)
    phrase = Phrase(form, form, "PROPN", "NNP")
    if rng.random() < 0.7:
        return phrase
    surname = rng.choice(words.SURNAMES)
    return phrase.after(("flat", Phrase(surname, surname, "PROPN", "NNP")))


def place(rng: Random, preposition: str = "") -> Phrase:
    """A place with its preposition, to be attached as obl or nmod."""
    form = preposition or rng.choice(words.PREPOSITIONS)
    return noun_phrase(rng, "place", common=True, richness=0.5).before(("case", adposition(form)))


def time(rng: Random) -> Dependent:
    """Yesterday, last week, on Monday: the first two without preposition, obl:unmarked."""
    kind = rng.choice(("day", "period", "yesterday"))
    if kind == "day":
        form = rng.choice(words.DAYS)
        return "obl", Phrase(form, form, "PROPN", "NNP").before(("case", adposition("on")))
    if kind == "yesterday":
        return "obl:unmarked", Phrase(kind, kind, "NOUN", "NN")
    form = rng.choice(words.PERIODS)
    return "obl:unmarked", Phrase(form, form, "NOUN", "NN").before(("amod", adjective("last")))
