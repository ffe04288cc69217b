"""Which tokens begin a word, by the marks of the tokenizer."""

import json

import numpy as np
from numpy.typing import NDArray

from treeprobe.extraction import CheckpointError, Encoder

_SPACES = ("Ġ", "Ċ", "č", "ĉ")
"""Space, line feed, carriage return and tab, as byte-level tokenizers write them."""


def word_starts(encoder: Encoder) -> NDArray[np.bool_]:
    """Which entries of the vocabulary can only stand where a word begins, or the text ends: (vocabulary,).

    Read from the tokenizer: "▁" or "Ġ" at the beginning of a token, or no "##" there. A tokenizer that marks the ends
    of words ("</w>") has a word's end in the word's own last subword, so every entry may begin a word after it.

    Raises:
        CheckpointError: it marks neither.
    """
    tokenizer = encoder.tokenizer
    model = json.loads(tokenizer.backend_tokenizer.to_str())["model"]
    tokens = [token or "" for token in tokenizer.convert_ids_to_tokens(range(len(tokenizer)))]
    continues = model.get("continuing_subword_prefix")
    if model["type"] == "WordLevel" or model.get("end_of_word_suffix"):
        starts = np.ones(len(tokens), bool)
    elif continues:
        starts = np.array([not token.startswith(continues) for token in tokens])
    else:
        # A byte-level vocabulary writes "▁" itself as three bytes.
        marks = ("▁",) if any(token.startswith("▁") for token in tokens) else _SPACES
        starts = np.array([token.startswith(marks) for token in tokens])
    if not starts.any():
        raise CheckpointError(
            f"checkpoint {encoder.name}: its tokenizer does not mark where words begin or end; expected ▁ or Ġ at the "
            "beginning of words, ## within them, or </w> at their end"
        )
    starts[[number for number in tokenizer.all_special_ids if number < len(starts)]] = True
    return starts


def first_token(encoder: Encoder) -> int:
    """The token that a text begins with, where the tokenizer puts none there: its own, or its model's.

    GPT-2 was trained on texts between tokens of one kind, <|endoftext|>, which ends the text before and begins the
    next.

    Raises:
        CheckpointError: there is none.
    """
    size, config = int(encoder.model.config.vocab_size), encoder.model.config
    named = (encoder.tokenizer.bos_token_id, config.bos_token_id, encoder.tokenizer.eos_token_id, config.eos_token_id)
    for token in named:
        if isinstance(token, int) and 0 <= token < size:
            return token
    raise CheckpointError(
        f"checkpoint {encoder.name}: neither its tokenizer nor its configuration names a token that a text begins "
        "with (bos_token), so that its first word cannot be predicted"
    )
