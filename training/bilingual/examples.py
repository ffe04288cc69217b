"""Training examples of two languages: masked sentences of either, and masked pairs of translations."""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence
from transformers import DataCollatorForLanguageModeling, PreTrainedTokenizerFast

from treeprobe.training.examples import length_batches, masking_collator
from treeprobe.training.options import PretrainingOptions

Ids = Sequence[int]


def bilingual_batches(
    tokenizer: PreTrainedTokenizerFast,
    first: Sequence[Ids],
    second: Sequence[Ids],
    options: PretrainingOptions,
    *,
    translation: bool,
    language_embeddings: bool,
) -> Iterator[dict[str, Tensor]]:
    """Yield batches without end; order, languages and masks are drawn anew each time.

    Every batch has as many sentences of both languages, each an example; with `translation`, every other batch has
    pairs instead, half as many (Lample & Conneau 2019, section 3.3: translation LM beside masked LM).

    Args:
        first, second: sentences and their translations as ids, special tokens around each.
        translation: also train on pairs: a sentence and its translation in one example, positions beginning anew.
        language_embeddings: give the language of every position as its token type.
    """
    generator = np.random.default_rng(options.seed)
    collate = masking_collator(tokenizer, options)
    texts = (first, second)
    lengths = np.array([len(ids) for text in texts for ids in text])
    pairs = length_batches_for_ever(lengths[: len(first)] * 2, max(1, options.batch_size // 2), generator)
    singles = length_batches_for_ever(lengths, options.batch_size, generator)
    step = 0
    while True:
        if translation and step % 2:
            order = generator.integers(0, 2, size=options.batch_size)
            examples = [
                [(number, texts[number][place]) for number in ((0, 1) if turn else (1, 0))]
                for place, turn in zip(next(pairs), order)
            ]
        else:
            places = [divmod(int(place), len(first)) for place in next(singles)]
            examples = [[(number, texts[number][place])] for number, place in places]
        yield collated(examples, collate, language_embeddings=language_embeddings)
        step += 1


def length_batches_for_ever(
    lengths: np.ndarray[Any, Any], size: int, generator: np.random.Generator
) -> Iterator[np.ndarray[Any, Any]]:
    """`length_batches`, epoch after epoch."""
    while True:
        yield from length_batches(lengths, size, generator)


def collated(
    examples: Sequence[Sequence[tuple[int, Ids]]],
    collate: DataCollatorForLanguageModeling,
    *,
    language_embeddings: bool,
) -> dict[str, Tensor]:
    """A masked batch of examples, each a sentence or several, (language, ids): positions count from 0 in each."""
    batch = dict(collate([{"input_ids": [one for _, ids in example for one in ids]} for example in examples]))
    positions = [torch.cat([torch.arange(len(ids)) for _, ids in example]) for example in examples]
    batch["position_ids"] = pad_sequence(positions, batch_first=True)
    if language_embeddings:
        languages = [torch.cat([torch.full((len(ids),), number) for number, ids in example]) for example in examples]
        batch["token_type_ids"] = pad_sequence(languages, batch_first=True)
    return batch
