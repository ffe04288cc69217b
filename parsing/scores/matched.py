"""UUAS beside pairs of the same length: what a tree knows of syntax beyond how far words are apart.

Most gold edges are short, and a tree of short edges finds many of them whatever it knows (Diego-Simón et al. 2025,
arXiv:2508.03211, find that structural probes join near words). Each gold edge is therefore set beside its *controls*,
the pairs of the same sentence that are as far apart and not joined. Its matched value is whether it was found, less the
share of its controls that were joined too:

    m(e) = [e found] - Σ_c [c joined] / |controls(e)|

A tree for which pairs of one length are all alike has 0, in expectation and, as the chain, to the last digit; the gold
tree has 1. Edges without controls, such as that between the first and the last word, say nothing and are left out.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from treeprobe.parsing.scores.intervals import Tally, micro
from treeprobe.parsing.scores.word_pairs import Integers, WordPairs

Lengths = Literal["gold", "balanced"]

LENGTH_STARTS = (1, 2, 3, 4, 6, 11)
"""The smallest length of each class, in words that are not punctuation."""


@dataclass(frozen=True)
class MatchedTally:
    """A value matched by length, and how much it stands on.

    Attributes:
        tally: Of the weighted mean of m(e); nan where no edge has a control.
        effective: The effective sample size (Kish 1965, section 11.7), (Σ w)² / Σ w²: that of the weights of edges or
            that of their controls, whichever is smaller; 0 where no edge has a control.
        covered: The share of the edges that have a control; nan where there is no edge.
    """

    tally: Tally
    effective: float
    covered: float


def recall_tally(pairs: WordPairs, found: NDArray[np.bool_], among: NDArray[np.bool_]) -> Tally:
    """The share of the gold edges among some pairs that a tree has: UUAS, where they are all pairs.

    Args:
        pairs: The pairs of a treebank.
        found: Whether each pair is joined in the tree, (pairs,); `WordPairs.edges_of` it.
        among: Whether each pair is looked at, (pairs,).
    """
    edges = pairs.edges[among[pairs.edges]]
    return _micro(pairs, "uuas", edges, found[edges].astype(np.float64), np.ones(len(edges)))


def precision_tally(pairs: WordPairs, found: NDArray[np.bool_], among: NDArray[np.bool_]) -> Tally:
    """The share of a tree's edges among some pairs that are gold edges; arguments are those of `recall_tally`."""
    edges = np.flatnonzero(found & among)
    return _micro(pairs, "precision", edges, pairs.joined[edges].astype(np.float64), np.ones(len(edges)))


def matched_tally(
    pairs: WordPairs, found: NDArray[np.bool_], among: NDArray[np.bool_], *, lengths: Lengths = "gold"
) -> MatchedTally:
    """The mean of m(e) over the gold edges among some pairs that have controls.

    Args:
        pairs: The pairs of a treebank.
        found: Whether each pair is joined in the tree, (pairs,).
        among: Whether each pair is looked at, (pairs,); controls are taken from all pairs.
        lengths: With "gold" each edge weighs the same, so that the controls are weighted to have the lengths of the
            gold edges (`matched_uuas`). With "balanced" each class of lengths that has an edge weighs the same, so that
            edges and controls are both weighted to have all lengths alike (`balanced_uuas`).
    """
    wanted = pairs.edges[among[pairs.edges]]
    edges = wanted[pairs.controls[wanted] > 0]
    wrong = np.bincount(pairs.cell, weights=found & ~pairs.joined)[pairs.cell[edges]] if len(edges) else np.empty(0)
    values = found[edges] - wrong / pairs.controls[edges]
    weights = np.ones(len(edges)) if lengths == "gold" else balancing_weights(pairs.length[edges])
    name = "matched_uuas" if lengths == "gold" else "balanced_uuas"
    tally = _micro(pairs, name, edges, weights * values, weights)
    covered = len(edges) / len(wanted) if len(wanted) else float("nan")
    return MatchedTally(tally, _effective(pairs, edges, weights), covered)


def balancing_weights(lengths: Integers) -> NDArray[np.float64]:
    """Weights by which every class of lengths weighs the same; their sum is the number of lengths, (edges,)."""
    classes = length_class(lengths)
    counts = np.bincount(classes)
    weights: NDArray[np.float64] = len(classes) / (np.maximum((counts > 0).sum(), 1) * counts[classes])
    return weights


def length_class(lengths: Integers) -> Integers:
    """The number of the class of each length, by `LENGTH_STARTS`."""
    return np.searchsorted(LENGTH_STARTS, lengths, side="right") - 1


def effective_size(weights: NDArray[np.float64]) -> float:
    """(Σ w)² / Σ w²: how many units of equal weight have a mean of the same variance; 0 for none."""
    squares = float(np.square(weights).sum())
    return float(weights.sum()) ** 2 / squares if squares else 0.0


def _effective(pairs: WordPairs, edges: Integers, weights: NDArray[np.float64]) -> float:
    """The smaller effective size: of the edges, or of the controls, over which each edge's weight is divided."""
    if not len(edges):
        return 0.0
    cells, place = np.unique(pairs.cell[edges], return_inverse=True)
    totals = np.bincount(place, weights=weights, minlength=len(cells))
    controls = np.empty(len(cells))
    controls[place] = pairs.controls[edges]
    return min(effective_size(weights), float(totals.sum()) ** 2 / float((totals**2 / controls).sum()))


def _micro(
    pairs: WordPairs, metric: str, chosen: Integers, values: NDArray[np.float64], weights: NDArray[np.float64]
) -> Tally:
    """Σ values / Σ weights over some pairs, by sentence."""
    sentences, size = pairs.sentence[chosen], len(pairs.gold)
    return micro(
        metric,
        np.bincount(sentences, weights=values, minlength=size),
        np.bincount(sentences, weights=weights, minlength=size),
        documents=pairs.documents,
    )
