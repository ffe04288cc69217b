"""Which sentences of a treebank are of one document."""

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray


class InDocument(Protocol):
    """A sentence, or whatever else is part of a document."""

    @property
    def document(self) -> str:
        """The document's name; empty where unknown."""


def document_numbers(sentences: Sequence[InDocument]) -> NDArray[np.int64] | None:
    """The number of each sentence's document, (sentences,), from 0 in the order of their first sentences.

    A sentence whose document is unknown counts as a document of its own. None where no sentence's document is known.
    """
    if not any(sentence.document for sentence in sentences):
        return None
    numbers: dict[object, int] = {}
    labels = (sentence.document or place for place, sentence in enumerate(sentences))
    return np.array([numbers.setdefault(label, len(numbers)) for label in labels], dtype=np.int64)
