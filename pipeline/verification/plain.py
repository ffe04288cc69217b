"""A checkpoint read by transformers alone: one sentence at a time, without padding, with eager attention.

Nothing here goes through `treeprobe.extraction`, whose results are compared with these: the model, the subwords, the
words that they belong to by their characters, and the means over them, all of it slow and obvious.
"""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn
from transformers import AutoModel, AutoTokenizer, PreTrainedModel, PreTrainedTokenizerBase

from treeprobe.extraction.float64 import in_float64
from treeprobe.extraction.loading import quiet_loading

Number = Literal["float64", "float32"]
"""Number format in which a model computes."""


@dataclass(frozen=True)
class PlainSentence:
    """What transformers makes of one sentence."""

    ids: tuple[int, ...]
    """Subwords, special tokens included."""
    segments: tuple[int, ...]
    """Segment ids, as the tokenizer gives them."""
    places: tuple[tuple[int, ...], ...]
    """The positions of each word's subwords."""
    special: tuple[bool, ...]
    """Which positions hold special tokens."""
    states: tuple[NDArray[np.floating], ...]
    """(positions, dim) of each layer."""
    attention: tuple[NDArray[np.floating], ...]
    """(heads, positions, positions) of each block; empty where the model reports none."""

    def word_states(self, layer: int) -> NDArray[np.floating]:
        """(words, dim) the mean of each word's subwords; zeros where it has none."""
        states = self.states[layer]
        return np.stack([states[list(at)].mean(0) if at else np.zeros(states.shape[1]) for at in self.places])

    def word_attention(self, block: int) -> NDArray[np.floating]:
        """(heads, positions, positions) from a word, the mean over its subwords, and to a word, their sum.

        Positions are special tokens before the words, words, and special tokens after them.
        """
        content = [place for place, special in enumerate(self.special) if not special]
        before = [(place,) for place in range(content[0])]
        after = [(place,) for place in range(content[-1] + 1, len(self.ids))]
        rows = [*before, *self.places, *after]
        owners = np.bincount([place for row in rows for place in row], minlength=len(self.ids))
        mean, total = np.zeros((2, len(rows), len(self.ids)))
        for number, row in enumerate(rows):
            for place in row:
                mean[number, place], total[number, place] = 1 / len(row), 1 / owners[place]
        return mean @ self.attention[block] @ total.T


class PlainModel:
    """A model and its tokenizer as transformers loads them."""

    def __init__(
        self, model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, *, number: Number, device: str = "cpu"
    ) -> None:
        self.model = model.eval().to(device=device, dtype=getattr(torch, number))
        if model._can_set_experts_implementation():
            model.set_experts_implementation("eager")
        self.tokenizer = tokenizer
        self._first = _first_block(model)

    @classmethod
    def load(
        cls, folder_or_hub_name: str, *, number: Number, device: str = "cpu", loader: Any = AutoModel
    ) -> "PlainModel":
        """Load a checkpoint; of an encoder-decoder, its encoder.

        Args:
            loader: the class of transformers that loads it.
        """
        name = os.path.expanduser(folder_or_hub_name)
        with quiet_loading():
            model = loader.from_pretrained(name, attn_implementation="eager", dtype="auto")
        if model.config.is_encoder_decoder:
            model = model.get_encoder()
        return cls(model, AutoTokenizer.from_pretrained(name, use_fast=True), number=number, device=device)

    @torch.no_grad()
    def read(self, words: Sequence[str], *, attention: bool = False) -> PlainSentence:
        """One sentence, its words joined by spaces."""
        encoded = self.tokenizer(" ".join(words), return_offsets_mapping=True, return_special_tokens_mask=True)
        ids = encoded["input_ids"]
        # The backend knows segments that the model's tokenizer class may leave out; where all are 0, so do we.
        segments = list(encoded.encodings[0].type_ids)
        output = self.run(ids, segments, output_hidden_states=True, output_attentions=attention)
        reported = [one for one in getattr(output, "attentions", None) or () if isinstance(one, torch.Tensor)]
        return PlainSentence(
            tuple(ids),
            tuple(segments),
            _places(words, encoded["offset_mapping"], encoded["special_tokens_mask"]),
            tuple(map(bool, encoded["special_tokens_mask"])),
            output.hidden_states,
            tuple(block[0].cpu().numpy() for block in reported),
        )

    @torch.no_grad()
    def run(self, ids: Sequence[int], segments: Sequence[int], **options: Any) -> Any:
        """What the model returns for one input, without a mask, as there is no padding."""
        # As the encoder does: in float64 nothing of it is rounded to float32.
        device = self.model.device
        types = {"token_type_ids": torch.tensor([list(segments)], device=device)} if any(segments) else {}
        with in_float64(self.model.dtype), _seen(self._first) as seen:
            output = self.model(input_ids=torch.tensor([list(ids)], device=device), **types, **options)
        if options.get("output_hidden_states"):
            output.hidden_states = _numbered([layer[0].cpu().numpy() for layer in output.hidden_states], seen)
        return output


def _first_block(model: PreTrainedModel) -> nn.Module | None:
    blocks = getattr(model.config, "num_hidden_layers", None)
    lists = (found for found in model.modules() if isinstance(found, nn.ModuleList) and len(found) == blocks)
    return next((found[0] for found in lists), None)


@contextmanager
def _seen(block: nn.Module | None) -> Iterator[dict[str, torch.Tensor]]:
    """Within this context, the input and the output of a block are kept."""
    seen: dict[str, torch.Tensor] = {}

    def keep(_module: nn.Module, inputs: tuple[Any, ...], output: Any) -> None:
        found = output[0] if isinstance(output, tuple) else output
        if inputs and isinstance(inputs[0], torch.Tensor) and isinstance(found, torch.Tensor):
            seen.update(input=inputs[0].detach(), output=found.detach())

    hook = None if block is None else block.register_forward_hook(keep)
    try:
        yield seen
    finally:
        if hook is not None:
            hook.remove()


def _numbered(reported: list[NDArray[np.floating]], first: dict[str, torch.Tensor]) -> tuple[NDArray[np.floating], ...]:
    """(positions, dim) of each layer, with what the first block reads as layer 0.

    Mamba and RWKV report their states from the first block's output on, and the last block's before and after the norm.
    """
    if first and np.array_equal(first["output"][0].cpu().numpy(), reported[0]):
        return (first["input"][0].cpu().numpy(), *reported[:-2], reported[-1])
    return tuple(reported)


def _places(
    words: Sequence[str], offsets: Sequence[tuple[int, int]], special: Sequence[int]
) -> tuple[tuple[int, ...], ...]:
    """The positions that share a character with each word; one of whitespace alone is the next word's."""
    spans, start = [], 0
    for word in words:
        spans.append((start, start + len(word)))
        start += len(word) + 1
    places: list[list[int]] = [[] for _ in words]
    for position, (begin, end) in enumerate(offsets):
        if special[position]:
            continue
        touched = [number for number, (first, last) in enumerate(spans) if first < end and begin < last]
        if not touched:
            touched = [number for number, (first, _) in enumerate(spans) if first >= begin][:1]
        for number in touched:
            places[number].append(position)
    return tuple(map(tuple, places))
