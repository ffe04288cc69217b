"""Pages of one sentence: a slider over layers with all that probes see there, and two spaces side by side."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.linalg import orthogonal_procrustes

from treeprobe.parsing.drawing.svg import MEASURES
from treeprobe.reporting.html.pickers import Picker
from treeprobe.reporting.html.templates import render
from treeprobe.reporting.html.tree_layout import sentence_layout
from treeprobe.reporting.trees.edges import compare_trees, edge_array
from treeprobe.reporting.trees.projection import project

MOST_WORDS = 100
"""Words of a page: its matrix has a cell for every two of them."""
_HEIGHT = 640


@dataclass(frozen=True)
class SentenceLayer:
    """What the probes of a layer see of a sentence.

    Attributes:
        layer: Its number.
        heads: The recovered tree, (words,), words from 0, -1 for the root.
        distances: Squared distances that the probe predicts, (words, words).
        vectors: The words in the model's own space, (words, dim).
        points: The words in the space of the probe's map B, (words, rank).
    """

    layer: int
    heads: Sequence[int]
    distances: NDArray[np.floating]
    vectors: NDArray[np.floating]
    points: NDArray[np.floating]


@dataclass(frozen=True)
class TrackedRelation:
    """The head that tracks a relation best, and its attention in a sentence.

    Attributes:
        relation: Its name.
        direction: "to head" or "to dependent".
        name: Of the head, such as "5-9".
        accuracy: The share of the relation's edges that its strongest attention finds.
        baseline: The share that the best fixed offset finds.
        n: How many edges there were.
        weights: Its attention from word to word, (words, words), at most 1.
    """

    relation: str
    direction: str
    name: str
    accuracy: float
    baseline: float
    n: int
    weights: NDArray[np.floating]


@dataclass(frozen=True)
class GoldTree:
    """The gold tree of a sentence: heads and relations, (words,), and the distances of its words, (words, words)."""

    heads: Sequence[int]
    relations: Sequence[str]
    distances: NDArray[np.integer]


def sentence_page(
    words: Sequence[str],
    layers: Sequence[SentenceLayer],
    *,
    best: int,
    checkpoint: str,
    scored: Sequence[bool] | None = None,
    gold: GoldTree | None = None,
    tracked: Sequence[TrackedRelation] = (),
    surveyed: str = "",
) -> Picker:
    """One sentence through the layers: tree, words in space, distances, and the heads that track relations.

    Args:
        words: The sentence.
        layers: What the probes of each layer see, from the lowest layer on.
        best: The number of the layer that is shown first.
        checkpoint: The name of the model.
        scored: Which words take part in trees; all where None.
        gold: The gold tree, drawn above the recovered one.
        tracked: Heads that track relations; without them the page has no such section.
        surveyed: The sentences on which these were found, in words.

    Raises:
        ValueError: One word or none, more words than a page holds, no layers, or `best` is none of them.
    """
    if not 2 <= len(words) <= MOST_WORDS:
        raise ValueError(f"a sentence of {len(words)} words; expected 2 to {MOST_WORDS} for a page")
    numbers = [one.layer for one in layers]
    if best not in numbers:
        raise ValueError(f"layer {best} is to be shown first; found layers {numbers}")
    ordered = [layers[numbers.index(best)], *layers]
    heads, relations = ([], []) if gold is None else (list(gold.heads), list(gold.relations))
    placed, arcs = sentence_layout(words, [list(one.heads) for one in ordered], heads=heads, relations=relations)
    counted = [True] * len(words) if scored is None else [bool(one) for one in scored]
    edges = [[head, word] for word, head in enumerate(heads) if head >= 0 and counted[head] and counted[word]]
    first = next(iter(edges or [[0, 1]]))
    data = {
        "words": list(words),
        "sentence": {
            "words": list(words), "heads": heads, "relations": relations, "scored": counted, "edges": edges, **placed
        },
        "gold": [] if gold is None else np.asarray(gold.distances).ravel().tolist(),
        "layers": _layer_data(layers, arcs[1:]),
        "best": numbers.index(best),
        "pair": first,
        "heads": [_tracked_data(one) for one in tracked],
        "screen": MEASURES,
    }  # fmt: skip
    page = render(
        "sentence_page.html",
        scripts=["trees.js", "space.js", "sentence.js"],
        data=data,
        title=f"treeprobe: {' '.join(words)}",
        heading=" ".join(words),
        checkpoint=checkpoint,
        surveyed=surveyed,
        fragment="sentence.html",
    )
    return Picker(page, 2 * _HEIGHT)


def space_page(
    words: Sequence[str],
    vectors: ArrayLike,
    points: ArrayLike,
    recovered: ArrayLike,
    *,
    gold: ArrayLike | None = None,
    scored: ArrayLike | None = None,
    checkpoint: str = "the model",
) -> Picker:
    """The words in the model's own space and in the probe's, turning, and on the way from the first to the second.

    Both are brought down to three dimensions by multidimensional scaling and drawn at one size; the second is rotated
    onto the first, so that what moves between them is what B changes. `spaces_with_tree` draws the same on paper.

    Args:
        words: The sentence.
        vectors: Its words in the model's own space, (words, dim).
        points: Its words in the space of the probe's map B, (words, rank): `probe.transform`.
        recovered: Edges of the recovered tree, (edges, 2), words from 0.
        gold: Edges of the gold tree, likewise; with it edges are correct, spurious or missed.
        scored: Which words are scored, (words,); edges at other words are thin and grey.
        checkpoint: The name of the model.

    Raises:
        ValueError: One word or none, more than a page holds, not one point for each, or edges that are no pairs
            of words.
    """
    if not 2 <= len(words) <= MOST_WORDS:
        raise ValueError(f"a sentence of {len(words)} words; expected 2 to {MOST_WORDS} for a page")
    own, probe, stress = _two_spaces(np.asarray(vectors, dtype=float), np.asarray(points, dtype=float), None)
    if not len(own) == len(probe) == len(words):
        raise ValueError(f"{len(words)} words but {len(own)} vectors and {len(probe)} points; expected one for each")
    data = {
        "words": list(words),
        "own": _rounded(own),
        "probe": _rounded(probe),
        "stress": stress,
        "edges": _kinds_of_edges(words, recovered, gold, scored),
        "compared": gold is not None,
    }
    page = render(
        "sentence_page.html",
        scripts=["space.js", "spaces.js"],
        data=data,
        title=f"treeprobe: {' '.join(words)}",
        heading=" ".join(words),
        checkpoint=checkpoint,
        fragment="spaces.html",
    )
    return Picker(page, 2 * _HEIGHT)


def _layer_data(layers: Sequence[SentenceLayer], arcs: Sequence[list[tuple[int, int, int]]]) -> list[dict[str, object]]:
    """The layers as a script reads them, each space rotated onto that of the layer before."""
    found: list[dict[str, object]] = []
    before = None
    for one, own_arcs in zip(layers, arcs, strict=True):
        own, probe, stress = _two_spaces(one.vectors, one.points, before)
        before = own
        hundredths = np.rint(100 * np.asarray(one.distances, dtype=float)).astype(int)
        found.append(
            {
                "layer": int(one.layer),
                "heads": [int(head) for head in one.heads],
                "arcs": own_arcs,
                "distances": hundredths.ravel().tolist(),
                "own": _rounded(own),
                "probe": _rounded(probe),
                "stress": stress,
            }
        )
    return found


def _tracked_data(one: TrackedRelation) -> dict[str, object]:
    """A tracked relation as a script reads it, its weights in bytes."""
    weights = np.rint(255 * np.clip(np.asarray(one.weights, dtype=float), 0.0, 1.0)).astype(int)
    return {
        "relation": one.relation,
        "direction": one.direction,
        "name": one.name,
        "accuracy": round(float(one.accuracy), 4),
        "baseline": round(float(one.baseline), 4),
        "n": int(one.n),
        "weights": weights.ravel().tolist(),
    }


def _two_spaces(
    vectors: NDArray[np.floating], points: NDArray[np.floating], before: NDArray[np.float64] | None
) -> tuple[NDArray[np.float64], NDArray[np.float64], list[float]]:
    """Both spaces in three dimensions, in the unit ball: the first rotated onto `before`, the second onto the first."""
    own, probe = project(vectors, dimensions=3), project(points, dimensions=3)
    first = _unit(own.points)
    first = first if before is None else _rotated(first, before)
    return first, _rotated(_unit(probe.points), first), [round(own.stress, 3), round(probe.stress, 3)]


def _unit(points: NDArray[np.float64]) -> NDArray[np.float64]:
    """The points about their mean, the farthest at distance 1."""
    centred = points - points.mean(axis=0)
    largest = float(np.linalg.norm(centred, axis=1).max())
    return centred / (largest or 1.0)


def _rotated(points: NDArray[np.float64], onto: NDArray[np.float64]) -> NDArray[np.float64]:
    """The points rotated or reflected so that they come as near as they can to others (orthogonal Procrustes)."""
    turn, _ = orthogonal_procrustes(points, onto) if len(points) == len(onto) else (np.eye(3), 0.0)
    turned: NDArray[np.float64] = points @ turn
    return turned


def _rounded(points: NDArray[np.float64]) -> list[list[float]]:
    """Coordinates as a page holds them."""
    found: list[list[float]] = np.round(points, 4).tolist()
    return found


def _kinds_of_edges(
    words: Sequence[str], recovered: ArrayLike, gold: ArrayLike | None, scored: ArrayLike | None
) -> list[list[object]]:
    """Edges with the kind of each; without a gold tree all are plain."""
    if gold is None:
        return [[a, b, "plain"] for a, b in edge_array(recovered, words=len(words)).tolist()]
    tree, truth = compare_trees(words, recovered, gold, scored)
    missed = [[a, b, "missed"] for (a, b), kind in zip(truth.edges.tolist(), truth.statuses) if kind == "missed"]
    return [*missed, *([a, b, kind] for (a, b), kind in zip(tree.edges.tolist(), tree.statuses))]
