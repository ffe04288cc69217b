"""The kinds of arcs in a drawing: how an edge compares with another tree, and whether it is at punctuation."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from treeprobe.parsing.drawing.arc_layout import ArcKind
from treeprobe.parsing.trees.edge_comparison import EdgeStatus, compare_edges

_UNINFORMATIVE = {"dep", "root", "punct", "_"}
_ORDER: tuple[EdgeStatus, ...] = ("correct", "missed", "spurious", "unscored")


def tree_kinds(heads: Sequence[int], relations: Sequence[str] | None) -> list[ArcKind]:
    """The kind of each word's arc in a tree by itself: those of the relation `punct` are not scored."""
    marks = [relation.split(":")[0] == "punct" for relation in relations or ("",) * len(heads)]
    return ["unscored" if mark else "tree" for mark in marks]


def shown_labels(relations: Sequence[str] | None) -> Sequence[str] | None:
    """The labels of arcs: the relations, or none where they say nothing, as in the trees of structural probes."""
    return None if relations is None or set(relations) <= _UNINFORMATIVE else relations


def comparison_kinds(
    gold: NDArray[np.int64], recovered: NDArray[np.int64], *, scored: Sequence[bool] | NDArray[np.bool_] | None = None
) -> tuple[list[ArcKind], list[ArcKind]]:
    """The kinds of the gold marks and of the recovered marks, each compared with the other tree.

    Args:
        gold: (marks, 2).
        recovered: (marks, 2).
        scored: Whether each word is scored, (words,). All are by default.
    """
    words = int(max(gold.max(initial=-1), recovered.max(initial=-1))) + 1
    counted = np.ones(words, dtype=bool) if scored is None else np.asarray(scored, dtype=bool)
    return (
        [*compare_edges(gold, recovered, other="missed", scored=counted)],
        [*compare_edges(recovered, gold, other="spurious", scored=counted)],
    )


def edge_counts(
    gold: NDArray[np.int64],
    gold_kinds: Sequence[ArcKind],
    recovered: NDArray[np.int64],
    recovered_kinds: Sequence[ArcKind],
) -> dict[ArcKind, int]:
    """The number of edges of each kind that occurs, roots not counted: spurious ones are recovered, all others gold."""
    found = [kind for kind, (head, word) in zip(gold_kinds, gold.tolist(), strict=True) if head != word]
    found += [
        kind
        for kind, (head, word) in zip(recovered_kinds, recovered.tolist(), strict=True)
        if head != word and kind == "spurious"
    ]
    return {kind: found.count(kind) for kind in _ORDER if kind in found}
