"""Edges of trees as figures take them: checked arrays, compared trees, and the legend of their kinds."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from numpy.typing import ArrayLike, NDArray

from treeprobe.parsing.drawing.arc_layout import ArcKind
from treeprobe.parsing.trees import EdgeStatus, compare_edges
from treeprobe.reporting.style.axes import SMALL_FONTSIZE
from treeprobe.reporting.style.palette import ARCS


@dataclass(frozen=True)
class ComparedEdges:
    """The edges of a tree, (edges, 2), and the status of each in the comparison with another tree."""

    edges: NDArray[np.int64]
    statuses: list[EdgeStatus]


def edge_array(edges: ArrayLike, *, words: int | None = None) -> NDArray[np.int64]:
    """The edges as an integer array, (edges, 2).

    Args:
        edges: Pairs of word indices, from 0.
        words: The number of words in the sentence; None leaves the indices unchecked.

    Raises:
        ValueError: The edges are not pairs, or one refers to a word outside the sentence.
    """
    array = np.asarray(edges, dtype=np.int64)
    array = array.reshape(-1, 2) if array.size == 0 else array
    if array.ndim != 2 or array.shape[1] != 2:
        raise ValueError(f"edges must be pairs of words, (edges, 2); found shape {array.shape}")
    if words is not None and array.size and not (array.min() >= 0 and array.max() < words):
        raise ValueError(f"edges join words {array.min()} to {array.max()}; the sentence has words 0 to {words - 1}")
    return array


def compare_trees(
    words: Sequence[str], recovered: ArrayLike, gold: ArrayLike, scored: ArrayLike | None = None
) -> tuple[ComparedEdges, ComparedEdges]:
    """Check two trees over a sentence and compare them, without direction.

    Args:
        words: The sentence.
        recovered: Edges of the recovered tree, (edges, 2), words from 0.
        gold: Edges of the gold tree, likewise.
        scored: Which words are scored, (words,); None scores all.

    Returns:
        The recovered edges, each correct, spurious or unscored, and the gold edges, each correct, missed or unscored.

    Raises:
        ValueError: Edges that are not pairs of the sentence's words, or `scored` of another shape than (words,).
    """
    counted = np.ones(len(words), dtype=bool) if scored is None else np.asarray(scored, dtype=bool)
    if counted.shape != (len(words),):
        raise ValueError(f"{len(words)} words but scored has shape {counted.shape}; expected one value for each word")
    found, truth = edge_array(recovered, words=len(words)), edge_array(gold, words=len(words))
    return (
        ComparedEdges(found, compare_edges(found, truth, other="spurious", scored=counted)),
        ComparedEdges(truth, compare_edges(truth, found, other="missed", scored=counted)),
    )


def edge_legend(statuses: Sequence[ArcKind], ax: Axes, *, counts: bool = True, **options: Any) -> None:
    """A legend of edges by status, at the bottom unless `options` of `Axes.legend` place it elsewhere.

    Args:
        statuses: The status of every edge in the figure.
        ax: The axes.
        counts: Whether each status is preceded by the number of its edges.
        options: Passed to `Axes.legend`.
    """
    shown = [status for status in ARCS if status in statuses]
    handles = [
        Line2D([], [], **ARCS[status].line, label=f"{statuses.count(status)} {status}" if counts else status)
        for status in shown
    ]
    placed = {"loc": "lower center", "bbox_to_anchor": (0.5, 0.0), "borderaxespad": 0.0, **options}
    ax.legend(
        handles=handles,
        ncols=max(len(handles), 1),
        frameon=False,
        fontsize=SMALL_FONTSIZE,
        handlelength=3.0,
        **placed,
    )
