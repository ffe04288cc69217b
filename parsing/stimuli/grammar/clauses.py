"""Clauses: predicates of all kinds, their subject, and what may be added to them."""

from dataclasses import replace
from random import Random

from treeprobe.parsing.stimuli.grammar import lexicon as words
from treeprobe.parsing.stimuli.grammar.noun_phrases import (
    THINGS,
    common_noun,
    intensified,
    noun_besides,
    noun_phrase,
    place,
    time,
)
from treeprobe.parsing.stimuli.grammar.phrases import Dependent, Phrase, adjective, adposition, adverb, joined, mark
from treeprobe.parsing.stimuli.grammar.verbs import contracted, verb, with_copula


def clause(rng: Random, subject: Phrase, predicate: Phrase) -> Phrase:
    """Subject and predicate; an auxiliary after a pronoun is contracted half of the time."""
    if subject.xpos == "PRP" and rng.random() < 0.5:
        predicate = contracted(predicate)
    return predicate.before(("nsubj", subject))


def someone(rng: Random) -> Phrase:
    """A person as subject."""
    return noun_phrase(rng, "person", role="subject")


def doing(rng: Random, subject: Phrase, *, helped: bool = False) -> Phrase:
    """Does something to something that it can be done to."""
    group = rng.choice(tuple(words.TRANSITIVE))
    head = verb(rng, rng.choice(words.TRANSITIVE[group]), subject, helped=helped)
    return head.after(("obj", noun_besides(rng, group, subject)))


def acting(rng: Random, subject: Phrase, *, helped: bool = False) -> Phrase:
    """Does something, perhaps in some manner."""
    head = verb(rng, rng.choice(words.INTRANSITIVE), subject, helped=helped)
    return head.after(("advmod", adverb(rng.choice(words.MANNER)))) if rng.random() < 0.4 else head


def _being(rng: Random, subject: Phrase, *, helped: bool = False) -> Phrase:
    """Is somehow, somewhere or somebody; the predicate is the head and be its cop, which inverts by itself."""
    kind = rng.choice(("adjective", "adjective", "place", "noun"))
    if kind == "place":
        return with_copula(rng, place(rng), subject)
    if kind == "noun" and not subject.plural:
        return with_copula(rng, _a_kind_of_person(rng), subject)
    first, second = rng.sample(words.PERSONAL, 2)
    phrase = intensified(rng, adjective(first), 0.3)
    if rng.random() < 0.2:
        phrase = joined(phrase, adjective(second), rng.choice(("and", "but")))
    return with_copula(rng, phrase, subject)


def _a_kind_of_person(rng: Random) -> Phrase:
    """A teacher, a very young nurse."""
    form = rng.choice(words.PEOPLE)
    phrase = Phrase(form, form, "NOUN", "NN")
    if rng.random() < 0.5:
        phrase = phrase.before(("amod", intensified(rng, adjective(rng.choice(words.PERSONAL)), 0.19)))
    return phrase.before(("det", Phrase("a", "a", "DET", "DT")))


def _giving(rng: Random, subject: Phrase, *, helped: bool = False) -> Phrase:
    """Gives somebody something, or something to somebody."""
    head = verb(rng, rng.choice(words.GIVING), subject, helped=helped)
    receiver = noun_besides(rng, "person", subject)
    group = rng.choice(("document", "object"))
    if rng.random() < 0.5:
        return head.after(("iobj", receiver), ("obj", noun_phrase(rng, group, common=True)))
    thing = noun_phrase(rng, group)
    return head.after(("obj", thing), ("obl", receiver.before(("case", adposition("to")))))


def predicate(rng: Random, subject: Phrase, *, helped: bool = False) -> Phrase:
    """What a person may do or be, without clauses in it, perhaps with a place or a time."""
    kind = rng.choice((doing, doing, doing, acting, _being))
    return with_adjuncts(rng, kind(rng, subject, helped=helped))


def with_adjuncts(rng: Random, phrase: Phrase, *, chance: float = 0.3) -> Phrase:
    """The predicate with a place and a time by chance."""
    if rng.random() < chance and not any(relation == "case" for relation, _ in phrase.left):
        phrase = phrase.after(("obl", place(rng)))
    return phrase.after(time(rng)) if rng.random() < chance else phrase


def simple(rng: Random, subject: Phrase | None = None) -> Phrase:
    """A clause without clauses in it."""
    subject = subject or someone(rng)
    return clause(rng, subject, predicate(rng, subject))


def transitive(rng: Random, depth: int = 1) -> Phrase:
    """Somebody does something to something."""
    subject = someone(rng)
    return _fronted(rng, clause(rng, subject, with_adjuncts(rng, doing(rng, subject))))


def intransitive(rng: Random, depth: int = 1) -> Phrase:
    """Somebody does something."""
    subject = someone(rng)
    return _fronted(rng, clause(rng, subject, with_adjuncts(rng, acting(rng, subject), chance=0.5)))


def copular(rng: Random, depth: int = 1) -> Phrase:
    """Somebody is somehow, somewhere or somebody."""
    subject = someone(rng)
    return _fronted(rng, clause(rng, subject, with_adjuncts(rng, _being(rng, subject))))


def ditransitive(rng: Random, depth: int = 1) -> Phrase:
    """Somebody gives somebody something."""
    subject = someone(rng)
    return _fronted(rng, clause(rng, subject, _giving(rng, subject)))


def passive(rng: Random, depth: int = 1) -> Phrase:
    """Something is done, perhaps by somebody."""
    group = rng.choice(("person", *THINGS))
    subject = noun_phrase(rng, group, role="subject")
    head = verb(rng, rng.choice(words.TRANSITIVE[group]), subject, passive=True)
    if rng.random() < 0.7:
        head = head.after(agent(rng, subject))
    phrase = clause(rng, subject, with_adjuncts(rng, head, chance=0.25))
    return _fronted(rng, replace(phrase, left=(("nsubj:pass", subject), *phrase.left[1:])))


def agent(rng: Random, subject: Phrase) -> Dependent:
    """By somebody."""
    doer = noun_besides(rng, "person", subject) if rng.random() < 0.3 else common_noun(rng, "person")
    return "obl:agent", doer.before(("case", adposition("by")))


def _fronted(rng: Random, phrase: Phrase, *, chance: float = 0.12) -> Phrase:
    """The clause, perhaps with a time or a place before it, where it has none after its verb."""
    if rng.random() >= chance or any(relation in ("obl", "obl:unmarked") for relation, _ in phrase.right):
        return phrase
    adjunct = time(rng) if rng.random() < 0.6 else ("obl", place(rng))
    return phrase.before(adjunct, ("punct", mark(",")))
