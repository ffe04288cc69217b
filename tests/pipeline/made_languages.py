"""Languages made for tests: one text in several vocabularies and word orders, and states whose spaces are known."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from treeprobe.parsing import Sentence, Treebank
from treeprobe.parsing.treebanks import Split
from treeprobe.pipeline.languages.spaces import Languages
from treeprobe.pipeline.options import Options
from treeprobe.pipeline.subjects.languages import join_treebanks
from treeprobe.pipeline.subjects.subject import Subject
from treeprobe.probes.states import ArrayStates

Vectors = Callable[[str, Sentence, np.random.Generator], NDArray[np.float64]]
LONGEST = 10


def translated(bank: Treebank, words: Mapping[str, str], *, name: str) -> Treebank:
    """The same trees with other words."""
    return Treebank([replace(one, words=tuple(words[word] for word in one.words)) for one in bank], name=name)


def mirrored(bank: Treebank, *, name: str) -> Treebank:
    """The same trees read from right to left: another word order."""
    return Treebank([mirrored_sentence(sentence) for sentence in bank], name=name)


def mirrored_sentence(one: Sentence) -> Sentence:
    heads = tuple(-1 if head < 0 else len(one) - 1 - head for head in reversed(one.heads))
    return replace(
        one,
        words=one.words[::-1],
        heads=heads,
        relations=one.relations[::-1],
        upos=one.upos[::-1],
        xpos=one.xpos[::-1],
    )


def tree_vectors(heads: Sequence[int], *, size: int = LONGEST) -> NDArray[np.float64]:
    """The oracle: one dimension an edge, 1 where it is on the path from the root, (words, size)."""
    found = np.zeros((len(heads), size))
    for word in range(len(heads)):
        above = word
        while heads[above] >= 0:
            found[word, above] = 1.0
            above = heads[above]
    return found


def planted(banks: Mapping[Split, Sequence[Treebank]], vectors: Vectors, *, rank: int) -> Languages:
    """Languages whose states at layer 0 are given by a function of language and sentence."""
    generator = np.random.default_rng(0)
    joined = {split: join_treebanks(parts) for split, parts in banks.items()}
    states: dict[Any, Any] = {
        split: ArrayStates(
            [vectors(name, sentence, generator) for name in bank.languages for sentence in bank.part(name)]
        )
        for split, bank in joined.items()
    }
    dim = states["train"].dim
    encoder: Any = SimpleNamespace(name="planted", dim=dim, layers=range(1), device="cpu")
    subject = Subject(encoder, "planted", "made", joined)  # type: ignore[arg-type]
    return Languages(subject, states, Options(ranks=(rank,), seeds=(0,), punctuation="none"), "planted")
