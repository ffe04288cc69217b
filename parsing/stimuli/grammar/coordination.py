"""Coordination inside a clause: of verb phrases, subjects, objects and adjectives."""

from random import Random

from treeprobe.parsing.stimuli.grammar import lexicon as words
from treeprobe.parsing.stimuli.grammar.clauses import clause, predicate, simple, someone, with_adjuncts
from treeprobe.parsing.stimuli.grammar.noun_phrases import coordinated, intensified, noun_phrase
from treeprobe.parsing.stimuli.grammar.phrases import Phrase, adjective, conjunction, joined, mark
from treeprobe.parsing.stimuli.grammar.verbs import verb, with_copula


def verb_phrase_coordination(rng: Random, depth: int = 1) -> Phrase:
    """Somebody does this and does that."""
    subject = someone(rng)
    pair = joined(predicate(rng, subject), predicate(rng, subject), rng.choice(("and", "and", "but", "or")))
    return clause(rng, subject, pair)


def subject_coordination(rng: Random, depth: int = 1) -> Phrase:
    """The judge and the clerk do something."""
    return simple(rng, coordinated(rng, "person"))


def object_coordination(rng: Random, depth: int = 1) -> Phrase:
    """Somebody does something to two or three things; a comma hangs from the conjunct that follows it."""
    subject, group = someone(rng), rng.choice(tuple(words.TRANSITIVE))
    things = coordinated(rng, group, common=True)
    if rng.random() < 0.3:
        last = noun_phrase(rng, group, common=True, richness=0.3).before(
            ("punct", mark(",")), ("cc", conjunction("and"))
        )
        things = noun_phrase(rng, group, common=True, richness=0).after(
            ("conj", noun_phrase(rng, group, common=True, richness=0).before(("punct", mark(",")))), ("conj", last)
        )
    head = verb(rng, rng.choice(words.TRANSITIVE[group]), subject)
    return clause(rng, subject, with_adjuncts(rng, head.after(("obj", things))))


def adjective_coordination(rng: Random, depth: int = 1) -> Phrase:
    """Somebody is old and very tired."""
    group = rng.choice(("person", "document", "object", "food", "place"))
    subject = noun_phrase(rng, group, role="subject", common=group != "person")
    first, second = rng.sample(words.GROUPS[group][1], 2)
    pair = joined(adjective(first), intensified(rng, adjective(second), 0.3), rng.choice(("and", "but", "or")))
    return clause(rng, subject, with_copula(rng, pair, subject))
