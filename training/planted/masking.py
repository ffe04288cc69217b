"""Agreement sentences as masked training examples, as they are or scrambled."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from transformers import PreTrainedTokenizerFast

from treeprobe.parsing.stimuli import AgreementPair, other_number
from treeprobe.training.examples import length_batches
from treeprobe.training.planted.options import PlantedOptions

_NOT_PREDICTED = -100
_SHOWN_AS_MASK, _SHOWN_AS_RANDOM = 0.8, 0.1


@dataclass(frozen=True)
class Example:
    """A sentence in the tokenizer's numbers, one a word.

    Attributes:
        ids: (words,) without special tokens.
        others: (words,) the same with every finite verb in its other number.
        verb: the word that is predicted more often.
    """

    ids: NDArray[np.int64]
    others: NDArray[np.int64]
    verb: int


def encode_pairs(tokenizer: PreTrainedTokenizerFast, pairs: Sequence[AgreementPair]) -> list[Example]:
    """The sentences of the pairs; every word form is one token."""
    examples = []
    for pair in pairs:
        sentence = pair.sentence
        others = [
            other_number(word, lemma) if "Number" in features and "VerbForm=Fin" in features else word
            for word, lemma, features in zip(sentence.words, sentence.lemmas, sentence.features)
        ]
        examples.append(Example(word_ids(tokenizer, sentence.words), word_ids(tokenizer, others), pair.place))
    return examples


def word_ids(tokenizer: PreTrainedTokenizerFast, words: Sequence[str]) -> NDArray[np.int64]:
    """The token of each word, (words,)."""
    return np.array(tokenizer.convert_tokens_to_ids([word.lower() for word in words]))


def masked_batches(
    tokenizer: PreTrainedTokenizerFast, examples: Sequence[Example], options: PlantedOptions, *, scrambled: bool = False
) -> Iterator[dict[str, Tensor]]:
    """Yield batches without end, in a new random order every epoch, masks drawn anew each time.

    Predicted words are shown as the mask, as a random word or as they are (Devlin et al. 2019, section 3.1).

    Args:
        scrambled: put the words of each sentence in random order, and each finite verb in a random number, anew each
            time: what is left to learn is which words there are.
    """
    generator = np.random.default_rng(options.seed)
    lengths = np.array([len(example.ids) for example in examples])
    while True:
        for chosen in length_batches(lengths, options.batch_size, generator):
            batch = [examples[i] for i in chosen]
            if scrambled:
                batch = [_scramble(example, generator) for example in batch]
            yield _masked(tokenizer, batch, options, generator)


def _scramble(example: Example, generator: np.random.Generator) -> Example:
    """The words in random order, each finite verb in a random number."""
    order = generator.permutation(len(example.ids))
    ids = np.where(generator.random(len(order)) < 0.5, example.ids, example.others)[order]
    return Example(ids, ids, int(np.flatnonzero(order == example.verb)[0]))


def _masked(
    tokenizer: PreTrainedTokenizerFast,
    batch: Sequence[Example],
    options: PlantedOptions,
    generator: np.random.Generator,
) -> dict[str, Tensor]:
    """A batch with its labels."""
    ids = padded(tokenizer, [example.ids for example in batch])
    is_word = ~np.isin(ids, tokenizer.all_special_ids)
    predicted = (generator.random(ids.shape) < options.masked_share) & is_word
    verbs = generator.random(len(batch)) < options.masked_verbs
    predicted[np.flatnonzero(verbs), [example.verb + 1 for example, chosen in zip(batch, verbs) if chosen]] = True
    fate = generator.random(ids.shape)
    shown = np.where(predicted & (fate < _SHOWN_AS_MASK), tokenizer.mask_token_id, ids)
    random = predicted & (fate >= _SHOWN_AS_MASK) & (fate < _SHOWN_AS_MASK + _SHOWN_AS_RANDOM)
    shown[random] = generator.integers(len(tokenizer.all_special_ids), len(tokenizer), int(random.sum()))
    return {
        "input_ids": torch.from_numpy(shown),
        "attention_mask": torch.from_numpy((ids != tokenizer.pad_token_id).astype(np.int64)),
        "labels": torch.from_numpy(np.where(predicted, ids, _NOT_PREDICTED)),
    }


def padded(tokenizer: PreTrainedTokenizerFast, sentences: Sequence[NDArray[np.int64]]) -> NDArray[np.int64]:
    """Sentences between [CLS] and [SEP], padded to the longest: (sentences, positions)."""
    width = max(map(len, sentences)) + 2
    ids = np.full((len(sentences), width), tokenizer.pad_token_id, np.int64)
    ids[:, 0] = tokenizer.cls_token_id
    for row, words in enumerate(sentences):
        ids[row, 1 : len(words) + 1] = words
        ids[row, len(words) + 1] = tokenizer.sep_token_id
    return ids
