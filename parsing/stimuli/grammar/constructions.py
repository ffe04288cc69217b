"""The constructions of the grammar, each a function of a random generator and a depth."""

from collections.abc import Callable
from random import Random
from typing import Literal

from treeprobe.parsing.stimuli.grammar import lexicon as words
from treeprobe.parsing.stimuli.grammar.clauses import (
    clause,
    copular,
    ditransitive,
    doing,
    intransitive,
    passive,
    someone,
    transitive,
)
from treeprobe.parsing.stimuli.grammar.coordination import (
    adjective_coordination,
    object_coordination,
    subject_coordination,
    verb_phrase_coordination,
)
from treeprobe.parsing.stimuli.grammar.embedding import (
    adverbial_clause,
    clause_coordination,
    complement_clause,
    control,
    interrogative_clause,
    purpose,
)
from treeprobe.parsing.stimuli.grammar.expletives import existential, extraposition
from treeprobe.parsing.stimuli.grammar.noun_phrases import common_noun, noun_modifier, place
from treeprobe.parsing.stimuli.grammar.phrases import Phrase
from treeprobe.parsing.stimuli.grammar.questions import adverb_question, polar_question, wh_question
from treeprobe.parsing.stimuli.grammar.relatives import centre_embedding, object_relative, participial, subject_relative
from treeprobe.parsing.stimuli.grammar.verbs import bare, not_clitic, verb

Construction = Literal[
    "transitive", "intransitive", "copula", "ditransitive", "passive", "imperative", "pp-attachment",
    "subject-relative", "object-relative", "centre-embedding", "participle", "complement-clause",
    "interrogative-clause", "control", "purpose-clause", "adverbial-clause", "clause-coordination",
    "verb-phrase-coordination", "subject-coordination", "object-coordination", "adjective-coordination",
    "existential", "extraposition", "polar-question", "wh-question", "adverb-question",
]  # fmt: skip


def _pp_attachment(rng: Random, depth: int = 1) -> Phrase:
    """A prepositional phrase that belongs to the verb (obl) or to the object (nmod)."""
    subject = someone(rng)
    if rng.random() < 0.5:
        return clause(rng, subject, doing(rng, subject).after(("obl", place(rng))))
    group = rng.choice(tuple(words.TRANSITIVE))
    target = common_noun(rng, group, richness=0).after(noun_modifier(rng, *rng.choice(words.MODIFIERS[group])))
    head = verb(rng, rng.choice(words.TRANSITIVE[group]), subject)
    return clause(rng, subject, head.after(("obj", target)))


def _imperative(rng: Random, depth: int = 1) -> Phrase:
    """Read the letter. Don't read it. Please read it: a base form without subject."""
    group = rng.choice(tuple(words.TRANSITIVE))
    phrase = bare(rng.choice(words.TRANSITIVE[group])).after(("obj", common_noun(rng, group)))
    if rng.random() < 0.3:
        phrase = phrase.before(("aux", Phrase("do", "do", "AUX", "VB")), ("advmod", not_clitic()))
    elif rng.random() < 0.3:
        phrase = phrase.before(("discourse", Phrase("please", "please", "INTJ", "UH")))
    return phrase.after(("obl", place(rng))) if rng.random() < 0.5 else phrase


CONSTRUCTIONS: dict[Construction, Callable[[Random, int], Phrase]] = {
    "transitive": transitive,
    "intransitive": intransitive,
    "copula": copular,
    "ditransitive": ditransitive,
    "passive": passive,
    "imperative": _imperative,
    "pp-attachment": _pp_attachment,
    "subject-relative": subject_relative,
    "object-relative": object_relative,
    "centre-embedding": centre_embedding,
    "participle": participial,
    "complement-clause": complement_clause,
    "interrogative-clause": interrogative_clause,
    "control": control,
    "purpose-clause": purpose,
    "adverbial-clause": adverbial_clause,
    "clause-coordination": clause_coordination,
    "verb-phrase-coordination": verb_phrase_coordination,
    "subject-coordination": subject_coordination,
    "object-coordination": object_coordination,
    "adjective-coordination": adjective_coordination,
    "existential": existential,
    "extraposition": extraposition,
    "polar-question": polar_question,
    "wh-question": wh_question,
    "adverb-question": adverb_question,
}
NESTING: tuple[Construction, ...] = ("subject-relative", "complement-clause", "centre-embedding")
