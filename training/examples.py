"""Text as examples: single sentences or pairs, in batches of about one length, with the subwords to predict chosen."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import Tensor
from transformers import DataCollatorForLanguageModeling, PreTrainedTokenizerFast

from treeprobe.training.options import PretrainingOptions
from treeprobe.training.text import Documents

_POOLED_BATCHES = 16


@dataclass(frozen=True)
class SentencePair:
    """Two sentences; `random` when the second does not follow the first in the text."""

    first: str
    second: str
    random: bool


def draw_pairs(documents: Documents, generator: np.random.Generator) -> list[SentencePair]:
    """Pair every sentence that another follows with that one or, half of the time, with one of another document.

    The examples of next-sentence prediction (Devlin et al. 2019, section 3.1, task 2). In a single document, the random
    sentence is any but the next.
    """
    places = [(number, line) for number, document in enumerate(documents) for line in range(len(document) - 1)]
    return [_draw_pair(documents, number, line, generator) for number, line in places]


def training_batches(
    tokenizer: PreTrainedTokenizerFast, documents: Documents, options: PretrainingOptions
) -> Iterator[dict[str, Tensor]]:
    """Yield batches without end, in a new random order every epoch; pairs and masks are drawn anew each time."""
    generator = np.random.default_rng(options.seed)
    collate = masking_collator(tokenizer, options)
    lines = [line for document in documents for line in document]
    while True:
        pairs = draw_pairs(documents, generator) if options.next_sentence else None
        characters = [len(line) for line in lines] if pairs is None else [len(x.first + x.second) for x in pairs]
        for chosen in length_batches(np.array(characters), options.batch_size, generator):
            examples = (
                encode_lines(tokenizer, [lines[i] for i in chosen])
                if pairs is None
                else encode_pairs(tokenizer, [pairs[i] for i in chosen])
            )
            yield dict(collate(examples))


def held_out_batches(
    tokenizer: PreTrainedTokenizerFast, documents: Documents, options: PretrainingOptions
) -> list[dict[str, Tensor]]:
    """All examples of held-out text once, the same at every call: with one draw of pairs and masks.

    Masks are those of Devlin et al. (2019), whatever the model is trained with, so that the losses of models trained
    with other splits are losses on the same task.
    """
    options = replace(options, mask_share=0.15, mask_replace_prob=0.8, random_replace_prob=0.1)
    if options.next_sentence:
        examples = encode_pairs(tokenizer, draw_pairs(documents, np.random.default_rng(options.seed)))
    else:
        examples = encode_lines(tokenizer, [line for document in documents for line in document])
    examples.sort(key=lambda example: len(example["input_ids"]))
    collate, size = masking_collator(tokenizer, options), options.batch_size
    return [dict(collate(examples[first : first + size])) for first in range(0, len(examples), size)]


def length_batches(
    lengths: NDArray[np.int64], size: int, generator: np.random.Generator
) -> Iterator[NDArray[np.int64]]:
    """Yield every example once, in batches of about one length, so that little of a batch is padding.

    Lengths are sorted only within random pools of 16 batches, and the batches of a pool come in random order, so that
    which examples share a batch remains random. Examples that do not fill a last batch are left out.

    Args:
        lengths: (examples,), in any unit.
        size: examples a batch; all of them, where there are fewer.
        generator: draws pools and order.

    Yields:
        (size,): the indices of a batch's examples.
    """
    order, size = generator.permutation(len(lengths)), min(size, len(lengths))
    ends = range(size * _POOLED_BATCHES, len(order), size * _POOLED_BATCHES)
    for pool in np.split(order[: len(order) // size * size], ends):
        batches = pool[np.argsort(lengths[pool], kind="stable")].reshape(-1, size)
        yield from generator.permutation(batches)


def encode_lines(tokenizer: PreTrainedTokenizerFast, lines: Sequence[str]) -> list[dict[str, Any]]:
    """Encode single sentences as examples."""
    encoded = tokenizer(list(lines), truncation=True)
    return [{"input_ids": ids} for ids in encoded["input_ids"]]


def encode_pairs(tokenizer: PreTrainedTokenizerFast, pairs: Sequence[SentencePair]) -> list[dict[str, Any]]:
    """Encode pairs as examples; label 1 marks a random second sentence, as in transformers."""
    encoded = tokenizer([pair.first for pair in pairs], [pair.second for pair in pairs], truncation="longest_first")
    return [
        {"input_ids": ids, "token_type_ids": segments, "next_sentence_label": int(pair.random)}
        for ids, segments, pair in zip(encoded["input_ids"], encoded["token_type_ids"], pairs)
    ]


def _draw_pair(documents: Documents, number: int, line: int, generator: np.random.Generator) -> SentencePair:
    """The pair whose first sentence is that line of that document."""
    first, following = documents[number][line], documents[number][line + 1]
    if generator.random() < 0.5:
        return SentencePair(first, following, random=False)
    while True:
        other = int(generator.integers(len(documents)))
        place = int(generator.integers(len(documents[other])))
        if other != number or (len(documents) == 1 and place != line + 1):
            return SentencePair(first, documents[other][place], random=True)


def masking_collator(
    tokenizer: PreTrainedTokenizerFast, options: PretrainingOptions
) -> DataCollatorForLanguageModeling:
    """What pads examples to a batch and chooses the subwords to predict."""
    collator = DataCollatorForLanguageModeling(
        tokenizer,
        mlm=not options.left_to_right,
        mlm_probability=None if options.left_to_right else options.mask_share,
        mask_replace_prob=options.mask_replace_prob,
        random_replace_prob=options.random_replace_prob,
        seed=options.seed,
    )
    # The collator itself would make it at its first call, and refuses to in a worker process without a DataLoader.
    collator.generator = collator.get_generator(options.seed)
    return collator
