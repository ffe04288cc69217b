"""Clauses that depend on verbs: complement, interrogative, control, purpose and adverbial clauses."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from random import Random

from treeprobe.parsing.stimuli.grammar import lexicon as words
from treeprobe.parsing.stimuli.grammar.clauses import clause, passive, simple, someone, with_adjuncts
from treeprobe.parsing.stimuli.grammar.coordination import verb_phrase_coordination
from treeprobe.parsing.stimuli.grammar.noun_phrases import THINGS, noun_besides, noun_phrase
from treeprobe.parsing.stimuli.grammar.phrases import Phrase, conjunction, joined, mark, subordinator
from treeprobe.parsing.stimuli.grammar.questions import interrogative
from treeprobe.parsing.stimuli.grammar.relatives import object_relative, subject_relative
from treeprobe.parsing.stimuli.grammar.verbs import infinitive, verb


def any_clause(rng: Random) -> Phrase:
    """A clause to be embedded, most often simple, sometimes passive or with a clause in it."""
    kinds: Sequence[Callable[[Random], Phrase]] = (
        simple, simple, simple, simple, passive, control, verb_phrase_coordination, object_relative,
        lambda rng: subject_relative(rng, 1),
    )  # fmt: skip
    return rng.choice(kinds)(rng)


def complement_clause(rng: Random, depth: int) -> Phrase:
    """The judge said that …, `depth` clauses deep."""
    if depth == 0:
        return any_clause(rng)
    subject = someone(rng)
    inner = complement_clause(rng, depth - 1)
    if rng.random() < 0.7:
        inner = inner.before(("mark", subordinator("that")))
    return clause(rng, subject, verb(rng, rng.choice(words.SAYING), subject).after(("ccomp", inner)))


def interrogative_clause(rng: Random, depth: int = 1) -> Phrase:
    """The judge wondered whether, what, where or why …"""
    subject = someone(rng)
    if rng.random() < 0.4:
        inner = any_clause(rng).before(("mark", subordinator(rng.choice(("whether", "if")))))
    else:
        inner = interrogative(rng)
    return clause(rng, subject, verb(rng, rng.choice(words.ASKING), subject).after(("ccomp", inner)))


def to_do(rng: Random, subject: Phrase) -> Phrase:
    """To read the letter: an infinitive with its object."""
    group = rng.choice(tuple(words.TRANSITIVE))
    inner = infinitive(rng.choice(words.TRANSITIVE[group])).after(("obj", noun_besides(rng, group, subject)))
    return with_adjuncts(rng, inner, chance=0.2)


def control(rng: Random, depth: int = 1) -> Phrase:
    """The clerk wants to …, and sometimes wants to … and …"""
    subject = someone(rng)
    inner = to_do(rng, subject)
    if rng.random() < 0.2:
        second = to_do(rng, subject)
        inner = joined(inner, replace(second, left=second.left[1:]), "and")
    return clause(rng, subject, verb(rng, rng.choice(words.WANTING), subject).after(("xcomp", inner)))


def purpose(rng: Random, depth: int = 1) -> Phrase:
    """Somebody does something to do something else."""
    subject, group = someone(rng), rng.choice(THINGS)
    head = verb(rng, rng.choice(words.TRANSITIVE[group]), subject).after(("obj", noun_phrase(rng, group)))
    if rng.random() < 0.25:
        return clause(rng, subject, head).before(("advcl", to_do(rng, subject)), ("punct", mark(",")))
    return clause(rng, subject, head.after(("advcl", to_do(rng, subject))))


def adverbial_clause(rng: Random, depth: int = 1) -> Phrase:
    """A main clause with a clause of time or cause before or after it."""
    form = rng.choice(words.SUBORDINATORS)
    if form == "when":  # an adverb in English EWT
        inner = any_clause(rng).before(("advmod", Phrase(form, form, "ADV", "WRB")))
    else:
        inner = any_clause(rng).before(("mark", subordinator(form)))
    if rng.random() < 0.4:
        return any_clause(rng).before(("advcl", inner), ("punct", mark(",")))
    return simple(rng).after(("advcl", inner))


def clause_coordination(rng: Random, depth: int = 1) -> Phrase:
    """Two clauses, the second with its own subject; the comma hangs from the second, as the conjunction does."""
    second = any_clause(rng).before(("punct", mark(",")), ("cc", conjunction(rng.choice(("and", "and", "but", "or")))))
    return simple(rng).after(("conj", second))
