"""Constructions of Universal Dependencies: which sentences have one, and which edges are it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from treeprobe.parsing.treebanks.features import features_of
from treeprobe.parsing.treebanks.treebank import Sentence

Mask = NDArray[np.bool_]
_QUESTION_MARKS = "?？؟՞⸮"
_PASSIVE = ("nsubj:pass", "csubj:pass", "aux:pass", "expl:pass", "obl:agent")


@dataclass(frozen=True)
class ConstructionFilter:
    """A construction: the words whose edge to their head is part of it.

    Attributes:
        name: `questions`, `passives`, or a relation, which stands for its subtypes too: `csubj` for `csubj:outer`.
        edges: whether the edge from each word to its head is the construction's, (words,); a question's are all of its
            sentence.
    """

    name: str
    edges: Callable[[Sentence], Mask]

    @classmethod
    def named(cls, name: str) -> "ConstructionFilter":
        """The filter of a name; whatever is neither `questions` nor `passives` is a relation."""
        return cls(name, _NAMED.get(name) or (lambda sentence: _of_relation(sentence, name)))

    def __contains__(self, sentence: Sentence) -> bool:
        """Whether a sentence has the construction."""
        return bool(self.edges(sentence).any())


def _of_relation(sentence: Sentence, name: str) -> Mask:
    """Words in a relation or a subtype of it."""
    return np.array([own == name or own.startswith(f"{name}:") for own in sentence.relations], dtype=bool)


def _question(sentence: Sentence) -> Mask:
    """All words of a sentence that has a question mark."""
    asked = any(word[-1] in _QUESTION_MARKS for word in sentence.words if word)
    return np.full(len(sentence), asked)


def _passive(sentence: Sentence) -> Mask:
    """The subject, auxiliary and agent of a passive; where a treebank has no such relations, dependents of such verbs.

    The latter are verbs with Voice=Pass that have a subject.
    """
    marked = np.isin(np.array(sentence.relations, dtype=np.str_), _PASSIVE)
    if marked.any():
        return marked
    verbs = {place for place, cell in enumerate(sentence.features) if features_of(cell).get("Voice") == "Pass"}
    return np.array(
        [
            head in verbs and relation.partition(":")[0] in ("nsubj", "csubj")
            for head, relation in zip(sentence.heads, sentence.relations)
        ],
        dtype=bool,
    )


_NAMED: Mapping[str, Callable[[Sentence], Mask]] = MappingProxyType({"questions": _question, "passives": _passive})
