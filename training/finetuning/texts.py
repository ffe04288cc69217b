"""Classes and numbers for a text or a pair of texts: Devlin et al. (2019), figure 3 (a) and (b)."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from transformers import AutoModelForSequenceClassification, DataCollatorWithPadding, PreTrainedTokenizerBase

from treeprobe.training.finetuning.examples import TextExample
from treeprobe.training.finetuning.shape import Encoded, P, Scores, Shape, class_head

_NO_PLACES = np.empty(0, np.int64)


class _Texts(Shape[TextExample, P]):
    """What classes and numbers have in common."""

    @property
    def model_class(self) -> Any:
        """A linear layer on the pooled [CLS]."""
        return AutoModelForSequenceClassification

    def collator(self, tokenizer: PreTrainedTokenizerBase) -> DataCollatorWithPadding:
        """Inputs padded to the longest."""
        return DataCollatorWithPadding(tokenizer)


@dataclass(frozen=True)
class TextClasses(_Texts[str]):
    """One of several classes for a text or a pair of texts.

    Attributes:
        labels: the classes, in the order of the head's outputs.
    """

    labels: tuple[str, ...]
    name = "text classes"

    @property
    def head(self) -> dict[str, Any]:
        """As many outputs as there are classes."""
        return {**class_head(self.labels), "problem_type": "single_label_classification"}

    def encode(
        self, examples: Sequence[TextExample], tokenizer: PreTrainedTokenizerBase, *, max_subwords: int
    ) -> list[Encoded]:
        """Texts as the tokenizer encodes them, the longer of a pair truncated; labels by number where known."""
        numbers = {label: number for number, label in enumerate(self.labels)}
        known = [numbers.get(str(example.label)) for example in examples]
        return _encode(examples, known, tokenizer, max_subwords=max_subwords)

    def decode(
        self, examples: Sequence[TextExample], encoded: Sequence[Encoded], logits: Sequence[Scores]
    ) -> list[str]:
        """The likeliest class of each."""
        return [self.labels[int(scores.argmax())] for (scores,) in logits]


@dataclass(frozen=True)
class TextNumbers(_Texts[float]):
    """A number for a text or a pair of texts, by least squares."""

    name = "text numbers"

    @property
    def head(self) -> dict[str, Any]:
        """One output."""
        return {"num_labels": 1, "problem_type": "regression"}

    def encode(
        self, examples: Sequence[TextExample], tokenizer: PreTrainedTokenizerBase, *, max_subwords: int
    ) -> list[Encoded]:
        """Texts as the tokenizer encodes them, the longer of a pair truncated."""
        known = [None if example.label is None else float(example.label) for example in examples]
        return _encode(examples, known, tokenizer, max_subwords=max_subwords)

    def decode(
        self, examples: Sequence[TextExample], encoded: Sequence[Encoded], logits: Sequence[Scores]
    ) -> list[float]:
        """The head's output for each."""
        return [float(scores[0]) for (scores,) in logits]


def _encode(
    examples: Sequence[TextExample],
    labels: Sequence[int | float | None],
    tokenizer: PreTrainedTokenizerBase,
    *,
    max_subwords: int,
) -> list[Encoded]:
    """Texts or pairs as the tokenizer encodes them, with their labels where they are known."""
    if not examples:
        return []
    firsts, seconds = [one.first for one in examples], [one.second for one in examples]
    paired = seconds[0] is not None
    found = tokenizer(firsts, seconds if paired else None, truncation="longest_first", max_length=max_subwords)
    rows = [{key: values[number] for key, values in found.items()} for number in range(len(examples))]
    return [
        Encoded({**row, "labels": label} if label is not None else row, number, _NO_PLACES)
        for number, (row, label) in enumerate(zip(rows, labels))
    ]
