"""A span of a context that answers a question: Devlin et al. (2019), figure 3 (c) and section 4.2."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from transformers import AutoModelForQuestionAnswering, DataCollatorWithPadding, PreTrainedTokenizerBase

from treeprobe.training.finetuning.examples import Span, SpanExample
from treeprobe.training.finetuning.shape import Encoded, Scores, Shape


@dataclass(frozen=True)
class ContextSpans(Shape[SpanExample, Span]):
    """The span of the context whose first and last subword score highest together.

    A context that is too long is read in windows that overlap by half of what fits beside the question.

    Attributes:
        longest: most subwords of an answer.
    """

    longest: int = 30
    name = "spans"

    @property
    def model_class(self) -> Any:
        """Two scores for each of the last hidden states."""
        return AutoModelForQuestionAnswering

    @property
    def head(self) -> dict[str, Any]:
        """One output for the first subword of the answer, one for the last."""
        return {"num_labels": 2}

    def encode(
        self, examples: Sequence[SpanExample], tokenizer: PreTrainedTokenizerBase, *, max_subwords: int
    ) -> list[Encoded]:
        """Question and context as a pair, one or more windows an example.

        Where the answer is not in a window, its place is that of the first special token, as in SQuAD 2.0.
        """
        if not examples:
            return []
        # A question may take half of the input.
        questions = [_cut(tokenizer, example.question, max_subwords // 2) for example in examples]
        special = tokenizer.num_special_tokens_to_add(pair=True)
        asked = max(len(ids) for ids in tokenizer(questions, add_special_tokens=False)["input_ids"])
        found = tokenizer(
            questions,
            [example.context for example in examples],
            truncation="only_second",
            max_length=max_subwords,
            stride=max((max_subwords - special - asked) // 2, 0),
            return_overflowing_tokens=True,
            return_offsets_mapping=True,
        )
        owners = found.pop("overflow_to_sample_mapping")
        offsets = found.pop("offset_mapping")
        encoded = []
        for row, example in enumerate(owners):
            inputs = {key: values[row] for key, values in found.items()}
            part = [place == 1 for place in found.sequence_ids(row)]
            places = np.where(np.array(part)[:, None], np.array(offsets[row]), -1)
            if examples[example].answers:
                first, last = _place(examples[example].answers[0], places)
                inputs |= {"start_positions": first, "end_positions": last}
            encoded.append(Encoded(inputs, int(example), places))
        return encoded

    def collator(self, tokenizer: PreTrainedTokenizerBase) -> DataCollatorWithPadding:
        """Inputs padded to the longest."""
        return DataCollatorWithPadding(tokenizer)

    def decode(
        self, examples: Sequence[SpanExample], encoded: Sequence[Encoded], logits: Sequence[Scores]
    ) -> list[Span]:
        """The best span of all windows of each example."""
        best = [(-np.inf, Span("", 0)) for _ in examples]
        for one, (starts, ends, *_) in zip(encoded, logits):
            score, first, last = _best_span(starts, ends, one.places, longest=self.longest)
            if score > best[one.example][0]:
                begin, end = int(one.places[first, 0]), int(one.places[last, 1])
                best[one.example] = (score, Span(examples[one.example].context[begin:end], begin))
        return [span for _, span in best]


def _cut(tokenizer: PreTrainedTokenizerBase, question: str, room: int) -> str:
    """A question, without what goes beyond so many subwords."""
    offsets = tokenizer(question, add_special_tokens=False, return_offsets_mapping=True)["offset_mapping"]
    return question if len(offsets) <= room else question[: offsets[room - 1][1]]


def _place(answer: Span, places: NDArray[np.int64]) -> tuple[int, int]:
    """The first and last subword that share a character with the answer; 0, 0 where they are not in the window."""
    inside = np.flatnonzero((places[:, 0] < answer.end) & (places[:, 1] > answer.start) & (places[:, 0] >= 0))
    if not len(inside) or places[inside[0], 0] > answer.start or places[inside[-1], 1] < answer.end:
        return 0, 0
    return int(inside[0]), int(inside[-1])


def _best_span(
    starts: NDArray[np.float32], ends: NDArray[np.float32], places: NDArray[np.int64], *, longest: int
) -> tuple[float, int, int]:
    """The highest sum of a start's and an end's score in the context, and the two subwords."""
    inside = np.flatnonzero(places[:, 0] >= 0)
    if not len(inside):
        return -np.inf, 0, 0
    sums = starts[inside][:, None] + ends[inside][None]
    sums[np.tril_indices(len(inside), -1)] = -np.inf
    sums[np.triu_indices(len(inside), longest)] = -np.inf
    first, last = np.unravel_index(sums.argmax(), sums.shape)
    return float(sums[first, last]), int(inside[first]), int(inside[last])
