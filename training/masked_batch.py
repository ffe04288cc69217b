"""A batch of examples with its masks, to look at: which subwords are to be predicted, and what is shown of them."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from html import escape
from typing import Literal

from torch import Tensor
from transformers import PreTrainedTokenizerBase

from treeprobe.training.examples import training_batches
from treeprobe.training.models import NOT_PREDICTED
from treeprobe.training.options import PretrainingOptions
from treeprobe.training.text import Documents, check_documents
from treeprobe.training.tokenizer import train_tokenizer

Fate = Literal["context", "masked", "random", "kept"]
"""Of a subword: not predicted; or predicted, and shown as [MASK], as a random subword, or as it is."""

_COLOURS: Mapping[Fate, str] = {"masked": "#9ecae1", "random": "#fdae6b", "kept": "#a1d99b"}


@dataclass(frozen=True)
class ShownSubword:
    """A subword of an example.

    Attributes:
        shown: what the model reads.
        right: what stood there, which is to be predicted unless `fate` is "context".
        fate: what was done to it. One that was replaced by itself at random counts as kept: nobody can tell.
    """

    shown: str
    right: str
    fate: Fate

    def __str__(self) -> str:
        return self.shown if self.fate == "context" else f"{self.shown}<{self.right}>"


@dataclass(frozen=True, repr=False)
class MaskedBatch:
    """Examples as a model reads them in training; shows itself in a notebook.

    Attributes:
        examples: the subwords of each, special ones too, padding left out.
        random_second: of each pair, whether its second sentence is a random one; empty for single sentences.
    """

    examples: tuple[tuple[ShownSubword, ...], ...]
    random_second: tuple[bool, ...] = ()

    @classmethod
    def of(cls, batch: Mapping[str, Tensor], tokenizer: PreTrainedTokenizerBase) -> "MaskedBatch":
        """The batch of a masked language model, as `training_batches` makes them."""
        examples = []
        for ids, labels, mask in zip(batch["input_ids"], batch["labels"], batch["attention_mask"]):
            shown, right = ids[mask == 1].tolist(), labels[mask == 1].tolist()
            examples.append(tuple(_subword(tokenizer, read, label) for read, label in zip(shown, right)))
        second = batch["next_sentence_label"].bool().tolist() if "next_sentence_label" in batch else ()
        return cls(tuple(examples), tuple(second))

    @property
    def counts(self) -> dict[Fate, int]:
        """How many subwords have each fate."""
        counted = Counter(subword.fate for example in self.examples for subword in example)
        return {fate: counted[fate] for fate in ("context", "masked", "random", "kept")}

    def __repr__(self) -> str:
        told = ", ".join(f"{count} {fate}" for fate, count in self.counts.items() if fate != "context")
        return f"MaskedBatch({len(self.examples)} examples: {told})"

    def __str__(self) -> str:
        """A line for each example; predicted subwords as `shown<right>`."""
        lines = [" ".join(map(str, example)) for example in self.examples]
        return "\n".join(f"{line}{self._verdict(place)}" for place, line in enumerate(lines))

    def _repr_html_(self) -> str:
        rows = []
        for place, example in enumerate(self.examples):
            words = " ".join(_marked(subword) for subword in example)
            rows.append(f"<div style='margin:4px 0'>{words}<i>{escape(self._verdict(place))}</i></div>")
        key = " ".join(
            f"<span style='background:{colour};color:black;padding:0 4px'>{fate} {self.counts[fate]}</span>"
            for fate, colour in _COLOURS.items()
        )
        return f"<div style='line-height:1.6'>{''.join(rows)}<div style='margin-top:6px'>{key}</div></div>"

    def _verdict(self, place: int) -> str:
        if not self.random_second:
            return ""
        return "  (random second sentence)" if self.random_second[place] else "  (the next sentence)"


def show_masked_batch(documents: Documents, *, options: PretrainingOptions | None = None) -> MaskedBatch:
    """The first batch of a pre-training with these options on this text.

    Args:
        options: of a masked language model; `batch_size` says how many examples to show.

    Raises:
        PretrainingError: text that is too short.
    """
    options = options or PretrainingOptions()
    check_documents(documents, options)
    lines = (line for document in documents for line in document)
    tokenizer = train_tokenizer(lines, vocabulary_size=options.vocabulary_size, max_subwords=options.max_subwords)
    return MaskedBatch.of(next(training_batches(tokenizer, documents, options)), tokenizer)


def _subword(tokenizer: PreTrainedTokenizerBase, read: int, label: int) -> ShownSubword:
    shown = tokenizer.convert_ids_to_tokens(read)
    if label == NOT_PREDICTED:
        return ShownSubword(shown, shown, "context")
    fate: Fate = "masked" if read == tokenizer.mask_token_id else "kept" if read == label else "random"
    return ShownSubword(shown, tokenizer.convert_ids_to_tokens(label), fate)


def _marked(subword: ShownSubword) -> str:
    """HTML: what is shown, coloured by its fate, with the right subword small behind it."""
    if subword.fate == "context":
        return escape(subword.shown)
    right = f" <small>{escape(subword.right)}</small>" if subword.fate != "kept" else ""
    colour = _COLOURS[subword.fate]
    return f"<span style='background:{colour};color:black;padding:0 3px'>{escape(subword.shown)}{right}</span>"
