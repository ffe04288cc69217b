"""Sentences with their gold trees, read from and written to CoNLL-U."""

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from textwrap import shorten
from typing import Generic, TypeVar, overload

import networkx as nx
import numpy as np
from numpy.typing import NDArray

from treeprobe.errors import TreeprobeError
from treeprobe.parsing.drawing import to_text, tree_svg
from treeprobe.parsing.trees.heads import check_heads, tree_depths, tree_distances, tree_edges

T = TypeVar("T")
Range = tuple[int, int, str]


class TreebankError(TreeprobeError, ValueError):
    """A treebank that cannot be read as one: the message names file, line and sentence."""


@dataclass(frozen=True, repr=False)
class Sentence:
    """One annotated sentence. Words are numbered from 0 and the root's head is -1.

    `multiword` holds the surface tokens that span several words, as (first word, last word, form).

    Raises ValueError when a column has another length than `words`, when a multiword token spans what is no stretch of
    them, or when `heads` are not a tree.
    """

    words: tuple[str, ...]
    heads: tuple[int, ...]
    relations: tuple[str, ...]
    upos: tuple[str, ...]
    xpos: tuple[str, ...]
    space_after: tuple[bool, ...]
    identifier: str = ""
    metadata: Mapping[str, str] = field(default_factory=dict)
    lemmas: tuple[str, ...] = ()
    features: tuple[str, ...] = ()
    misc: tuple[str, ...] = ()
    multiword: tuple[Range, ...] = ()

    def __post_init__(self) -> None:
        for first, last, form in self.multiword:
            if not 0 <= first <= last < len(self.words):
                raise ValueError(
                    f"multiword token {first + 1}-{last + 1} ({form!r}) is no stretch of words 1 to {len(self.words)}"
                )
        for name in ("lemmas", "features", "misc"):
            if not getattr(self, name):
                object.__setattr__(self, name, ("_",) * len(self.words))
        for name in ("heads", "relations", "upos", "xpos", "space_after", "lemmas", "features", "misc"):
            column = getattr(self, name)
            if len(column) != len(self.words):
                raise ValueError(f"{name} has {len(column)} entries for {len(self.words)} words")
        check_heads(self.heads)

    def __len__(self) -> int:
        """The number of words."""
        return len(self.words)

    def __repr__(self) -> str:
        return f"Sentence({self.identifier!r}: {shorten(self.text, 60, placeholder=' …')!r}, {len(self)} words)"

    def __str__(self) -> str:
        return self.text

    @property
    def text(self) -> str:
        """The sentence as it was written: multiword tokens by their surface form, spaces where they were."""
        pieces: list[str] = []
        spans = {first: (last, form) for first, last, form in self.multiword}
        position = 0
        while position < len(self.words):
            last, form = spans.get(position, (position, self.words[position]))
            pieces.append(form + (" " if self.space_after[last] else ""))
            position = last + 1
        return "".join(pieces).strip()

    @cached_property
    def distances(self) -> NDArray[np.int64]:
        """Tree distance of every two words: edges on the path between them, (words, words)."""
        return tree_distances(self.heads)

    @cached_property
    def depths(self) -> NDArray[np.int64]:
        """Edges between each word and the root, (words,)."""
        return tree_depths(self.heads)

    @cached_property
    def edges(self) -> NDArray[np.int64]:
        """The undirected edges of the gold tree, each with its smaller end first, (words - 1, 2)."""
        return tree_edges(self.heads)

    @property
    def graph(self) -> nx.DiGraph:
        """The gold tree as a networkx graph: edges from head to dependent, nodes with their words and tags."""
        graph = nx.DiGraph(text=self.text, identifier=self.identifier)
        for index, word in enumerate(self.words):
            graph.add_node(index, word=word, upos=self.upos[index], xpos=self.xpos[index])
        for dependent, head in enumerate(self.heads):
            if head >= 0:
                graph.add_edge(head, dependent, relation=self.relations[dependent])
        return graph

    def to_text(self) -> str:
        """The tree as plain text for terminals, a word a line."""
        return to_text(self.words, self.heads, self.relations)

    def _repr_svg_(self) -> str:
        """The tree as arcs over the words, for notebooks."""
        plain = all(relation in ("dep", "root", "punct") for relation in self.relations)
        return tree_svg(self.words, self.heads, None if plain else self.relations)

    def _repr_html_(self) -> str:
        """The same in a frame that scrolls sideways, so that long sentences keep their size."""
        return f'<div style="overflow-x:auto">{self._repr_svg_()}</div>'


class PerSentence(Sequence[T], Generic[T]):
    """A value of each sentence, computed when it is asked for, so that a treebank's matrices never pile up."""

    def __init__(self, sentences: Sequence[Sentence], compute: Callable[[Sentence], T]) -> None:
        self._sentences = sentences
        self._compute = compute

    def __len__(self) -> int:
        """The number of sentences."""
        return len(self._sentences)

    @overload
    def __getitem__(self, index: int) -> T: ...
    @overload
    def __getitem__(self, index: slice) -> "PerSentence[T]": ...
    def __getitem__(self, index: int | slice) -> "T | PerSentence[T]":
        """The value of a sentence, computed now; of a slice, a column of it."""
        if isinstance(index, slice):
            return PerSentence(self._sentences[index], self._compute)
        return self._compute(self._sentences[index])


class Treebank(Sequence[Sentence]):
    """Sentences in order, with their columns as sequences: `bank.words`, `bank.distances`, `bank.depths`."""

    def __init__(self, sentences: Sequence[Sentence], *, name: str = "", path: Path | None = None) -> None:
        self._sentences = tuple(sentences)
        self.name = name
        self.path = path

    def __len__(self) -> int:
        """The number of sentences."""
        return len(self._sentences)

    @overload
    def __getitem__(self, index: int) -> Sentence: ...
    @overload
    def __getitem__(self, index: slice) -> "Treebank": ...
    def __getitem__(self, index: int | slice) -> "Sentence | Treebank":
        """A sentence; of a slice, a treebank of the same name."""
        if isinstance(index, slice):
            return Treebank(self._sentences[index], name=self.name, path=self.path)
        return self._sentences[index]

    def __iter__(self) -> Iterator[Sentence]:
        """The sentences in order."""
        return iter(self._sentences)

    def __repr__(self) -> str:
        words = sum(map(len, self._sentences))
        return f"Treebank({self.name!r}: {len(self):,} sentences, {words:,} words)"

    @property
    def words(self) -> list[tuple[str, ...]]:
        """The words of each sentence."""
        return [sentence.words for sentence in self._sentences]

    @property
    def distances(self) -> PerSentence[NDArray[np.int64]]:
        """The gold distances of each sentence, (words, words), computed when asked for."""
        return PerSentence(self._sentences, lambda sentence: tree_distances(sentence.heads))

    @property
    def depths(self) -> PerSentence[NDArray[np.int64]]:
        """The gold depths of each sentence, (words,), computed when asked for."""
        return PerSentence(self._sentences, lambda sentence: tree_depths(sentence.heads))

    @property
    def digest(self) -> str:
        """SHA-256 of the words, heads and relations: two treebanks with the same digest give the same scores."""
        digest = hashlib.sha256()
        for sentence in self._sentences:
            digest.update(repr((sentence.words, sentence.heads, sentence.relations)).encode())
        return digest.hexdigest()
