"""What a content-free kernel finds of each dependency relation, beside what the best head finds.

A kernel's guess for a word is the other word at the offset of greatest weight, among those that the sentence has, as a
head's is the other word that it attends to most (Clark et al. 2019, section 4.1). A word for which all those offsets
have the weight of never, such as a decoder's first, guesses none.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from treeprobe.convolution.fitting import FLOOR, Observed, fit_free
from treeprobe.convolution.kernels import Kernels
from treeprobe.parsing import Sentence, universal_relation

Integers = NDArray[np.int64]


def beyond_kernels(best: pd.DataFrame, kernels: Kernels, sentences: Sequence[Sentence]) -> pd.DataFrame:
    """A table of best heads, as of `treeprobe.attention.best_heads`, with what kernels find of the same edges.

    Columns added: kernel_accuracy (that head's own kernel's), best_kernel (the best of any head's kernel, the kernel
    fitted to the relation's own edges, and the fixed offset in `baseline`) and beyond (accuracy less best_kernel). The
    head and the best kernel are chosen on the sentences that they are scored on, as in Clark et al. (2019); the
    relation's own kernel, which has more to remember, is fitted to one half of the sentences and scored on the other.

    Args:
        best: one row a relation and direction: relation, direction, n, layer and head (from 1), accuracy, baseline.
        kernels: of those heads, fitted to attention between words.
        sentences: those whose attention `best` counts, without those that the stream left out.

    Raises:
        ValueError: the sentences hold other numbers of edges than `best` counts, or one is longer than the sentences
            that the kernels were fitted to.
    """
    edges = {relation: edges_of(sentences, relation) for relation in best["relation"].unique()}
    for relation, n in zip(best["relation"], best["n"]):
        if len(edges[relation].queries) != n:
            raise ValueError(
                f"the sentences have {len(edges[relation].queries)} edges of {relation}, the table {n}; expected "
                "the sentences whose attention was counted (a stream's `report.skipped` lists those that were left out)"
            )
    guesses = {
        words: guesses_of(kernels.log_offsets, words)
        for words in sorted({len(sentence) for sentence in sentences if len(sentence) > 1})
    }
    own, any_heads, fitted = [], [], []
    for relation, direction, layer, head in zip(best["relation"], best["direction"], best["layer"], best["head"]):
        asked = edges[relation] if direction == "to head" else edges[relation].turned
        theirs = kernel_accuracy(guesses, asked)
        own.append(float(theirs[layer - 1, head - 1]))
        any_heads.append(float(theirs.max()))
        fitted.append(fitted_accuracy(asked, kernels.span))
    best_kernel = np.maximum(np.maximum(any_heads, fitted), best["baseline"].to_numpy(dtype=float))
    return best.assign(
        kernel_accuracy=own, best_kernel=best_kernel, beyond=best["accuracy"].to_numpy(dtype=float) - best_kernel
    )


@dataclass(frozen=True)
class Edges:
    """The edges of one relation, each a word that asks for another; all (edges,)."""

    queries: Integers
    answers: Integers
    words: Integers
    """Words in the edge's sentence."""
    sentences: Integers

    @property
    def turned(self) -> "Edges":
        """The same edges, asked from their other ends."""
        return Edges(self.answers, self.queries, self.words, self.sentences)


def edges_of(sentences: Sequence[Sentence], relation: str) -> Edges:
    """The edges of a relation, its subtypes among them; dependents ask for their heads."""
    rows = [
        (dependent, head, len(sentence), number)
        for number, sentence in enumerate(sentences)
        for dependent, (head, name) in enumerate(zip(sentence.heads, sentence.relations))
        if head >= 0 and universal_relation(name) == relation
    ]
    return Edges(*np.array(rows, dtype=np.int64).reshape(-1, 4).T)


def guesses_of(log_offsets: NDArray[np.float64], words: int) -> Integers:
    """(..., offsets) kernels -> (..., words): the best other word that each word of a sentence has, -1 for none.

    Raises ValueError when the sentence is longer than those the kernels were fitted to.
    """
    span = (log_offsets.shape[-1] - 1) // 2
    if words - 1 > span:
        raise ValueError(f"the kernels were fitted to offsets up to {span}, found a sentence of {words} words")
    place = np.arange(words)
    scores = log_offsets[..., place - place[:, None] + span]
    scores[..., place, place] = -np.inf
    return np.where(scores.max(-1) > FLOOR, scores.argmax(-1), -1)


def kernel_accuracy(guesses: dict[int, Integers], edges: Edges) -> NDArray[np.float64]:
    """(layers, heads) how often each head's kernel guesses the answer; `guesses` are those of `guesses_of` by words."""
    hits = [
        (guesses[words][..., edges.queries[here]] == edges.answers[here]).sum(-1)
        for words in np.unique(edges.words).tolist()
        for here in [edges.words == words]
    ]
    return np.asarray(np.sum(hits, axis=0) / len(edges.queries))


def fitted_accuracy(edges: Edges, span: int) -> float:
    """How often the best kernel for a relation's own edges is right, fitted to one half of the sentences for the other.

    Far offsets exist in few sentences, and a kernel would remember those.
    """
    odd = edges.sentences % 2 == 1
    return sum(fitted_hits(edges, seen, ~seen, span) for seen in (odd, ~odd)) / len(odd)


def fitted_hits(edges: Edges, seen: NDArray[np.bool_], held: NDArray[np.bool_], span: int) -> int:
    """How many of the held edges the kernel fitted to the seen ones guesses; none where there is nothing to see."""
    if not seen.any():
        return 0
    query, words = edges.queries[seen], edges.words[seen]
    offsets = np.bincount(edges.answers[seen] - query + span, minlength=2 * span + 1)[None].astype(np.float64)
    (left, right), counts = np.unique(np.stack([query, words - 1 - query]), axis=1, return_counts=True)
    fitted = fit_free(Observed(offsets, np.zeros((1, 0)), left, right, counts), iterations=100)
    guesses = {n: guesses_of(fitted.log_offsets, n)[0] for n in np.unique(edges.words[held]).tolist()}
    held_edges = zip(edges.queries[held].tolist(), edges.answers[held].tolist(), edges.words[held].tolist())
    return sum(int(guesses[n][q] == a) for q, a, n in held_edges)
