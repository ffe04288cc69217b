"""The constructions that can be asked for, each a function that composes clauses."""

from collections.abc import Callable
from random import Random
from typing import Literal

from parsing.stimuli import lexicon as words
from parsing.stimuli.clauses import clause, copular, finite, intransitive, passive, simple, transitive
from parsing.stimuli.noun_phrases import THINGS, adposition, noun_phrase, place
from parsing.stimuli.phrases import Phrase, mark

Construction = Literal[
    "transitive", "intransitive", "copula", "ditransitive", "passive", "subject-relative", "object-relative",
    "pp-attachment", "complement-clause", "control", "coordination", "adverbial-clause", "polar-question",
    "wh-question", "centre-embedding",
]  # fmt: skip


def pronoun(form: str) -> Phrase:
    """A relative or interrogative pronoun."""
    return Phrase(form, form, "PRON", "WDT" if form in ("that", "which") else "WP")


def subject_relative(rng: Random, depth: int) -> Phrase:
    """The nurse who admired the farmer who … slept: each level hangs from the last object."""
    return simple(rng, chain_of_relatives(rng, depth))


def chain_of_relatives(rng: Random, depth: int) -> Phrase:
    """A person with a subject relative clause, whose object has the next."""
    noun = noun_phrase(rng, "person", common=True)
    if depth == 0:
        return noun
    verb = finite(rng, rng.choice(words.ON_PEOPLE), noun.plural)
    relative = clause(rng, pronoun("who"), verb, ("obj", chain_of_relatives(rng, depth - 1)))
    return noun.after(("acl:relcl", relative))


def object_relative(rng: Random, depth: int) -> Phrase:
    """The letter that the judge wrote …"""
    group = rng.choice(THINGS)
    noun, writer = noun_phrase(rng, group, common=True), noun_phrase(rng, "person")
    verb = finite(rng, rng.choice(words.TRANSITIVE[group]), writer.plural)
    noun = noun.after(("acl:relcl", clause(rng, writer, verb).before(("obj", pronoun("that")))))
    reader = noun_phrase(rng, "person")
    outer = finite(rng, rng.choice(words.TRANSITIVE[group]), reader.plural)
    return clause(rng, reader, outer, ("obj", noun))


def centre_embedding(rng: Random, depth: int) -> Phrase:
    """The nurse that the farmer that the judge knew helped slept: `depth` relative clauses, each inside the last."""
    return intransitive(rng, embedded_noun(rng, depth))


def embedded_noun(rng: Random, depth: int) -> Phrase:
    """A person with an object relative clause whose own subject has the next."""
    noun = noun_phrase(rng, "person", common=True)
    if depth == 0:
        return noun
    subject = embedded_noun(rng, depth - 1)
    relative = clause(rng, subject, finite(rng, rng.choice(words.ON_PEOPLE), subject.plural))
    return noun.after(("acl:relcl", relative.before(("obj", pronoun("that")))))


def complement_clause(rng: Random, depth: int) -> Phrase:
    """The judge said that …, `depth` clauses deep."""
    if depth == 0:
        return simple(rng)
    subject = noun_phrase(rng, "person")
    inner = complement_clause(rng, depth - 1).before(("mark", Phrase("that", "that", "SCONJ", "IN")))
    return clause(rng, subject, finite(rng, rng.choice(words.SAYING), subject.plural), ("ccomp", inner))


def pp_attachment(rng: Random, depth: int) -> Phrase:
    """A place that belongs to the verb (obl) or to the object (nmod)."""
    if rng.random() < 0.5:
        return transitive(rng).after(("obl", place(rng)))
    subject, group = noun_phrase(rng, "person"), rng.choice(("person", "object"))
    target = noun_phrase(rng, group, common=True).after(("nmod", place(rng, rng.choice(("from", "in")))))
    verb = finite(rng, rng.choice(words.TRANSITIVE[group]), subject.plural)
    return clause(rng, subject, verb, ("obj", target))


