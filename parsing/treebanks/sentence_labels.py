"""Labels of whole sentences, read off their gold trees: the probing tasks of Conneau et al. (2018) for a treebank."""

from collections.abc import Callable, Mapping, Sequence
from typing import Literal, get_args

import numpy as np

from treeprobe.parsing.treebanks.features import features_of
from treeprobe.parsing.treebanks.relations import universal_relation
from treeprobe.parsing.treebanks.treebank import Sentence

SentenceLabel = Literal["length", "depth", "top_constituents", "tense", "subject_number", "object_number"]
"""`length`, words; `depth`, edges from the root to the word farthest from it; `top_constituents`, see there; `tense` of
the main clause, Past or Pres; `subject_number` and `object_number` of its noun, Sing or Plur."""

_SUBJECTS = ("nsubj", "csubj", "expl")
_CLAUSES = ("csubj", "ccomp", "xcomp", "advcl", "parataxis", "acl")
_LABELS_OF: Mapping[str, str] = {
    "advmod": "ADVP",
    "aux": "AUX",
    "cop": "AUX",
    "cc": "CC",
    "discourse": "INTJ",
    "mark": "MARK",
    "punct": ",",
}
_FRONTED = (*_CLAUSES, "advmod", "cc", "discourse", "dislocated", "obl", "punct", "vocative")
"""What stands beside the predicate and not in it, before the root of a sentence without a subject there."""
_PREDICATES = {"NOUN": "NP", "PROPN": "NP", "PRON": "NP", "NUM": "NP", "ADJ": "ADJP", "ADV": "ADVP", "INTJ": "INTJ"}
_NOUNS = ("NOUN", "PROPN")


def sentence_labels(sentences: Sequence[Sentence], label: SentenceLabel) -> list[str | None]:
    """One label a sentence; None where it has none, as a sentence without an object has no number of it.

    Raises:
        ValueError: there is no such label.
    """
    if label not in get_args(SentenceLabel):
        raise ValueError(f"label must be one of {', '.join(get_args(SentenceLabel))}, found {label!r}")
    return [_LABELS[label](sentence) for sentence in sentences]


def top_constituents(sentence: Sentence) -> str:
    """The constituents right below the sentence, such as "ADVP , NP VP .", as far as its dependency tree tells.

    Conneau et al. (2018) take them from phrase structure; here they are derived. Every dependent of the root before the
    subject is one, named by its relation: a clause is S, with a subordinating conjunction SBAR; another dependent with
    an adposition PP; otherwise ADVP, CC, INTJ, AUX (before the subject, in questions), a comma for punctuation, NP. The
    subject is NP (or S). The root with all that follows the subject is VP. Without a subject before the root, fronted
    dependents are constituents alike and the rest is one by the root's tag: VP, NP, ADJP, ADVP, INTJ, or X. Punctuation
    at the end is a full stop. A root with a conjunct that has a subject of its own is coordinated: S for each such
    clause, CC before those with a coordinating conjunction.
    """
    root = sentence.heads.index(-1)
    below = _dependents(sentence, root)
    end = ["."] if below and _relation(sentence, below[-1]) == "punct" and below[-1] > root else []
    conjuncts = [place for place in below if _relation(sentence, place) == "conj"]
    clauses = [place for place in conjuncts if _has_subject(sentence, place)]
    if clauses and _has_subject(sentence, root):
        found = ["S"]
        for clause in clauses:
            joined = any(_relation(sentence, place) == "cc" for place in _dependents(sentence, clause))
            found += ["CC", "S"] if joined else ["S"]
        return " ".join([*found, *end])
    subject = next((place for place in below if place < root and _relation(sentence, place) in _SUBJECTS), None)
    if subject is not None:
        before = [place for place in below if place <= subject]
    else:
        before = []
        for place in below:
            if place > root or _relation(sentence, place) not in _FRONTED:
                break
            before.append(place)
    return " ".join([*(_constituent(sentence, place) for place in before), _predicate(sentence, root), *end])


def shift_bigram(sentence: Sentence, generator: np.random.Generator) -> Sequence[str]:
    """The words of a sentence with two neighbours exchanged, any two that differ; punctuation at the end stays.

    Conneau et al. (2018): a model that knows no order of words cannot tell such a sentence from a real one.

    Returns:
        the words; those of the sentence itself where no two of them can be exchanged.
    """
    words = list(sentence.words)
    last = len(words) - (1 if sentence.upos[-1] == "PUNCT" else 0)
    places = [place for place in range(last - 1) if words[place].lower() != words[place + 1].lower()]
    if places:
        place = int(generator.choice(places))
        words[place], words[place + 1] = words[place + 1], words[place]
    return words


def _dependents(sentence: Sentence, head: int) -> list[int]:
    return [place for place, own in enumerate(sentence.heads) if own == head]


def _relation(sentence: Sentence, place: int) -> str:
    return universal_relation(sentence.relations[place])


def _has_subject(sentence: Sentence, head: int) -> bool:
    return any(_relation(sentence, place) in _SUBJECTS for place in _dependents(sentence, head))


def _constituent(sentence: Sentence, place: int) -> str:
    """What a dependent of the root is called."""
    relation = _relation(sentence, place)
    below = {_relation(sentence, one) for one in _dependents(sentence, place)}
    if relation in _CLAUSES:
        return "SBAR" if "mark" in below else "S"
    return _LABELS_OF.get(relation, "PP" if "case" in below else "NP")


def _predicate(sentence: Sentence, root: int) -> str:
    """What the root is called with all that belongs to it."""
    below = {_relation(sentence, place) for place in _dependents(sentence, root)}
    if below & {*_SUBJECTS, "cop", "aux"} or sentence.upos[root] in ("VERB", "AUX"):
        return "VP"
    return _PREDICATES.get(sentence.upos[root], "X")


def _tense(sentence: Sentence) -> str | None:
    """Of the root where it is finite, or of its first finite auxiliary or copula."""
    root = sentence.heads.index(-1)
    verbs = [place for place in _dependents(sentence, root) if _relation(sentence, place) in ("aux", "cop")]
    for place in (root, *verbs):
        features = features_of(sentence.features[place])
        if features.get("VerbForm") == "Fin":
            return features.get("Tense")
    return None


def _number(sentence: Sentence, relation: str) -> str | None:
    """Of the root's first noun in a relation; pronouns are left out, whose number is known by their form alone."""
    for place in _dependents(sentence, sentence.heads.index(-1)):
        if _relation(sentence, place) == relation and sentence.upos[place] in _NOUNS:
            found = features_of(sentence.features[place]).get("Number")
            return found if found in ("Sing", "Plur") else None
    return None


_LABELS: Mapping[SentenceLabel, Callable[[Sentence], str | None]] = {
    "length": lambda sentence: str(len(sentence)),
    "depth": lambda sentence: str(int(sentence.depths.max())),
    "top_constituents": top_constituents,
    "tense": _tense,
    "subject_number": lambda sentence: _number(sentence, "nsubj"),
    "object_number": lambda sentence: _number(sentence, "obj"),
}
