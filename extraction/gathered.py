"""Hidden states that something else has computed, as word-aligned states: those of hooks, nnsight, TransformerLens."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from transformers import PreTrainedTokenizerBase

from treeprobe.errors import TreeprobeError
from treeprobe.extraction.alignment import Pooling
from treeprobe.extraction.states import Layout, MemoryShard, States
from treeprobe.extraction.subword_rows import SpecialRows, SubwordRows
from treeprobe.extraction.text import Text


class GatheredError(TreeprobeError, ValueError):
    """Hidden states that are not of the given words, or not of one shape."""


def gather_states(
    sentences: Iterable[Tensor | NDArray[Any]],
    words: Sequence[Sequence[str]],
    *,
    tokenizer: PreTrainedTokenizerBase | None = None,
    pooling: Pooling = "mean",
    special_tokens: SpecialRows = True,
    layers: Sequence[int] | None = None,
    name: str = "gathered",
) -> States:
    """Align hidden states with words, sentence by sentence, and keep them in memory as float32.

    Args:
        sentences: (layers, positions, dim) of each sentence, in order, without padding (`unpadded`); an iterator may
            compute them as they are asked for.
        words: the words that were read, joined by spaces.
        tokenizer: the fast tokenizer that made the positions; None if positions are words.
        pooling: a word's vector is the mean of its subwords' vectors, or the first's, or the last's.
        special_tokens: whether positions include the tokenizer's special tokens; or how many positions stand before and
            after the subwords, such as (1, 0) for a token that TransformerLens prepends.
        layers: their numbers, from 0 where None: 0 is the output of the embeddings, i that of block i.
        name: what errors and records call the model.

    Raises:
        GatheredError: a sentence is missing, or is of another shape than its words or than others.
    """
    words = Text.checked(words).words
    rows = SubwordRows.of(words, tokenizer, pooling=pooling, special_tokens=special_tokens)
    arrays = [rows.pool(number, _checked(found, number, rows, len(words))) for number, found in enumerate(sentences)]
    if len(arrays) != len(words) or not arrays:
        raise GatheredError(f"found the states of {len(arrays)} sentences, expected {len(words) or 'one or more'}")
    for number, array in enumerate(arrays, start=1):
        if (len(array), array.shape[-1]) != (len(arrays[0]), arrays[0].shape[-1]):
            raise GatheredError(
                f"sentence {number}: found {len(array)} layers of dim {array.shape[-1]}; expected "
                f"{len(arrays[0])} of dim {arrays[0].shape[-1]}, as in those before it"
            )
    numbers = tuple(range(len(arrays[0])) if layers is None else layers)
    if len(numbers) != len(arrays[0]) or list(numbers) != sorted(set(numbers)):
        raise GatheredError(
            f"layers: found {list(numbers)}; expected {len(arrays[0])} numbers in ascending order, one for each layer"
        )
    layout = Layout(
        identity={"checkpoint": {"name": name, "digest": None}, "source": "gathered", "pooling": pooling},
        layers=numbers,
        dim=int(arrays[0].shape[-1]),
        word_bounds=rows.word_bounds,
        shard_bounds=np.arange(len(arrays) + 1),
    )
    return States([MemoryShard(numbers, array) for array in arrays], layout, rows.report)


def unpadded(layers: Sequence[Tensor], attention_mask: Tensor) -> Iterator[Tensor]:
    """The sentences of a padded batch, as `gather_states` takes them.

    Args:
        layers: the output of each layer, (sentences, positions, dim), as hooks see it.
        attention_mask: (sentences, positions), 0 where there is padding, on either side.

    Yields:
        (layers, positions, dim) of each sentence, on the device where it was computed.
    """
    for row, real in enumerate(attention_mask.bool()):
        yield torch.stack([layer[row][real.to(layer.device)] for layer in layers])


def _checked(found: Tensor | NDArray[Any], number: int, rows: SubwordRows, sentences: int) -> NDArray[np.float32]:
    """A sentence's states as float32. Raises GatheredError where they have another shape than its words ask for."""
    array = found.detach().float().cpu().numpy() if isinstance(found, Tensor) else np.asarray(found, np.float32)
    if number >= sentences:
        raise GatheredError(f"found the states of more than {sentences} sentences, expected as many as there are words")
    if array.ndim != 3 or array.shape[1] != rows.count(number):
        raise GatheredError(
            f"sentence {number + 1}: found shape {array.shape}; expected (layers, {rows.count(number)}, dim): a row "
            "for each subword and special token (special_tokens), and none for padding (unpadded)"
        )
    return array
