"""Sentences as wholes: where in a model's input the vector of a sentence is, pooled subwords or a special token."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np

from treeprobe.errors import TreeprobeError
from treeprobe.extraction.alignment import Aligner, Alignment, SpecialTokens
from treeprobe.extraction.encoder import Encoder
from treeprobe.extraction.prefixes import ignores_what_follows
from treeprobe.extraction.reading import Unit

_TOKENS: Mapping[Unit, tuple[str, ...]] = {"cls": ("cls_token_id",), "sep": ("sep_token_id", "eos_token_id")}
"""What tokenizers call them; T5 has an end of sequence and no separator."""


class SpecialTokenError(TreeprobeError, ValueError):
    """A special token that a tokenizer does not put around a sentence."""


class SpecialPlace(NamedTuple):
    """Where a special token stands: before the subwords, -1 just before the first, or behind them, 0 just behind."""

    place: int
    trailing: bool


def special_place(encoder: Encoder, token: Unit, specials: SpecialTokens) -> SpecialPlace:
    """Where the tokenizer puts a special token: [CLS] of BERT stands first, <cls> of XLNet last.

    Raises:
        SpecialTokenError: it puts none there, as GPT-2, or only before the sentence while the model reads from left to
            right, so that its state would be the same for every sentence.
    """
    numbers: list[Any] = [getattr(encoder.tokenizer, name, None) for name in _TOKENS[token]]
    for number in numbers:
        if number is not None and number in specials.trailing:
            return SpecialPlace(specials.trailing.index(number), trailing=True)
        if number is not None and number in specials.leading and not ignores_what_follows(encoder):
            return SpecialPlace(specials.leading.index(number) - len(specials.leading), trailing=False)
    found = encoder.tokenizer.convert_ids_to_tokens([*specials.leading, *specials.trailing])
    before = any(number in specials.leading for number in numbers)
    reason = (
        f"puts {token} before a sentence that {encoder.name} reads from left to right"
        if before
        else (f"puts no {token} token around a sentence")
    )
    raise SpecialTokenError(
        f"the tokenizer of {encoder.name} {reason}; found {' '.join(map(str, found)) or 'no special token'}; expected "
        "unit sentence, with pooling mean or last"
    )


def sentence_units(encoder: Encoder) -> list[Unit]:
    """The special tokens that the tokenizer puts around a sentence."""
    specials = Aligner(encoder.tokenizer).specials
    units: list[Unit] = []
    for token in _TOKENS:
        try:
            special_place(encoder, token, specials)
        except SpecialTokenError:
            continue
        units.append(token)
    return units


def subwords_as_words(alignment: Alignment) -> Alignment:
    """The same subwords, each of them a word of its own."""
    numbers = np.arange(len(alignment.ids))
    unknown = np.zeros(0, np.int64)
    return replace(
        alignment, word_bounds=alignment.subword_bounds, link_words=numbers, link_subwords=numbers, unknown=unknown
    )


def sentences_as_words(alignment: Alignment) -> Alignment:
    """The same subwords, all of a sentence linked to the one word that it has."""
    counts = np.diff(alignment.subword_bounds)
    return replace(
        alignment,
        word_bounds=np.arange(len(counts) + 1),
        link_words=np.repeat(np.arange(len(counts)), counts),
        link_subwords=np.arange(len(alignment.ids)),
        unknown=np.zeros(0, np.int64),
    )
