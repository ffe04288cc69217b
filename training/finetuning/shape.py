"""The shape of a task: what a model reads of an example, the head that answers, and how logits become an answer.

There are the four of Devlin et al. (2019), figure 3: a class for a pair of texts, a class for one text, a class for
each word, and a span of a text, with the heads of transformers' `AutoModelFor…` classes; and a tree over the words.
"""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import numpy as np
from numpy.typing import NDArray
from transformers import PreTrainedTokenizerBase

from treeprobe.parsing.treebanks.documents import InDocument

E = TypeVar("E", bound=InDocument)
"""The kind of example."""
P = TypeVar("P")
"""What is predicted for an example."""

Scores = tuple[NDArray[np.float32], ...]
"""What a model gives out for an example: per class, or per position."""

NOT_TRAINED = -100
"""The label of places that count for no loss, as in transformers."""


@dataclass(frozen=True)
class Encoded:
    """An example as a model reads it, or a part of one.

    Attributes:
        inputs: arguments of the model, its labels among them where they are known.
        example: the number of the example.
        places: what `decode` needs to know of the positions: the subword of each word; or the first and the last
            character of each subword, (subwords, 2), -1 outside the context.
    """

    inputs: dict[str, Any]
    example: int
    places: NDArray[np.int64]


class Shape(ABC, Generic[E, P]):
    """How a model does tasks of one shape."""

    name: str
    """What the shape is called in records."""

    @property
    @abstractmethod
    def model_class(self) -> Any:
        """The class of transformers that loads a checkpoint with the head."""

    @property
    @abstractmethod
    def head(self) -> dict[str, Any]:
        """What the configuration says of the head."""

    @abstractmethod
    def encode(self, examples: Sequence[E], tokenizer: PreTrainedTokenizerBase, *, max_subwords: int) -> list[Encoded]:
        """Examples as a model reads them, in order."""

    @abstractmethod
    def collator(self, tokenizer: PreTrainedTokenizerBase) -> Any:
        """What makes batches of the inputs of several."""

    @abstractmethod
    def decode(self, examples: Sequence[E], encoded: Sequence[Encoded], logits: Sequence[Scores]) -> list[P]:
        """What is predicted for each example.

        Args:
            logits: the model's outputs for each of `encoded`; those per position may go on behind its end.
        """


def class_head(labels: Sequence[str]) -> dict[str, Any]:
    """What a configuration says of a head with these classes."""
    return {
        "num_labels": len(labels),
        "id2label": dict(enumerate(labels)),
        "label2id": {label: number for number, label in enumerate(labels)},
    }
