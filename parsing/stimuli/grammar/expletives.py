"""Clauses with an expletive: existential there, and the it of extraposition."""

from dataclasses import replace
from random import Random

from treeprobe.parsing.stimuli.grammar import lexicon as words
from treeprobe.parsing.stimuli.grammar.clauses import simple
from treeprobe.parsing.stimuli.grammar.embedding import any_clause, to_do
from treeprobe.parsing.stimuli.grammar.noun_phrases import common_noun, intensified, place, time
from treeprobe.parsing.stimuli.grammar.phrases import Phrase, adjective, subordinator
from treeprobe.parsing.stimuli.grammar.relatives import relative_pronoun
from treeprobe.parsing.stimuli.grammar.verbs import AFTER_PRONOUNS, contracted, verb, with_copula

_INDEFINITE = ("a", "a", "another", "no")


def existential(rng: Random, depth: int = 1) -> Phrase:
    """There was a letter on the table: be is the head, the thing its nsubj."""
    group = rng.choice(("person", "object", "document", "food"))
    thing = _indefinite(rng, common_noun(rng, group, richness=0.6))
    if group == "person" and rng.random() < 0.3:
        inner = simple(rng, relative_pronoun("who")) if not thing.plural else simple(rng, _plural_who())
        thing = thing.after(("acl:relcl", inner))
    head = _contracted_be(rng, verb(rng, "be", thing))
    phrase = head.before(("expl", Phrase("there", "there", "PRON", "EX"))).after(("nsubj", thing))
    if rng.random() < 0.6:
        phrase = phrase.after(("obl", place(rng)))
    return phrase.after(time(rng)) if rng.random() < 0.2 else phrase


def _plural_who() -> Phrase:
    """Who after a plural noun, with which its verb agrees."""
    return replace(relative_pronoun("who"), plural=True)


def _indefinite(rng: Random, noun: Phrase) -> Phrase:
    """The noun with its determiner or possessor made indefinite, as existential there requires."""
    rest = tuple(pair for pair in noun.left if pair[0] not in ("det", "nmod:poss"))
    noun = replace(noun, left=rest)
    if any(relation == "nummod" for relation, _ in rest):
        return noun
    form = "some" if noun.plural else rng.choice(_INDEFINITE)
    return noun.before(("det", Phrase(form, form, "DET", "DT")))


def _contracted_be(rng: Random, head: Phrase) -> Phrase:
    """There's, half of the time; the clitic is the head itself."""
    if head.form == "is" and not head.right and rng.random() < 0.5:
        return replace(head, form=AFTER_PRONOUNS["is"], clitic=True)
    return head


def extraposition(rng: Random, depth: int = 1) -> Phrase:
    """It is clear that …, it was hard (for her) to …: it is expl and the clause csubj."""
    it = Phrase("it", "it", "PRON", "PRP")
    that = rng.random() < 0.5
    form = rng.choice(words.FACTUAL if that else words.ABSTRACT)
    head = with_copula(rng, intensified(rng, adjective(form), 0.3), it)
    head = (contracted(head) if rng.random() < 0.4 else head).before(("expl", it))
    if that:
        return head.after(("csubj", any_clause(rng).before(("mark", subordinator("that")))))
    return head.after(("csubj", to_do(rng, it)))
