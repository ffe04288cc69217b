"""A tree forming through the layers: every layer in its own row, counted against gold."""

import itertools

import numpy as np
import pytest
from matplotlib.axes import Axes

from tests.reporting.artists import arcs_of
from treeprobe.reporting import bare_figure, layers_size, tree_through_layers


def test_each_layer_has_its_arcs_and_its_count(
    words: tuple[str, ...], gold: np.ndarray, chain: np.ndarray, ax: Axes
) -> None:
    assert tree_through_layers(words, [chain, gold], gold, ax) is ax
    assert len(arcs_of(ax)) == 3 * len(gold)
    texts = {text.get_text() for text in ax.texts}
    shared = {frozenset(pair) for pair in gold.tolist()} & {frozenset(pair) for pair in chain.tolist()}
    assert {"layer 0", "layer 1", "gold", f"{len(shared)}/11", "11/11"} <= texts


def test_rows_do_not_reach_into_each_other(words: tuple[str, ...], gold: np.ndarray, chain: np.ndarray) -> None:
    trees = [chain, gold, gold]
    _, ax = bare_figure(layers_size(words, trees, gold))
    tree_through_layers(words, trees, gold, ax)
    spans = [patch.get_path().get_extents().intervaly for patch in arcs_of(ax)]
    rows = [spans[start : start + len(gold)] for start in range(0, len(spans), len(gold))]
    for lower, upper in itertools.pairwise(rows):
        assert max(top for _, top in lower) < min(base for base, _ in upper)
    assert max(top for _, top in rows[-1]) <= ax.get_ylim()[1]


def test_names_must_be_as_many_as_trees(words: tuple[str, ...], gold: np.ndarray, ax: Axes) -> None:
    with pytest.raises(ValueError, match="2 trees but 1 names"):
        tree_through_layers(words, [gold, gold], gold, ax, names=["layer 0"])
