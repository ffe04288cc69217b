"""Sentences with their gold trees, and treebanks of them."""

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from textwrap import shorten
from typing import Generic, NamedTuple, TypeVar, overload

import networkx as nx
import numpy as np
from numpy.typing import NDArray

from treeprobe.errors import TreeprobeError
from treeprobe.parsing.drawing import to_text, tree_svg
from treeprobe.parsing.trees.heads import check_heads, tree_depths, tree_distances, tree_edges

T = TypeVar("T")


class TreebankError(TreeprobeError, ValueError):
    """A treebank that cannot be read; the message names the file, the line and the sentence."""


class MultiwordToken(NamedTuple):
    """A surface token that spans several words, such as "don't": the first and the last of them, counted from 0."""

    first: int
    last: int
    form: str
    features: str = "_"
    misc: str = "_"

    def outside(self, words: int) -> str:
        """What is wrong with it in a sentence of so few words."""
        range_ = f"{self.first + 1}-{self.last + 1}"
        return f"multiword token {range_} ({self.form!r}) spans no words; expected a range of words 1 to {words}"


@dataclass(frozen=True, repr=False)
class Sentence:
    """One annotated sentence.

    Attributes:
        words: The syntactic words.
        heads: The head of each word, words counted from 0; -1 for the root.
        relations: The dependency relation of each word to its head.
        upos: Universal part-of-speech tags.
        xpos: Language-specific part-of-speech tags.
        space_after: Whether a space follows each word in the text.
        identifier: The sentence's ID in its treebank.
        metadata: The comments `# key = value` of its block.
        lemmas: Lemmas, `_` where there is none.
        features: Morphological features as CoNLL-U writes them.
        misc: Column MISC as CoNLL-U writes it.
        multiword: Surface tokens that span several words, in order; no word is in two of them.
        document: The document that the sentence is part of, by the treebank's `newdoc` comments; empty where unknown.

    Raises:
        ValueError: If a column differs from `words` in length, if multiword tokens span words that do not exist
            or overlap, or if `heads` do not form a tree with one root.
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
    multiword: tuple[MultiwordToken, ...] = ()
    document: str = ""

    def __post_init__(self) -> None:
        free = 0
        for token in self.multiword:
            if not 0 <= token.first <= token.last < len(self.words):
                raise ValueError(token.outside(len(self.words)))
            if token.first < free:
                raise ValueError(f"multiword token {token.form!r} begins at word {token.first + 1}, inside another")
            free = token.last + 1
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
        """The sentence as written: multiword tokens in their surface form, spaces where the annotation has them."""
        pieces: list[str] = []
        spans = {token.first: (token.last, token.form) for token in self.multiword}
        position = 0
        while position < len(self.words):
            last, form = spans.get(position, (position, self.words[position]))
            pieces.append(form + (" " if self.space_after[last] else ""))
            position = last + 1
        return "".join(pieces).strip()

    @property
    def distances(self) -> NDArray[np.int64]:
        """Number of edges on the path between every two words, (words, words); computed at each access."""
        return tree_distances(self.heads)

    @property
    def depths(self) -> NDArray[np.int64]:
        """Number of edges from each word to the root, (words,); computed at each access."""
        return tree_depths(self.heads)

    @property
    def edges(self) -> NDArray[np.int64]:
        """Undirected edges of the gold tree, (words - 1, 2), the smaller end first; computed at each access."""
        return tree_edges(self.heads)

    @property
    def graph(self) -> nx.DiGraph:
        """The gold tree as a networkx graph: edges from head to dependent by `relation`, nodes with word and tags."""
        graph = nx.DiGraph(text=self.text, identifier=self.identifier)
        for index, word in enumerate(self.words):
            graph.add_node(index, word=word, upos=self.upos[index], xpos=self.xpos[index])
        for dependent, head in enumerate(self.heads):
            if head >= 0:
                graph.add_edge(head, dependent, relation=self.relations[dependent])
        return graph

    def to_text(self) -> str:
        """The tree as plain text, one word a line."""
        return to_text(self.words, self.heads, self.relations)

    def _repr_svg_(self) -> str:
        """The tree as arcs above its words, as notebooks show it."""
        return tree_svg(self.words, self.heads, self.relations)

    def _repr_html_(self) -> str:
        """The drawing in a frame that scrolls sideways, so that long sentences are not shrunk."""
        return f'<div style="overflow-x:auto">{self._repr_svg_()}</div>'


class PerSentence(Sequence[T], Generic[T]):
    """A value for each sentence, computed at each access, so that a treebank's matrices are never all in memory."""

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
        """The value for one sentence; for a slice, the values of its sentences, not computed yet."""
        if isinstance(index, slice):
            return PerSentence(self._sentences[index], self._compute)
        return self._compute(self._sentences[index])


class Treebank(Sequence[Sentence]):
    """A sequence of sentences, with one entry a sentence in `words`, `distances` and `depths`."""

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
        """One sentence; for a slice, a treebank of the same name."""
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
        """Gold distances of each sentence, (words, words), computed at each access."""
        return PerSentence(self._sentences, lambda sentence: sentence.distances)

    @property
    def depths(self) -> PerSentence[NDArray[np.int64]]:
        """Gold depths of each sentence, (words,), computed at each access."""
        return PerSentence(self._sentences, lambda sentence: sentence.depths)

    @property
    def digest(self) -> str:
        """SHA-256 of words, heads and relations."""
        digest = hashlib.sha256()
        for sentence in self._sentences:
            digest.update(repr((sentence.words, sentence.heads, sentence.relations)).encode())
        return digest.hexdigest()

    @property
    def annotation_digest(self) -> str:
        """SHA-256 of everything that an analysis may depend on: the trees, tags, features, spaces, documents."""
        names = ("words", "heads", "relations", "upos", "xpos", "features", "space_after", "document")
        digest = hashlib.sha256()
        for sentence in self._sentences:
            digest.update(repr([getattr(sentence, name) for name in names]).encode())
        return digest.hexdigest()
