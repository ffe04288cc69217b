"""Control trees: against their definition, word by word; as memorisable and as shaped as they are said to be."""

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.probes.corpora import walk_distances
from treeprobe.parsing.stimuli import generate
from treeprobe.parsing.trees import check_heads
from treeprobe.probes import (
    TreeShape,
    control_heads,
    control_relations,
    control_targets,
    relation_shares,
    selectivity,
)
from treeprobe.probes.control import ENGLISH, draw_behaviour

FOX = "the quick fox saw the lazy dog".split()
SENTENCES = st.lists(st.sampled_from([f"w{number}" for number in range(30)]), max_size=25)


def nearest(levels: Sequence[int], word: int, step: int) -> int:
    """The nearest word of a higher level on one side, -1 where there is none."""
    at = word + step
    while 0 <= at < len(levels):
        if levels[at] > levels[word]:
            return at
        at += step
    return -1


@given(SENTENCES, st.integers(0, 50))
def test_each_word_hangs_from_the_nearest_higher_word_on_its_side_unless_edges_would_cross(
    words: list[str], seed: int
) -> None:
    drawn = [draw_behaviour(word, seed=seed) for word in words]
    levels = [level for level, _ in drawn]
    heads = control_heads(words, seed=seed).tolist()
    check_heads(heads)
    gaps: dict[tuple[int, int], list[int]] = {}
    for word, head in enumerate(heads):
        before, after = nearest(levels, word, -1), nearest(levels, word, 1)
        if before < 0 and after < 0:
            first = levels.index(max(levels))
            assert head == (-1 if word == first else first)
        elif before < 0 or after < 0:
            assert head == max(before, after)
        else:
            assert head in (before, after)
            gaps.setdefault((before, after), []).append(word)
    for (before, _), members in gaps.items():
        wanted = [drawn[word][1] for word in members]
        found = [heads[word] != before for word in members]
        assert found == sorted(found)  # first those on the left, then those on the right: no edges cross
        splits = [[place >= turn for place in range(len(members))] for turn in range(len(members) + 1)]
        agreement = [sum(a == b for a, b in zip(split, wanted)) for split in splits]
        assert sum(a == b for a, b in zip(found, wanted)) == max(agreement)


@given(SENTENCES, st.integers(0, 50))
def test_no_edges_of_a_control_tree_cross(words: list[str], seed: int) -> None:
    heads = control_heads(words, seed=seed)
    edges = [sorted((word, int(head))) for word, head in enumerate(heads) if head >= 0]
    assert not any(a < c < b < d for a, b in edges for c, d in edges)


def test_control_trees_are_fixed_by_types_order_and_seed() -> None:
    np.testing.assert_array_equal(control_heads(FOX), control_heads(list(FOX)))
    trees = {tuple(control_heads(FOX, seed=seed).tolist()) for seed in range(20)}
    assert len(trees) > 5
    renamed = ["a" if word == "fox" else word for word in FOX]
    assert any(tuple(control_heads(renamed, seed=s)) != tuple(control_heads(FOX, seed=s)) for s in range(20))
    assert control_heads([]).tolist() == []


def test_a_type_behaves_alike_wherever_it_stands_and_types_behave_as_often_as_the_shape_says() -> None:
    types = [f"w{number}" for number in range(4000)]
    drawn = [draw_behaviour(word, seed=1) for word in types]
    assert drawn == [draw_behaviour(word, seed=1) for word in types]
    levels = np.array([level for level, _ in drawn])
    np.testing.assert_allclose(np.bincount(levels) / len(types), ENGLISH.levels, atol=0.03)
    following = np.array([side for _, side in drawn])
    for level in range(3):
        assert following[levels == level].mean() == pytest.approx(ENGLISH.following[level], abs=0.05)
    assert sum(ENGLISH.levels) == pytest.approx(1)


def test_control_trees_have_the_shape_of_the_trees_that_they_are_compared_with() -> None:
    """Edges of length 1, heads that follow, leaves and depth within a quarter: on a grammar and on its mirror image."""

    def shape(trees: Sequence[Sequence[int]]) -> np.ndarray:
        heads = [np.asarray(tree) for tree in trees]
        offsets = np.concatenate([each[each >= 0] - np.flatnonzero(each >= 0) for each in heads])
        leaves = np.mean(np.concatenate([~np.isin(np.arange(len(each)), each) for each in heads]))
        depths = np.mean([walk_distances(each)[int(np.flatnonzero(each < 0)[0])].mean() for each in heads])
        return np.array([np.mean(abs(offsets) == 1), np.mean(offsets > 0), leaves, depths])

    bank = generate(300, seed=5)
    mirrored = [[len(one) - 1 - head if head >= 0 else -1 for head in one.heads[::-1]] for one in bank]
    for trees in ([one.heads for one in bank], mirrored):
        taken = TreeShape.of(trees)
        control = [shape([control_heads(w, seed=seed, shape=taken) for w in bank.words]) for seed in range(8)]
        np.testing.assert_allclose(np.mean(control, axis=0), shape(trees), rtol=0.25)


def test_no_shape_without_words() -> None:
    with pytest.raises(ValueError, match="no words in the trees; expected at least one"):
        TreeShape.of([[]])


def test_control_distances_are_those_of_the_control_tree() -> None:
    targets = control_targets([FOX, ["alone"], FOX[::-1]])
    for words, distances, depths in zip([FOX, ["alone"], FOX[::-1]], targets.distances, targets.depths):
        heads = control_heads(words)
        np.testing.assert_array_equal(distances, walk_distances(heads))
        np.testing.assert_array_equal(depths, walk_distances(heads)[int(np.flatnonzero(heads < 0)[0])])
    assert selectivity(0.8, 0.5) == pytest.approx(0.3)


def test_each_type_draws_its_relation_once_and_as_often_as_the_shares_say() -> None:
    shares = relation_shares([["root", "obj", "obj", "nsubj"], ["det", "root"]])
    assert shares == {"det": 0.25, "nsubj": 0.25, "obj": 0.5}
    words = [f"w{number}" for number in range(4000)]
    drawn = control_relations(words, [1] * len(words), shares=shares)
    for relation, share in shares.items():
        assert drawn.count(relation) / len(words) == pytest.approx(share, abs=0.03)
    # The same wherever it stands, unless it is the root; another seed draws others, and not what the trees draw.
    own = dict(zip(words, drawn))
    assert control_relations(("w7", "w3", "w7"), (1, -1, 1), shares=shares) == (own["w7"], "root", own["w7"])
    other = control_relations(words, [1] * len(words), shares=shares, seed=1)
    assert np.mean([a == b for a, b in zip(drawn, other)]) == pytest.approx(3 / 8, abs=0.03)
    levels = np.array([draw_behaviour(word, seed=0)[0] > 0 for word in words])
    assert np.mean(np.array(drawn)[levels] == "obj") == pytest.approx(0.5, abs=0.04)
    with pytest.raises(ValueError, match="no word has a relation but 'root'"):
        relation_shares([["root"]])
