"""How well heads find the other end of each dependency relation, and how well content-free kernels do.

A head's guess for a word is the other word that it attends to most (Clark et al. 2019, section 4.1). A kernel's guess
is the other word at the offset of greatest weight, among those that the sentence has; a fixed offset is the kernel
that has one.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal, Protocol

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from convolution.fitting import Observed, fit_free
from convolution.kernels import Kernels
from extraction import AttentionBatch

Integers = NDArray[np.int64]
Direction = Literal["to head", "to dependent"]
DIRECTIONS: tuple[Direction, Direction] = ("to head", "to dependent")
"""The query is the dependent and the guess its head, or the query is the head and the guess its dependent."""


class Annotated(Protocol):
    """The part of a sentence that is needed here: heads 0-based with −1 for the root, and relations."""

    @property
    def heads(self) -> Sequence[int]:
        """The head of each word, (words,)."""

    @property
    def relations(self) -> Sequence[str]:
        """The relation of each word to its head, (words,)."""


@dataclass(frozen=True)
class Arcs:
    """The arcs of one sentence: queries and answers in both directions, with their relations."""

    queries: Integers
    """(directions, arcs) the words that attend, in the order of `DIRECTIONS`."""
    answers: Integers
    """(directions, arcs) the words that they should attend to."""
    relations: Integers
    """(arcs,) numbers of relations."""
    words: int


@dataclass(frozen=True)
class RelationHits:
    """How often each head guessed right."""

    relations: tuple[str, ...]
    counts: Integers
    """(relations,) arcs."""
    heads: Integers
    """(directions, relations, layers, heads) right guesses of attention."""

    @property
    def accuracy(self) -> NDArray[np.float64]:
        """(directions, relations, layers, heads) shares of right guesses."""
        return self.heads / self.counts[:, None, None]


class RelationSums:
    """Adds up the right guesses of every head over batches of attention between words."""

    def __init__(self, sentences: Sequence[Annotated]) -> None:
        self.relations, self.arcs = number_arcs(sentences)
        self._counts = np.zeros(len(self.relations), np.int64)
        self._hits: Integers | None = None

    def add(self, batch: AttentionBatch) -> None:
        """Take one batch of `stream_attention(..., level="words")` in."""
        for row, (sentence, length) in enumerate(zip(batch.indices.tolist(), batch.lengths.tolist())):
            arcs = self.arcs[sentence]
            if arcs.words != length:
                raise ValueError(
                    f"sentence {sentence + 1} has {arcs.words} words but its attention has {length} positions; "
                    'expected attention between words (level="words") of the same sentences'
                )
            words = slice(batch.leading, batch.leading + length)
            attention = batch.attention[:, row, :, words, words].clone()
            # No word is its own head.
            attention.diagonal(dim1=-2, dim2=-1).fill_(-1.0)
            self.tally(attention.argmax(-1).numpy(), arcs)

    def result(self) -> RelationHits:
        """The sums so far. Raises ValueError where there are none."""
        if self._hits is None:
            raise ValueError("no sentence was counted to score relations with; expected at least one")
        return RelationHits(self.relations, self._counts, self._hits)

    def tally(self, guesses: Integers, arcs: Arcs) -> None:
        """Count the right ones among guesses (layers, heads, words) for one sentence."""
        if self._hits is None:
            self._hits = np.zeros((2, len(self.relations), *guesses.shape[:2]), np.int64)
        for direction in range(2):
            right = guesses[..., arcs.queries[direction]] == arcs.answers[direction]
            np.add.at(self._hits[direction], arcs.relations, np.moveaxis(right, -1, 0))
        np.add.at(self._counts, arcs.relations, 1)


def measure_relations(stream: Iterable[AttentionBatch], sentences: Sequence[Annotated]) -> RelationHits:
    """Right guesses of every head over a whole stream of attention between words.

    Raises ValueError where the stream is empty, or attention and sentences do not fit each other.
    """
    sums = RelationSums(sentences)
    for batch in stream:
        sums.add(batch)
    return sums.result()


def number_arcs(sentences: Sequence[Annotated]) -> tuple[tuple[str, ...], list[Arcs]]:
    """The relations that occur (roots left out), and the arcs of every sentence by their numbers."""
    names = sorted({r for s in sentences for h, r in zip(s.heads, s.relations) if h >= 0})
    numbers = {name: number for number, name in enumerate(names)}
    arcs = []
    for sentence in sentences:
        heads = np.asarray(sentence.heads, np.int64)
        dependents = np.flatnonzero(heads >= 0)
        ends = np.stack([dependents, heads[dependents]])
        relations = np.array([numbers[sentence.relations[i]] for i in dependents.tolist()], np.int64)
        arcs.append(Arcs(ends, ends[::-1], relations, len(heads)))
    return tuple(names), arcs


def kernel_hits(kernels: Kernels, sentences: Sequence[Annotated]) -> RelationHits:
    """Right guesses of every head's kernel, which sees the length of a sentence and nothing else of it.

    Sentences longer than those the kernels were fitted to are left out.
    """
    sums = RelationSums(sentences)
    order = np.argsort(-kernels.log_offsets, axis=-1, kind="stable")

    @cache
    def guesses(words: int) -> Integers:
        return _guesses(order, kernels.span, words)

    for arcs in sums.arcs:
        if arcs.words - 1 <= kernels.span:
            sums.tally(guesses(arcs.words), arcs)
    return sums.result()


def relation_table(hits: RelationHits, kernels: Kernels, sentences: Sequence[Annotated]) -> pd.DataFrame:
    """Each relation's best head against the best content-free guess, one row a relation and direction.

    Columns: relation, direction, n, layer and head (1-based) of the best head, its `accuracy`, `kernel_accuracy` (that
    head's own kernel's), `fixed_offset` (the best single offset's, `offset`), `best_kernel` (the best of any head's
    kernel, the kernel fitted to the relation's own arcs, and the fixed offset) and `beyond` (accuracy less
    best_kernel). Heads and offsets are chosen on the sentences that they are scored on, as in Clark et al. (2019);
    the relation's own kernel, which has more to remember, is fitted to one half of the sentences and scored on the
    other.
    """
    theirs = kernel_hits(kernels, sentences).accuracy
    rows: list[dict[str, Any]] = []
    for number, relation in enumerate(hits.relations):
        for side, direction in enumerate(DIRECTIONS):
            accuracy = hits.accuracy[side, number]
            layer, head = np.unravel_index(int(accuracy.argmax()), accuracy.shape)
            own, offset, fixed = _content_free(sentences, relation, side, kernels.span)
            best = max(own, fixed, float(theirs[side, number].max()))
            rows.append(
                {
                    "relation": relation,
                    "direction": direction,
                    "n": int(hits.counts[number]),
                    "layer": int(layer) + 1,
                    "head": int(head) + 1,
                    "accuracy": float(accuracy[layer, head]),
                    "kernel_accuracy": float(theirs[side, number, layer, head]),
                    "offset": offset,
                    "fixed_offset": fixed,
                    "best_kernel": best,
                    "beyond": float(accuracy[layer, head]) - best,
                }
            )
    return pd.DataFrame(rows)


def _content_free(sentences: Sequence[Annotated], relation: str, side: int, span: int) -> tuple[float, int, float]:
    """Accuracy of the kernel fitted to a relation's own arcs, the best single offset, and that offset's accuracy."""
    triples = [
        (query, answer, len(s.heads), number % 2)
        for number, s in enumerate(sentences)
        if len(s.heads) - 1 <= span
        for i, (head, r) in enumerate(zip(s.heads, s.relations))
        if head >= 0 and r == relation
        for query, answer in [(i, head) if side == 0 else (head, i)]
    ]
    if not triples:
        return 0.0, 0, 0.0
    arcs = np.array(triples)
    counts = np.bincount(arcs[:, 1] - arcs[:, 0] + span, minlength=2 * span + 1)
    best = int(counts.argmax())
    # Far offsets exist in few sentences, and a kernel would remember those: each half is guessed from the other.
    halves = [arcs[arcs[:, 3] == half] for half in (0, 1)]
    right = sum(_right(seen, held, span) for seen, held in (halves, halves[::-1]) if len(seen) and len(held))
    return right / len(arcs), best - span, float(counts[best]) / len(arcs)


def _right(seen: Integers, held: Integers, span: int) -> int:
    """How many of the held arcs the kernel fitted to the seen ones guesses."""
    query, answer, words, _ = seen.T
    offsets = np.bincount(answer - query + span, minlength=2 * span + 1)[None].astype(np.float64)
    (left, right), counts = np.unique(np.stack([query, words - 1 - query]), axis=1, return_counts=True)
    fitted = fit_free(Observed(offsets, np.zeros((1, 0)), left, right, counts), iterations=100)
    order = np.argsort(-fitted.log_offsets, axis=-1, kind="stable")
    guesses = {n: _guesses(order, span, n)[0] for n in np.unique(held[:, 2]).tolist()}
    return sum(int(guesses[n][q] == a) for q, a, n, _ in held.tolist())


def _guesses(order: Integers, span: int, words: int) -> Integers:
    """(..., offsets) offsets from best to worst -> (..., words): the best that a word has but its own."""
    rank = np.argsort(order, axis=-1)
    place = np.arange(words)
    ranks = rank[..., place - place[:, None] + span]
    ranks[..., place, place] = rank.shape[-1]
    return ranks.argmin(-1)
