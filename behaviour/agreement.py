"""Minimal pairs of subject-verb agreement: from any treebank with features, and from the grammar."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from treeprobe.behaviour.inflection import NumberForms, is_finite
from treeprobe.behaviour.pairs import MinimalPair
from treeprobe.parsing import Sentence
from treeprobe.parsing.stimuli import agreement_pairs
from treeprobe.parsing.treebanks import features_of

GRAMMAR = "grammar"
"""The source of the grammar's pairs."""

MOST_ATTRACTORS = 3
_SUBJECTS = ("nsubj", "nsubj:pass")
_GROUP = ("aux", "aux:pass", "cop")
_NOUNS = ("NOUN", "PROPN")
_SAME_NOUN = ("flat", "flat:name", "flat:foreign", "compound")


def grammar_pairs(count: int, *, seed: int = 0) -> list[MinimalPair]:
    """English pairs of the grammar (`parsing.stimuli.agreement_pairs`), equally many with 0, 1, 2 and 3 attractors.

    Raises ValueError where the grammar has too few sentences.
    """
    shares = [count // (MOST_ATTRACTORS + 1) + (number < count % (MOST_ATTRACTORS + 1)) for number in range(4)]
    return [
        MinimalPair.of_swap(
            pair.sentence,
            pair.place,
            pair.wrong,
            construction=pair.construction,
            source=GRAMMAR,
            controller=pair.subject,
            attractors=pair.attractors,
        )
        for attractors, share in enumerate(shares)
        for pair in agreement_pairs(share, seed=4 * seed + attractors, attractors=attractors)
    ]


def treebank_pairs(sentences: Sequence[Sentence], forms: NumberForms, *, source: str) -> list[MinimalPair]:
    """A pair for every finite verb whose subject is known and has its number, with the verb's form of the other number.

    Subjects are found by the tree: nsubj, the antecedent where it is a relative pronoun, the subject of the first
    conjunct where verbs are coordinated, and the expletive of a clause without nsubj. Coordinated subjects are plural
    where their verb is. Verbs whose number their subject does not show are left out. Constructions are named as the
    grammar names its own, by what stands between the two words; besides, `relative-pronoun` is agreement with an
    antecedent, `inversion` has the verb before its subject, and `other` other nouns between them.

    Args:
        forms: of the same language, `NumberForms.of` a training treebank for instance.
        source: what the pairs' source is called.
    """
    pairs = []
    for number, sentence in enumerate(sentences, 1):
        for found in _agreements(sentence):
            form = forms.other(sentence, found.verb)
            if form is not None:
                pairs.append(
                    MinimalPair.of_swap(
                        sentence,
                        found.verb,
                        form,
                        construction=found.construction,
                        source=source,
                        identifier=sentence.identifier or f"sentence {number}",
                        controller=found.subject,
                        attractors=len(attractor_places(sentence, found.verb, found.subject)),
                    )
                )
    return pairs


def attractor_places(sentence: Sentence, verb: int, subject: int) -> list[int]:
    """Nouns between a verb and its subject whose number is not the verb's; the subject's where the verb has none."""
    shown = [features_of(sentence.features[place]).get("Number") for place in (verb, subject)]
    number = shown[0] or shown[1]
    first, last = sorted((verb, subject))
    return [
        place
        for place in range(first + 1, last)
        if sentence.upos[place] in _NOUNS and features_of(sentence.features[place]).get("Number", number) != number
    ]


@dataclass(frozen=True)
class _Agreement:
    """A finite verb and the word that it agrees with, by their places."""

    verb: int
    subject: int
    construction: str


def _agreements(sentence: Sentence) -> Iterator[_Agreement]:
    """Every finite verb of a sentence that has the number of its subject."""
    for head in range(len(sentence)):
        verb = _finite(sentence, head)
        if verb is None:
            continue
        found = _subject(sentence, head, verb)
        number = features_of(sentence.features[verb]).get("Number")
        if found is None or number is None or not 0 <= found.subject < len(sentence):
            continue
        coordinated = found.construction == "subject-coordination"
        if number == ("Plur" if coordinated else features_of(sentence.features[found.subject]).get("Number")):
            yield found


def _finite(sentence: Sentence, head: int) -> int | None:
    """The finite verb of the clause that a word heads: itself, an auxiliary or the copula; None unless there is one."""
    group = [place for place in _dependents(sentence, head) if sentence.relations[place] in _GROUP]
    finite = [place for place in sorted([*group, head]) if is_finite(sentence, place)]
    return finite[0] if len(finite) == 1 else None


def _subject(sentence: Sentence, head: int, verb: int) -> _Agreement | None:
    """What the verb of a clause agrees with, and how."""
    below = _dependents(sentence, head)
    subjects = [place for place in below if sentence.relations[place] in _SUBJECTS]
    expletives = [place for place in below if sentence.relations[place] == "expl"]
    clausal = any(sentence.relations[place].startswith("csubj") for place in below)
    if len(subjects) > 1 or len(expletives) > 1:
        return None
    if not subjects:
        if expletives:
            return _Agreement(verb, expletives[0], "extraposition") if clausal else None
        shared = None if clausal or sentence.relations[head] != "conj" else _shared_subject(sentence, head)
        return None if shared is None else _Agreement(verb, shared, "verb-phrase-coordination")
    subject = subjects[0]
    if expletives:
        return _Agreement(verb, subject, "existential")
    if features_of(sentence.features[subject]).get("PronType") == "Rel":
        relative = sentence.relations[head] == "acl:relcl"
        return _Agreement(verb, sentence.heads[head], "relative-pronoun") if relative else None
    return _Agreement(verb, subject, _between(sentence, verb, subject))


def _shared_subject(sentence: Sentence, head: int) -> int | None:
    """The subject of the first of coordinated verbs, from which the others hang and whose subject they share."""
    first = sentence.heads[head]
    if sentence.relations[first] == "conj":
        return None
    found = _subject(sentence, first, first)
    plain = found is not None and found.construction not in ("existential", "extraposition", "subject-coordination")
    return found.subject if found is not None and plain else None


def _between(sentence: Sentence, verb: int, subject: int) -> str:
    """The construction of a subject and its verb, by what stands between them."""
    below = _dependents(sentence, subject)
    if any(sentence.relations[place] == "conj" for place in below):
        return "subject-coordination"
    if verb < subject:
        return "inversion"
    inside = [place for place in below if subject < place < verb]
    for clause in (place for place in inside if sentence.relations[place] == "acl:relcl"):
        inner = [place for place in _dependents(sentence, clause) if sentence.relations[place] in _SUBJECTS]
        own = any(features_of(sentence.features[place]).get("PronType") == "Rel" for place in inner)
        return "subject-relative" if own else "object-relative"
    if any(sentence.relations[place] == "nmod" for place in inside):
        return "prepositional-phrase"
    others = [place for place in range(subject + 1, verb) if sentence.upos[place] in _NOUNS]
    # Sergey Brin: a name's further words are the subject itself.
    return "other" if any(sentence.relations[place] not in _SAME_NOUN for place in others) else "simple"


def _dependents(sentence: Sentence, head: int) -> list[int]:
    """The words that hang from a word, in order."""
    return [place for place, above in enumerate(sentence.heads) if above == head]
