"""Clauses that depend on nouns: relative clauses, nested to any depth, and participles."""

from random import Random

from treeprobe.parsing.stimuli.grammar import lexicon as words
from treeprobe.parsing.stimuli.grammar.clauses import acting, agent, clause, predicate, someone, with_adjuncts
from treeprobe.parsing.stimuli.grammar.noun_phrases import THINGS, common_noun, noun_phrase, place
from treeprobe.parsing.stimuli.grammar.phrases import Phrase
from treeprobe.parsing.stimuli.grammar.verbs import bare, verb


def relative_pronoun(form: str) -> Phrase:
    """Who, that or which."""
    return Phrase(form, form, "PRON", "WP" if form == "who" else "WDT")


def subject_relative(rng: Random, depth: int) -> Phrase:
    """The nurse who admired the farmer who … slept: each level modifies the last object."""
    noun = _chain_of_relatives(rng, depth)
    if rng.random() < 0.5:
        return clause(rng, noun, predicate(rng, noun))
    subject = someone(rng)
    return clause(rng, subject, verb(rng, rng.choice(words.ON_PEOPLE), subject).after(("obj", noun)))


def _chain_of_relatives(rng: Random, depth: int) -> Phrase:
    """A person with a subject relative clause, whose object has the next."""
    noun = common_noun(rng, "person", richness=0.5)
    if depth == 0:
        return noun
    inner = predicate(rng, noun)
    if depth > 1 or rng.random() < 0.5:
        inner = verb(rng, rng.choice(words.ON_PEOPLE), noun).after(("obj", _chain_of_relatives(rng, depth - 1)))
    return noun.after(("acl:relcl", inner.before(("nsubj", relative_pronoun(rng.choice(("who", "who", "that")))))))


def object_relative(rng: Random, depth: int = 1) -> Phrase:
    """The letter that the judge wrote …, with or without its pronoun."""
    group = rng.choice(THINGS)
    noun, writer = common_noun(rng, group, richness=0.5), someone(rng)
    inner = clause(rng, writer, verb(rng, rng.choice(words.TRANSITIVE[group]), writer))
    if rng.random() < 0.7:
        inner = inner.before(("obj", relative_pronoun(rng.choice(("that", "that", "which")))))
    noun = noun.after(("acl:relcl", inner))
    reader = someone(rng)
    outer = verb(rng, rng.choice(words.TRANSITIVE[group]), reader)
    return clause(rng, reader, outer.after(("obj", noun)))


def centre_embedding(rng: Random, depth: int) -> Phrase:
    """The nurse that the farmer that the judge knew helped slept: `depth` relative clauses, each inside the last."""
    noun = _embedded_noun(rng, depth)
    return clause(rng, noun, with_adjuncts(rng, acting(rng, noun)))


def _embedded_noun(rng: Random, depth: int) -> Phrase:
    """A person with an object relative clause whose own subject has the next."""
    if depth == 0:
        return noun_phrase(rng, "person", role="subject", richness=0.5)
    noun = common_noun(rng, "person", richness=0.5)
    subject = _embedded_noun(rng, depth - 1)
    inner = clause(rng, subject, verb(rng, rng.choice(words.ON_PEOPLE), subject))
    return noun.after(("acl:relcl", inner.before(("obj", relative_pronoun("that")))))


def participial(rng: Random, depth: int = 1) -> Phrase:
    """The man sleeping in the park, the letter written by the judge: acl."""
    noun = _active_participle(rng) if rng.random() < 0.5 else _passive_participle(rng)
    if noun.lemma in words.PEOPLE and rng.random() < 0.5:
        return clause(rng, noun, predicate(rng, noun))
    subject, group = someone(rng), next(group for group, (nouns, _) in words.GROUPS.items() if noun.lemma in nouns)
    head = verb(rng, rng.choice(words.TRANSITIVE[group]), subject)
    return clause(rng, subject, head.after(("obj", noun)))


def _active_participle(rng: Random) -> Phrase:
    """A person doing something."""
    noun = common_noun(rng, "person", richness=0.4)
    if rng.random() < 0.5:
        return noun.after(("acl", bare(rng.choice(words.INTRANSITIVE), "gerund").after(("obl", place(rng)))))
    group = rng.choice(THINGS)
    inner = bare(rng.choice(words.TRANSITIVE[group]), "gerund")
    return noun.after(("acl", inner.after(("obj", noun_phrase(rng, group, common=True, richness=0.5)))))


def _passive_participle(rng: Random) -> Phrase:
    """Something done by somebody."""
    group = rng.choice(THINGS)
    noun = common_noun(rng, group, richness=0.4)
    return noun.after(("acl", bare(rng.choice(words.TRANSITIVE[group]), "participle").after(agent(rng, noun))))
