"""A class for each word of a sentence: Devlin et al. (2019), figure 3 (d), with a class a word rather than a name."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from transformers import AutoModelForTokenClassification, DataCollatorForTokenClassification, PreTrainedTokenizerBase

from treeprobe.training.finetuning.examples import TokenExample
from treeprobe.training.finetuning.shape import NOT_TRAINED, Encoded, Scores, Shape, class_head
from treeprobe.training.finetuning.word_inputs import read_words


@dataclass(frozen=True)
class TokenClasses(Shape[TokenExample, tuple[str, ...]]):
    """One of several classes for each word, read off its first subword (Devlin et al. 2019, section 5.3).

    Attributes:
        labels: the classes, in the order of the head's outputs.
        fallback: what is predicted for words that were not read: those behind `max_subwords`, or without a subword.
    """

    labels: tuple[str, ...]
    fallback: str
    name = "token classes"

    @property
    def model_class(self) -> Any:
        """A linear layer on the last hidden states."""
        return AutoModelForTokenClassification

    @property
    def head(self) -> dict[str, Any]:
        """As many outputs as there are classes."""
        return class_head(self.labels)

    def encode(
        self, examples: Sequence[TokenExample], tokenizer: PreTrainedTokenizerBase, *, max_subwords: int
    ) -> list[Encoded]:
        """Words joined by spaces, as analyses of hidden states read them, and truncated; labels at first subwords."""
        numbers = {label: number for number, label in enumerate(self.labels)}
        read = read_words([example.words for example in examples], tokenizer, max_subwords=max_subwords)
        found = []
        for number, (example, one) in enumerate(zip(examples, read)):
            places = one.first_positions
            labels = np.full(len(one.inputs["input_ids"]), NOT_TRAINED)
            classes = np.array([numbers.get(label, NOT_TRAINED) for label in example.labels])
            labels[places[places >= 0]] = classes[places >= 0]
            found.append(Encoded({**one.inputs, "labels": labels.tolist()}, number, places))
        return found

    def collator(self, tokenizer: PreTrainedTokenizerBase) -> DataCollatorForTokenClassification:
        """Inputs and labels padded to the longest."""
        return DataCollatorForTokenClassification(tokenizer, label_pad_token_id=NOT_TRAINED)

    def decode(
        self,
        examples: Sequence[TokenExample],
        encoded: Sequence[Encoded],
        logits: Sequence[Scores],
    ) -> list[tuple[str, ...]]:
        """The likeliest class of each word."""
        found = []
        for one, (scores,) in zip(encoded, logits):
            best = scores.argmax(axis=1)
            found.append(
                tuple(self.labels[int(best[place])] if place >= 0 else self.fallback for place in one.places.tolist())
            )
        return found
