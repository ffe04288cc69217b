"""Words read from the part of their sentence that ends with them, so that no vector knows what follows.

The prefix that ends with word i of a text, both numbered through the text, is prefix i: a text has as many as words.
"""

from dataclasses import replace

import numpy as np
import torch

from treeprobe.extraction.alignment import Alignment
from treeprobe.extraction.encoder import Encoder
from treeprobe.extraction.text import Text


def prefixes_of(text: Text) -> Text:
    """Every prefix of every sentence as a sentence of its own, in the order of the words that they end with."""
    words, spaces = [], []
    for number in range(len(text)):
        sentence = text.words[number]
        words += [sentence[:count] for count in range(1, len(sentence) + 1)]
        if text.space_after is not None:
            spaces += [text.space_after[number][:count] for count in range(1, len(sentence) + 1)]
    return Text(words, None if text.space_after is None else spaces)


def last_words(prefixes: Alignment) -> Alignment:
    """The same subwords, of which only those of each prefix's last word are linked, as the one word that it has."""
    last = prefixes.word_bounds[1:] - 1
    # Prefix by word, -1 for words that are not the last.
    numbers = np.full(prefixes.words, -1, np.int64)
    numbers[last] = np.arange(len(last))
    linked = numbers[prefixes.link_words]
    unknown = numbers[prefixes.unknown]
    return replace(
        prefixes,
        word_bounds=np.arange(len(last) + 1),
        link_words=linked[linked >= 0],
        link_subwords=prefixes.link_subwords[linked >= 0],
        unknown=unknown[unknown >= 0],
    )


@torch.inference_mode()
def ignores_what_follows(encoder: Encoder) -> bool:
    """Whether a model's states stay the same, bit by bit, when what follows changes: whether it is causal.

    A model for which this is wrongly denied, by rounding, is only read more slowly.
    """
    size = int(getattr(encoder.model.config, "vocab_size", 0))
    if encoder.device.type == "meta" or size < 2:
        return False
    ids = torch.arange(4)[None].repeat(2, 1) % size
    ids[1, -1] = (ids[0, -1] + 1) % size
    found = encoder.hidden_states(ids, torch.ones_like(ids))[-1][:, :-1]
    return bool(torch.equal(found[0], found[1]))
