"""Slow and obvious: one sentence, one pair of words and one forward pass at a time."""

from collections.abc import Sequence

import numpy as np
import torch

from tests.extraction.oracles import subwords_of
from treeprobe.extraction import Encoder


@torch.inference_mode()
def read(encoder: Encoder, ids: Sequence[int], types: Sequence[int], mask: Sequence[int] | None = None):
    """The model's output for one input, all states with it."""
    inputs = {"input_ids": torch.tensor([list(ids)])}
    if any(types):
        inputs["token_type_ids"] = torch.tensor([list(types)])
    if mask is not None:
        inputs["attention_mask"] = torch.tensor([list(mask)])
    return encoder.model(**inputs, output_hidden_states=True)


def owned_places(encoder: Encoder, words: Sequence[str]):
    """The input of a sentence, and the positions of each word, a shared one being the first word's."""
    encoded, places = subwords_of(encoder, words)
    seen: set[int] = set()
    owned = []
    for word in places:
        owned.append([place for place in word if place not in seen])
        seen |= set(word)
    return encoded["input_ids"], encoded.encodings[0].type_ids, owned


def impacts(encoder: Encoder, words: Sequence[str], head: Encoder | None = None):
    """`Dist`, (layers, words, words), and `Prob`, (words, words): Wu et al. (2020), equation 1, two passes a pair."""
    ids, types, places = owned_places(encoder, words)
    count = len(words)
    distances = np.zeros((len(encoder.layers), count, count))
    falls = np.zeros((count, count))

    def masked(hidden: set[int]):
        inputs = [encoder.tokenizer.mask_token_id if place in hidden else token for place, token in enumerate(ids)]
        return read(head or encoder, inputs, types)

    for i in range(count):
        for j in range(count):
            if i == j or not places[i] or not places[j]:
                continue
            alone, both = masked(set(places[i])), masked(set(places[i]) | set(places[j]))
            for place in places[i]:
                for layer, (a, b) in enumerate(zip(alone.hidden_states, both.hidden_states)):
                    distances[layer, i, j] += float((a[0, place] - b[0, place]).norm()) / len(places[i])
                if head is not None:
                    a, b = (float(one.logits[0, place].softmax(-1)[ids[place]]) for one in (alone, both))
                    falls[i, j] += (a - b) / len(places[i])
    return distances, falls


def invariance(encoder: Encoder, words: Sequence[str]):
    """SCI, (layers, words, words), one span at a time."""
    ids, types, places = owned_places(encoder, words)
    content = {place for word in places for place in word}
    whole = read(encoder, ids, types).hidden_states
    chart = np.zeros((len(whole), len(words), len(words)))
    for first in range(len(words)):
        for last in range(first + 1, len(words)):
            inside = [place for word in places[first : last + 1] for place in word]
            if (first, last) == (0, len(words) - 1) or not inside:
                continue
            mask = [int(place in inside or place not in content) for place in range(len(ids))]
            free = read(encoder, ids, types, mask).hidden_states
            for layer, (a, b) in enumerate(zip(whole, free)):
                a, b = a[0, inside].mean(0).double(), b[0, inside].mean(0).double()
                chart[layer, first, last] = 1 - float(a @ b / a.norm() / b.norm())
    return chart