def control(rng: Random, depth: int) -> Phrase:
    """The clerk wants to …"""
    subject = noun_phrase(rng, "person")
    group = rng.choice(tuple(words.TRANSITIVE))
    lemma = rng.choice(words.TRANSITIVE[group])
    inner = Phrase(lemma, lemma, "VERB", "VB").before(("mark", Phrase("to", "to", "PART", "TO")))
    inner = inner.after(("obj", noun_phrase(rng, group)))
    return clause(rng, subject, finite(rng, rng.choice(words.WANTING), subject.plural), ("xcomp", inner))


def ditransitive(rng: Random, depth: int) -> Phrase:
    """Somebody gives somebody something, or something to somebody."""
    subject, receiver = noun_phrase(rng, "person"), noun_phrase(rng, "person")
    verb = finite(rng, rng.choice(words.GIVING), subject.plural)
    thing = noun_phrase(rng, rng.choice(("document", "object")))
    if rng.random() < 0.5:
        return clause(rng, subject, verb, ("iobj", receiver), ("obj", thing))
    return clause(rng, subject, verb, ("obj", thing), ("obl", receiver.before(("case", adposition("to")))))


def coordination(rng: Random, depth: int) -> Phrase:
    """Two subjects, or two clauses, joined by a conjunction that hangs from the second."""
    if rng.random() < 0.5:
        first, second = noun_phrase(rng, "person", common=True), noun_phrase(rng, "person")
        pair = first.after(("conj", second.before(("cc", conjunction("and")))))
        return simple(rng, Phrase(pair.form, pair.lemma, pair.upos, pair.xpos, pair.left, pair.right, plural=True))
    second = simple(rng).before(("punct", mark(",")), ("cc", conjunction(rng.choice(("and", "but")))))
    return simple(rng).after(("conj", second))


def conjunction(form: str) -> Phrase:
    """A coordinating conjunction."""
    return Phrase(form, form, "CCONJ", "CC")


def adverbial_clause(rng: Random, depth: int) -> Phrase:
    """A main clause with a clause of time or cause before or after it."""
    form = rng.choice(words.SUBORDINATORS)
    if form == "when":  # an adverb in English EWT
        inner = simple(rng).before(("advmod", Phrase(form, form, "ADV", "WRB")))
    else:
        inner = simple(rng).before(("mark", Phrase(form, form, "SCONJ", "IN")))
    if rng.random() < 0.4:
        return simple(rng).before(("advcl", inner), ("punct", mark(",")))
    return simple(rng).after(("advcl", inner))


def polar_question(rng: Random, depth: int) -> Phrase:
    """Did the judge read the letter?"""
    subject, group = noun_phrase(rng, "person"), rng.choice(tuple(words.TRANSITIVE))
    verb = finite(rng, rng.choice(words.TRANSITIVE[group]), subject.plural, helped=True)
    return verb.head.before(verb.auxiliaries[0], ("nsubj", subject)).after(("obj", noun_phrase(rng, group)))


def wh_question(rng: Random, depth: int) -> Phrase:
    """Who read the letter? What did the judge read?"""
    group = rng.choice(tuple(words.TRANSITIVE))
    lemma = rng.choice(words.TRANSITIVE[group])
    if rng.random() < 0.4:
        return clause(rng, pronoun("who"), finite(rng, lemma, False), ("obj", noun_phrase(rng, group)))
    subject, asked = noun_phrase(rng, "person"), pronoun("who" if group == "person" else "what")
    verb = finite(rng, lemma, subject.plural, helped=True)
    return verb.head.before(("obj", asked), verb.auxiliaries[0], ("nsubj", subject))


CONSTRUCTIONS: dict[Construction, Callable[[Random, int], Phrase]] = {
    "transitive": lambda rng, depth: transitive(rng),
    "intransitive": lambda rng, depth: intransitive(rng),
    "copula": lambda rng, depth: copular(rng),
    "ditransitive": ditransitive,
    "passive": lambda rng, depth: passive(rng, agent=rng.random() < 0.7),
    "subject-relative": subject_relative,
    "object-relative": object_relative,
    "pp-attachment": pp_attachment,
    "complement-clause": complement_clause,
    "control": control,
    "coordination": coordination,
    "adverbial-clause": adverbial_clause,
    "polar-question": polar_question,
    "wh-question": wh_question,
    "centre-embedding": centre_embedding,
}
NESTING: tuple[Construction, ...] = ("subject-relative", "complement-clause", "centre-embedding")
