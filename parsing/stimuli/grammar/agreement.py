"""Clauses whose verb agrees with a subject across other nouns: attractors, all of them people.

Each construction is a function of a random generator, the number of the subject and the numbers of the nouns that
stand between it and the verb. All nouns come from one group and have the same determiner, and verbs before the one that
agrees are in the past, but for that of an object relative, which agrees with its own subject: which noun the verb
agrees with shows in the structure alone.
"""

from collections.abc import Callable, Mapping, Sequence
from random import Random
from typing import Literal

from treeprobe.parsing.stimuli.grammar import lexicon as words
from treeprobe.parsing.stimuli.grammar.clauses import clause
from treeprobe.parsing.stimuli.grammar.inflection import add_s, past, plural
from treeprobe.parsing.stimuli.grammar.phrases import (
    Phrase,
    adjective,
    adposition,
    adverb,
    conjunction,
    joined,
    subordinator,
)
from treeprobe.parsing.stimuli.grammar.relatives import relative_pronoun
from treeprobe.parsing.stimuli.grammar.verbs import VerbForm, verb_word

AgreementConstruction = Literal[
    "simple", "prepositional-phrase", "subject-relative", "object-relative", "verb-phrase-coordination",
    "subject-coordination", "complement-clause", "existential", "extraposition",
]  # fmt: skip
Numbers = Sequence[bool]
"""Whether each of some nouns is plural."""

_DESCRIBED = 0.2


def _noun(rng: Random, many: bool, determiner: str = "the") -> Phrase:
    """The teacher, the young teachers."""
    lemma = rng.choice(words.PEOPLE)
    phrase = Phrase(plural(lemma) if many else lemma, lemma, "NOUN", "NNS" if many else "NN", plural=many)
    if rng.random() < _DESCRIBED:
        phrase = phrase.before(("amod", adjective(rng.choice(words.PERSONAL))))
    return phrase.before(("det", Phrase(determiner, determiner, "DET", "DT")))


def _chain(rng: Random, numbers: Numbers) -> Phrase:
    """The teacher near the nurses behind the driver: each noun modifies the one before it."""
    first, *rest = numbers
    return _modified(rng, _noun(rng, first), rest)


def _modified(rng: Random, noun: Phrase, numbers: Numbers) -> Phrase:
    """The noun with a chain of nouns after a preposition, where there are any."""
    if not numbers:
        return noun
    modifier = _chain(rng, numbers).before(("case", adposition(rng.choice(words.BESIDE))))
    return noun.after(("nmod", modifier))


def _coin(rng: Random) -> bool:
    return rng.random() < 0.5


def _predicate(rng: Random, subject: Phrase) -> Phrase:
    """Laughs, laughs quietly, admires the nurses, is proud, was proud: the finite verb agrees with the subject."""
    kind = rng.choice(("intransitive", "transitive", "copula"))
    if kind == "copula":
        copula = verb_word("cop", "be", rng.choice(("present", "past")), subject)
        return adjective(rng.choice(words.PERSONAL)).before(("cop", copula))
    if kind == "transitive":
        head = verb_word("head", rng.choice(words.ON_PEOPLE), "present", subject)
        return head.after(("obj", _noun(rng, _coin(rng))))
    head = verb_word("head", rng.choice(words.INTRANSITIVE), "present", subject)
    return head.after(("advmod", adverb(rng.choice(words.MANNER)))) if rng.random() < 0.3 else head


def _done_to(rng: Random, subject: Phrase, numbers: Numbers) -> Phrase:
    """Admired the nurses near the driver: in the past, which shows no number."""
    head = verb_word("head", rng.choice(words.ON_PEOPLE), "past", subject)
    return head.after(("obj", _chain(rng, numbers)))


def _simple(rng: Random, many: bool, between: Numbers) -> Phrase:
    """The teachers laugh. With nouns between: the teachers near the nurse laugh."""
    subject = _chain(rng, (many, *between))
    return clause(rng, subject, _predicate(rng, subject))


def _subject_relative(rng: Random, many: bool, between: Numbers) -> Phrase:
    """The teachers that admired the nurse laugh."""
    subject = _noun(rng, many)
    inner = _done_to(rng, subject, between).before(("nsubj", relative_pronoun("that")))
    subject = subject.after(("acl:relcl", inner))
    return clause(rng, subject, _predicate(rng, subject))


