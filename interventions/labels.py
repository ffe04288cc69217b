"""Labels of words that an eraser can remove, read off annotated sentences."""

from collections.abc import Callable, Mapping, Sequence
from typing import Literal, get_args

from treeprobe.parsing import Sentence

WordLabel = Literal["upos", "relation", "depth", "head_upos", "head_offset", "word"]
"""`upos`; `relation`, the label of the edge to the head; `depth`, the number of edges to the root; `head_upos`, the tag
of the head; `head_offset`, how far to the right the head is (negative: to the left); `word`, in lower case."""

FARTHEST = 5
"""Depths and offsets beyond this count as it, so that no class is of a handful of words."""
ROOT = "root"


def word_labels(sentences: Sequence[Sentence], label: WordLabel) -> list[list[str]]:
    """One label a word, for every sentence.

    "Is i the head of j" is a label of pairs, and an eraser acts on one word at a time. It is made a label of the
    dependent in two ways: *which sort of word* its head is (`head_upos`), and *where* its head is (`head_offset`,
    by direction and distance). Once both are erased, no linear map of a word's state says where to look for its head.
    A bilinear map of two states may still find pairs that fit each other; `ProbeEraser` removes what a structural
    probe reads of pairs.

    Raises:
        ValueError: there is no such label.
    """
    if label not in get_args(WordLabel):
        raise ValueError(f"label must be one of {', '.join(get_args(WordLabel))}, found {label!r}")
    return [_LABELS[label](sentence) for sentence in sentences]


def _depths(sentence: Sentence) -> list[str]:
    return [str(min(int(depth), FARTHEST)) for depth in sentence.depths]


def _head_upos(sentence: Sentence) -> list[str]:
    return [ROOT if head < 0 else sentence.upos[head] for head in sentence.heads]


def _head_offsets(sentence: Sentence) -> list[str]:
    offsets = [max(-FARTHEST, min(FARTHEST, head - word)) for word, head in enumerate(sentence.heads)]
    return [ROOT if head < 0 else f"{offset:+d}" for head, offset in zip(sentence.heads, offsets)]


_LABELS: Mapping[WordLabel, Callable[[Sentence], list[str]]] = {
    "upos": lambda sentence: list(sentence.upos),
    "relation": lambda sentence: list(sentence.relations),
    "depth": _depths,
    "head_upos": _head_upos,
    "head_offset": _head_offsets,
    "word": lambda sentence: [word.lower() for word in sentence.words],
}
