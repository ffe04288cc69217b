"""Attention whose makers are known: kernels that are planted, and heads that look at content alone."""

from collections.abc import Iterator, Sequence

import numpy as np
import torch

from treeprobe.extraction import AttentionBatch
from treeprobe.parsing import Sentence

VOCABULARY = [f"w{number}" for number in range(20)]


def random_words(sentences: int, *, longest: int = 12, seed: int = 0) -> list[list[str]]:
    """Sentences of 1 to `longest` words of the vocabulary."""
    generator = np.random.default_rng(seed)
    lengths = generator.integers(1, longest + 1, sentences)
    return [generator.choice(VOCABULARY, length).tolist() for length in lengths]


def batches(
    attentions: Sequence[np.ndarray], *, leading: int = 1, trailing: int = 1, size: int = 7
) -> Iterator[AttentionBatch]:
    """Pad (layers, heads, positions, positions) attentions, specials included, into batches."""
    for first in range(0, len(attentions), size):
        part = attentions[first : first + size]
        widest = max(a.shape[-1] for a in part)
        layers, heads = part[0].shape[:2]
        padded = np.zeros((layers, len(part), heads, widest, widest), np.float32)
        for row, attention in enumerate(part):
            positions = attention.shape[-1]
            padded[:, row, :, :positions, :positions] = attention
        yield AttentionBatch(
            indices=np.arange(first, first + len(part)),
            lengths=np.array([a.shape[-1] - leading - trailing for a in part]),
            leading=leading,
            trailing=trailing,
            attention=torch.from_numpy(padded),
        )


def planted(kernel: np.ndarray, specials: Sequence[float], words: int) -> np.ndarray:
    """(1, 1, words + 2, words + 2): the slow, obvious way to attend by a kernel (offsets −span to span)."""
    span = (len(kernel) - 1) // 2
    attention = np.zeros((words + 2, words + 2))
    attention[0] = attention[-1] = 1 / (words + 2)
    for query in range(words):
        for key in range(words):
            attention[query + 1, key + 1] = kernel[key - query + span]
        attention[query + 1, 0], attention[query + 1, -1] = specials
        attention[query + 1] /= attention[query + 1].sum()
    return attention[None, None]


def content_only(words: int, generator: np.random.Generator, *, sharpness: float = 3.0) -> np.ndarray:
    """(1, 1, words + 2, words + 2): every query looks at the same keys, which stand anywhere."""
    weights = np.exp(sharpness * generator.standard_normal(words + 2))
    weights[[0, -1]] = 1.0
    return np.tile(weights / weights.sum(), (words + 2, 1))[None, None]


def toy_sentence(heads: Sequence[int], relations: Sequence[str]) -> Sentence:
    """A sentence of which the tree alone matters."""
    tags = ("NN",) * len(heads)
    return Sentence(("w0",) * len(heads), tuple(heads), tuple(relations), tags, tags, (True,) * len(heads))


def random_sentence(words: Sequence[str], generator: np.random.Generator) -> Sentence:
    """A random tree over the words, its relations told by the direction of the arc."""
    count = len(words)
    order = generator.permutation(count)
    heads = np.full(count, -1)
    for place in range(1, count):
        heads[order[place]] = order[generator.integers(place)]
    relations = tuple("root" if h < 0 else "left" if h > i else "right" for i, h in enumerate(heads.tolist()))
    tags = ("NN",) * count
    return Sentence(tuple(words), tuple(heads.tolist()), relations, tags, tags, (True,) * count)
