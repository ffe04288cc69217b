"""Random trees and planted attention over them."""

from collections.abc import Callable, Sequence

import numpy as np
import torch

from treeprobe.extraction import AttentionBatch
from treeprobe.parsing import Sentence

Weights = Callable[[Sentence], np.ndarray]


def random_sentence(words: int, generator: np.random.Generator, relations: Sequence[str]) -> Sentence:
    """A random tree: every word but the first, in random order, hangs from an earlier one of that order."""
    order = generator.permutation(words)
    heads = np.full(words, -1)
    for place in range(1, words):
        heads[order[place]] = order[generator.integers(place)]
    names = tuple("root" if head < 0 else relations[generator.integers(len(relations))] for head in heads)
    forms = tuple("abcdefgh"[generator.integers(8)] for _ in range(words))
    tags = tuple("." if form == "h" else "NN" for form in forms)
    upos = tuple("PUNCT" if tag == "." else "NOUN" for tag in tags)
    return Sentence(forms, tuple(heads.tolist()), names, upos, tags, (True,) * words)


def batches_of(
    sentences: Sequence[Sentence], planted: Sequence[Sequence[Weights]], *, size: int = 5
) -> list[AttentionBatch]:
    """Attention of planted heads, planted[layer][head] giving (words, words), one special token before and after."""
    batches = []
    for start in range(0, len(sentences), size):
        group = sentences[start : start + size]
        longest = max(map(len, group))
        attention = torch.zeros(len(planted), len(group), len(planted[0]), longest + 2, longest + 2)
        for layer, row_of_heads in enumerate(planted):
            for head, weights in enumerate(row_of_heads):
                for row, sentence in enumerate(group):
                    n = len(sentence)
                    full = np.full((n + 2, n + 2), 0.1)
                    full[1:-1, 1:-1] += weights(sentence)
                    full /= full.sum(1, keepdims=True)
                    attention[layer, row, head, : n + 2, : n + 2] = torch.from_numpy(full)
        lengths = np.array([len(sentence) for sentence in group])
        batches.append(AttentionBatch(np.arange(start, start + len(group)), lengths, 1, 1, attention))
    return batches


def noise(seed: int) -> Weights:
    """Random weights, the same for the same sentence."""

    def weights(sentence: Sentence) -> np.ndarray:
        key = [seed, *map(ord, "".join(sentence.words)), *(head + 1 for head in sentence.heads)]
        return np.random.default_rng(key).random((len(sentence), len(sentence)))

    return weights


def to_heads(sentence: Sentence, relation: str | None = None) -> np.ndarray:
    """Each dependent looks at its head."""
    weights = np.zeros((len(sentence), len(sentence)))
    for dependent, head in enumerate(sentence.heads):
        if head >= 0 and relation in (None, sentence.relations[dependent]):
            weights[dependent, head] = 5.0
    return weights