def _object_relative(rng: Random, many: bool, between: Numbers) -> Phrase:
    """The teachers that the nurse admires laugh: the inner verb agrees with the inner subject, or is in the past."""
    tense: VerbForm = rng.choice(("present", "past"))
    doer = _chain(rng, between)
    inner = verb_word("head", rng.choice(words.ON_PEOPLE), tense, doer)
    inner = inner.before(("obj", relative_pronoun("that")), ("nsubj", doer))
    subject = _noun(rng, many).after(("acl:relcl", inner))
    return clause(rng, subject, _predicate(rng, subject))


def _verb_phrase_coordination(rng: Random, many: bool, between: Numbers) -> Phrase:
    """The teachers admired the nurse and laugh: the second verb agrees."""
    subject = _noun(rng, many)
    return clause(rng, subject, joined(_done_to(rng, subject, between), _predicate(rng, subject), "and"))


def _subject_coordination(rng: Random, many: bool, between: Numbers) -> Phrase:
    """The teacher and the nurse laugh: always in the plural, whatever the nouns are."""
    conjunct = _chain(rng, between).before(("cc", conjunction("and")))
    first = _noun(rng, _coin(rng))
    subject = Phrase(
        first.form, first.lemma, first.upos, first.xpos, first.left, (*first.right, ("conj", conjunct)), plural=many
    )
    return clause(rng, subject, _predicate(rng, subject))


def _complement_clause(rng: Random, many: bool, between: Numbers) -> Phrase:
    """The doctor says that the teachers near the nurse laugh: the verb of the inner clause is looked at."""
    speaker = _noun(rng, _coin(rng))
    inner = _simple(rng, many, between).before(("mark", subordinator("that")))
    says = verb_word("head", rng.choice(words.SAYING), rng.choice(("present", "past")), speaker)
    return clause(rng, speaker, says.after(("ccomp", inner)))


def _existential(rng: Random, many: bool, between: Numbers) -> Phrase:
    """There are no teachers near the nurse: the verb agrees with what follows it, and `there` has no number."""
    thing = _modified(rng, _noun(rng, many, "no"), [_coin(rng)] if _coin(rng) else [])
    head = verb_word("head", "be", rng.choice(("present", "past")), thing)
    return head.before(("expl", Phrase("there", "there", "PRON", "EX"))).after(("nsubj", thing))


def _extraposition(rng: Random, many: bool, between: Numbers) -> Phrase:
    """It is clear that the teachers laugh: `it` stands for a clause, and its verb is singular whatever that holds."""
    it = Phrase("it", "it", "PRON", "PRP")
    copula = verb_word("cop", "be", rng.choice(("present", "past")), it)
    inner = _simple(rng, _coin(rng), []).before(("mark", subordinator("that")))
    head = adjective(rng.choice(words.FACTUAL)).before(("expl", it), ("cop", copula))
    return head.after(("csubj", inner))


AGREEMENT: Mapping[AgreementConstruction, Callable[[Random, bool, Numbers], Phrase]] = {
    "simple": _simple,
    "prepositional-phrase": _simple,
    "subject-relative": _subject_relative,
    "object-relative": _object_relative,
    "verb-phrase-coordination": _verb_phrase_coordination,
    "subject-coordination": _subject_coordination,
    "complement-clause": _complement_clause,
    "existential": _existential,
    "extraposition": _extraposition,
}
"""The constructions, by name."""

MOST_BETWEEN = 3
"""Nouns between a subject and its verb at most."""

NOUNS_BETWEEN: Mapping[AgreementConstruction, range] = {
    **dict.fromkeys(AGREEMENT, range(1, MOST_BETWEEN + 1)),
    **dict.fromkeys(("simple", "existential", "extraposition"), range(1)),
    "complement-clause": range(MOST_BETWEEN + 1),
}
"""How many nouns may stand between subject and verb in each construction."""

VERB_NUMBER: Mapping[AgreementConstruction, bool] = {"subject-coordination": True, "extraposition": False}
"""Constructions whose verb is always plural (True), or always singular."""

AGREEMENT_WORDS: frozenset[str] = frozenset(
    (
        *"the no that and there it is are was were .".split(),
        *words.PEOPLE,
        *map(plural, words.PEOPLE),
        *words.PERSONAL,
        *words.FACTUAL,
        *words.BESIDE,
        *words.MANNER,
        *(form for lemma in (*words.ON_PEOPLE, *words.SAYING) for form in (lemma, add_s(lemma), past(lemma))),
        *(form for lemma in words.INTRANSITIVE for form in (lemma, add_s(lemma))),
    )
)
"""Every form, lower-cased, that the sentences may have."""
