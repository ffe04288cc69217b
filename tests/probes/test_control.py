"""Control trees: against the recursive definition of a treap."""

import numpy as np
import pytest

from tests.probes.corpora import walk_distances
from treeprobe.probes import control_heads, control_targets, selectivity
from treeprobe.probes.control import type_priority

FOX = "the quick fox saw the lazy dog".split()


def slow_treap(words: list[str], priority: dict[str, int], offset: int = 0) -> dict[int, int]:
    """The definition, by recursion: head of every word but the root."""
    if not words:
        return {}
    root = max(range(len(words)), key=lambda i: (priority[words[i]], -i))
    heads = {}
    for part, start in ((words[:root], 0), (words[root + 1 :], root + 1)):
        if part:
            below = slow_treap(part, priority, offset + start)
            heads |= below
            top = next(i for i in range(offset + start, offset + start + len(part)) if i not in below)
            heads[top] = offset + root
    return heads


@pytest.mark.parametrize("seed", range(5))
def test_control_trees_are_treaps_of_type_priorities(seed):
    priority = {word: type_priority(word, seed=seed) for word in FOX}
    expected = slow_treap(FOX, priority)
    found = control_heads(FOX, seed=seed).tolist()
    assert found == [expected.get(i, -1) for i in range(len(FOX))]


def test_control_trees_are_fixed_by_types_order_and_seed():
    np.testing.assert_array_equal(control_heads(FOX), control_heads(list(FOX)))
    trees = {tuple(control_heads(FOX, seed=seed).tolist()) for seed in range(20)}
    assert len(trees) > 5
    renamed = ["a" if word == "fox" else word for word in FOX]
    assert any(tuple(control_heads(renamed, seed=s)) != tuple(control_heads(FOX, seed=s)) for s in range(20))
    assert control_heads([]).tolist() == []


def test_control_distances_are_those_of_the_control_tree():
    targets = control_targets([FOX, ["alone"], FOX[::-1]])
    for words, distances, depths in zip([FOX, ["alone"], FOX[::-1]], targets.distances, targets.depths):
        heads = control_heads(words)
        np.testing.assert_array_equal(distances, walk_distances(heads))
        np.testing.assert_array_equal(depths, walk_distances(heads)[int(np.flatnonzero(heads < 0)[0])])
    assert selectivity(0.8, 0.5) == pytest.approx(0.3)
