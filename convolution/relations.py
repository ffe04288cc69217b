"""How much of each dependency relation a content-free kernel finds, beside the best head.

A kernel predicts for a word the other word at the offset of greatest weight among those that the sentence has, as a
head predicts the other word that it attends to most (Clark et al. 2019, section 4.1). Where all those offsets have zero
weight, as for a decoder's first word, it predicts none.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from treeprobe.convolution.fitting import FLOOR, Observed, fit_free
from treeprobe.convolution.kernels import Kernels
from treeprobe.parsing import Sentence, labelled_edges

Integers = NDArray[np.int64]


@dataclass(frozen=True)
class Edges:
    """The edges of one relation, each from a word to the word that is to be predicted for it; all (edges,)."""

    queries: Integers
    targets: Integers
    words: Integers
    """Words in the edge's sentence."""
    sentences: Integers
    """Number of the edge's sentence."""

    def where(self, mask: NDArray[np.bool_]) -> "Edges":
        """Those edges for which `mask`, (edges,), is true."""
        return Edges(self.queries[mask], self.targets[mask], self.words[mask], self.sentences[mask])

    @property
    def reversed(self) -> "Edges":
        """The same edges, to be predicted from their other ends."""
        return Edges(self.targets, self.queries, self.words, self.sentences)


def beyond_kernels(best: pd.DataFrame, kernels: Kernels, sentences: Sequence[Sentence]) -> pd.DataFrame:
    """The best heads of relations beside the best content-free predictions of the same edges.

    The head and the best kernel of any head are chosen on the sentences that they are scored on, as in Clark et al.
    (2019). The kernel fitted to the relation's own edges, which has more parameters to overfit with, is fitted to one
    half of the sentences and scored on the other.

    Args:
        best: one row per relation and direction, as of `treeprobe.attention.best_heads`: relation, direction, n, layer
            and head (from 1), accuracy, baseline.
        kernels: of those heads, fitted to attention between words.
        sentences: those whose attention `best` counts, without those that the stream left out.

    Returns:
        `best` with further columns kernel_accuracy (of that head's own kernel), best_kernel (the best of any head's
        kernel, the relation's own kernel, and the fixed offset in `baseline`) and beyond (accuracy less best_kernel).

    Raises:
        ValueError: the sentences hold another number of edges than `best` counts, or one is longer than the sentences
            that the kernels were fitted to.
    """
    edges = edges_by_relation(sentences)
    for relation, n in zip(best["relation"], best["n"]):
        found = len(edges[relation].queries) if relation in edges else 0
        if found != n:
            raise ValueError(
                f"the sentences have {found} edges of {relation}, the table {n}; expected the sentences whose "
                "attention was counted (a stream's `report.skipped` lists those that were left out)"
            )
    predictions = {
        words: kernel_predictions(kernels.log_offsets, words)
        for words in sorted({len(sentence) for sentence in sentences if len(sentence) > 1})
    }
    own, best_of_all, fitted = [], [], []
    for relation, direction, layer, head in zip(best["relation"], best["direction"], best["layer"], best["head"]):
        directed = edges[relation] if direction == "to head" else edges[relation].reversed
        accuracy = kernel_accuracy(predictions, directed)
        own.append(float(accuracy[layer - 1, head - 1]))
        best_of_all.append(float(accuracy.max()))
        fitted.append(_fitted_accuracy(directed, kernels.span))
    best_kernel = np.maximum(np.maximum(best_of_all, fitted), best["baseline"].to_numpy(dtype=float))
    return best.assign(
        kernel_accuracy=own, best_kernel=best_kernel, beyond=best["accuracy"].to_numpy(dtype=float) - best_kernel
    )


def edges_by_relation(sentences: Sequence[Sentence]) -> dict[str, Edges]:
    """The edges of every relation, subtypes merged; dependents are the queries."""
    rows = defaultdict(list)
    for number, sentence in enumerate(sentences):
        for dependent, head, relation in labelled_edges(sentence):
            rows[relation].append((dependent, head, len(sentence), number))
    return {relation: Edges(*np.array(found, dtype=np.int64).T) for relation, found in rows.items()}


def kernel_predictions(log_offsets: NDArray[np.float64], words: int) -> Integers:
    """The other word that kernels predict for each word of a sentence.

    Args:
        log_offsets: (..., offsets) logarithms of the kernels' weights.
        words: words in the sentence.

    Returns:
        (..., words); -1 where all other words have zero weight.

    Raises:
        ValueError: the sentence is longer than those that the kernels were fitted to.
    """
    span = (log_offsets.shape[-1] - 1) // 2
    if words - 1 > span:
        raise ValueError(f"the kernels were fitted to offsets up to {span}, found a sentence of {words} words")
    position = np.arange(words)
    scores = log_offsets[..., position - position[:, None] + span]
    scores[..., position, position] = -np.inf
    return np.where(scores.max(-1) > FLOOR, scores.argmax(-1), -1)


def kernel_accuracy(predictions: Mapping[int, Integers], edges: Edges) -> NDArray[np.float64]:
    """(layers, heads) share of edges that each head's kernel predicts.

    Args:
        predictions: words in a sentence -> (layers, heads, words), as `kernel_predictions` returns them.
        edges: the edges of one relation.
    """
    return np.asarray(_hits(predictions, edges) / len(edges.queries))


def _hits(predictions: Mapping[int, Integers], edges: Edges) -> Integers:
    """The number of edges that each kernel predicts, of the shape that predictions have before words."""
    by_length = [(words, edges.where(edges.words == words)) for words in np.unique(edges.words).tolist()]
    return np.sum([(predictions[words][..., one.queries] == one.targets).sum(-1) for words, one in by_length], axis=0)


def _fitted_accuracy(edges: Edges, span: int) -> float:
    """Accuracy of the best kernel for a relation's own edges, fitted to one half of the sentences for the other.

    Far offsets exist in few sentences, so that on the same sentences the kernel would overfit.
    """
    odd = edges.sentences % 2 == 1
    return sum(_fitted_hits(edges, fit_on, span) for fit_on in (odd, ~odd)) / len(odd)


def _fitted_hits(edges: Edges, fit_on: NDArray[np.bool_], span: int) -> int:
    """How many of the other edges the kernel fitted to these predicts; none where there are none to fit to."""
    if not fit_on.any():
        return 0
    seen, held = edges.where(fit_on), edges.where(~fit_on)
    offsets = np.bincount(seen.targets - seen.queries + span, minlength=2 * span + 1)[None].astype(np.float64)
    borders = np.stack([seen.queries, seen.words - 1 - seen.queries])
    (left, right), counts = np.unique(borders, axis=1, return_counts=True)
    fitted = fit_free(Observed(offsets, np.zeros((1, 0)), left, right, counts), iterations=100)
    predictions = {n: kernel_predictions(fitted.log_offsets, n) for n in np.unique(held.words).tolist()}
    return int(np.sum(_hits(predictions, held)))
