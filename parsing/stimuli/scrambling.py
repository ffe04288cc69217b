"""Sentences in scrambled order, each word with its place in the tree."""

from dataclasses import replace
from random import Random
from typing import Any

import numpy as np
from numpy.typing import NDArray

from treeprobe.parsing.treebanks.treebank import Sentence

_DRAWS = 20


def scramble(sentence: Sentence, *, fixed: NDArray[np.bool_] | None = None, seed: int = 0) -> Sentence:
    """The words of a sentence in another order, with the tree moved along: who hangs from whom stays.

    The same sentence and seed give the same order. Spaces stay where they are; multiword tokens are given up.

    Args:
        sentence: The sentence.
        fixed: Words that keep their places, such as punctuation, (words,); none by default.
        seed: Seed of the order.

    Returns:
        The scrambled sentence; the sentence itself where no other order of its words reads otherwise.
    """
    places = [place for place in range(len(sentence)) if fixed is None or not fixed[place]]
    generator = Random(f"{seed}|{' '.join(sentence.words)}")
    for _ in range(_DRAWS):
        # order[i]: which word of the sentence stands at place i.
        order = list(range(len(sentence)))
        for place, word in zip(places, generator.sample(places, len(places))):
            order[place] = word
        if [sentence.words[word] for word in order] != list(sentence.words):
            return reordered(sentence, order)
    return sentence


def reordered(sentence: Sentence, order: list[int]) -> Sentence:
    """The sentence with word `order[i]` at place i, its tree moved along."""
    place_of = {word: place for place, word in enumerate(order)}
    columns: dict[str, Any] = {
        name: tuple(getattr(sentence, name)[word] for word in order)
        for name in ("words", "relations", "upos", "xpos", "lemmas", "features", "misc")
    }
    heads = tuple(place_of.get(sentence.heads[word], -1) for word in order)
    return replace(sentence, heads=heads, multiword=(), **columns)
