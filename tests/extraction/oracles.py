"""Slow and obvious: one sentence at a time, one word at a time, by characters."""

import numpy as np
import torch

from treeprobe.extraction import Encoder


def spans(words, space_after=None):
    """The text, and the first and one-past-last character of each word."""
    text, found = "", []
    for number, word in enumerate(words):
        found.append((len(text), len(text) + len(word)))
        last = not any(words[number + 1 :])
        spaced = space_after is None or space_after[number]
        text += word + (" " if word and spaced and not last else "")
    return text, found


def subwords_of(encoder: Encoder, words, space_after=None):
    """Input ids with special tokens, and for each word the positions of its subwords."""
    text, found = spans(words, space_after)
    encoded = encoder.tokenizer(text, return_offsets_mapping=True, return_special_tokens_mask=True)
    places = [[] for _ in words]
    for position, (start, end) in enumerate(encoded["offset_mapping"]):
        if encoded["special_tokens_mask"][position]:
            continue
        touched = [i for i, (s, e) in enumerate(found) if s < end and start < e]
        if not touched:  # whitespace alone: the next word's
            touched = [i for i, (s, e) in enumerate(found) if e > s and s >= start][:1]
        for i in touched:
            places[i].append(position)
    return encoded, places


def hidden_states(encoder: Encoder, words, space_after=None, pooling="mean", segment=None):
    """(layers, words, dim) of one sentence, read alone."""
    encoded, places = subwords_of(encoder, words, space_after)
    ids = torch.tensor([encoded["input_ids"]])
    types = {}
    if segment:
        types["token_type_ids"] = torch.full_like(ids, segment)
    elif any(encoded.encodings[0].type_ids):
        types["token_type_ids"] = torch.tensor([encoded.encodings[0].type_ids])
    with torch.no_grad():
        states = encoder.model(input_ids=ids, output_hidden_states=True, **types).hidden_states
    return np.stack([[pool(layer[0].numpy(), place, pooling) for place in places] for layer in states])


def pool(states, positions, pooling):
    if not positions:
        return np.zeros(states.shape[1], np.float32)
    if pooling == "mean":
        return states[positions].mean(0)
    return states[positions[0 if pooling == "first" else -1]]
