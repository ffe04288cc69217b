"""The probe's space on paper: distances kept as well as can be, names that do not cover each other."""

import itertools

import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from scipy.spatial.distance import pdist

from treeprobe.reporting import project, space_with_tree, space_with_tree_3d


def test_flat_clouds_come_through_unharmed() -> None:
    generator = np.random.default_rng(0)
    turned = np.linalg.qr(generator.normal(size=(16, 16)))[0]
    flat = generator.normal(size=(20, 2)) @ turned[:2]
    for method in ("pca", "mds"):
        shown = project(flat, method=method)
        np.testing.assert_allclose(pdist(shown.points), pdist(flat), rtol=1e-3, atol=1e-3)
        assert shown.stress < 1e-3


def test_scaling_keeps_distances_better_than_the_widest_directions() -> None:
    cloud = np.random.default_rng(1).normal(size=(25, 30))
    assert project(cloud, method="mds").stress < project(cloud, method="pca").stress - 0.05


def test_equal_points_make_equal_pictures() -> None:
    cloud = np.random.default_rng(2).normal(size=(12, 8))
    np.testing.assert_array_equal(project(cloud).points, project(cloud.copy()).points)


@pytest.mark.parametrize("words", [1, 2, 3])
def test_few_words_are_a_picture_too(words: int) -> None:
    assert project(np.eye(4)[:words]).points.shape == (words, 2)


def test_every_word_and_edge_is_drawn_once(
    words: tuple[str, ...], gold: np.ndarray, chain: np.ndarray, ax: Axes
) -> None:
    points = np.random.default_rng(3).normal(size=(len(words), 16))
    assert space_with_tree(words, points, chain, ax, gold=gold) is ax
    both = {frozenset(pair) for pair in [*gold.tolist(), *chain.tolist()]}
    assert sum(line.get_gid() == "edge" for line in ax.lines) == len(both)
    assert [text.get_text() for text in ax.texts] == list(words)


def test_edges_at_words_left_out_of_the_score_are_counted_apart(
    words: tuple[str, ...], gold: np.ndarray, ax: Axes
) -> None:
    points = np.random.default_rng(3).normal(size=(len(words), 16))
    space_with_tree(words, points, gold, ax, gold=gold, scored=np.array(words) != ".")
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["10 correct", "1 unscored"]
    with pytest.raises(ValueError, match="scored has shape"):
        space_with_tree(words, points, gold, ax, gold=gold, scored=[True])


def test_names_do_not_cover_each_other(words: tuple[str, ...], chain: np.ndarray) -> None:
    figure = Figure(figsize=(5, 4))
    ax = figure.add_subplot()
    space_with_tree(words, np.random.default_rng(4).normal(size=(len(words), 16)), chain, ax)
    figure.canvas.draw()
    boxes = [text.get_window_extent() for text in ax.texts]
    assert not any(a.overlaps(b) for a, b in itertools.combinations(boxes, 2))


def test_one_unit_is_as_long_both_ways(words: tuple[str, ...], chain: np.ndarray, ax: Axes) -> None:
    space_with_tree(words, np.random.default_rng(5).normal(size=(len(words), 16)), chain, ax)
    assert ax.get_aspect() == 1.0


def test_three_dimensions(words: tuple[str, ...], gold: np.ndarray, chain: np.ndarray) -> None:
    ax = Figure(figsize=(5, 5)).add_subplot(projection="3d")
    points = np.random.default_rng(6).normal(size=(len(words), 16))
    assert space_with_tree_3d(words, points, chain, ax, gold=gold) is ax
    both = {frozenset(pair) for pair in [*gold.tolist(), *chain.tolist()]}
    assert sum(line.get_gid() == "edge" for line in ax.lines) == len(both)


def test_bad_points_are_refused(words: tuple[str, ...], chain: np.ndarray, ax: Axes) -> None:
    with pytest.raises(ValueError, match="12 words but 3 points"):
        space_with_tree(words, np.eye(3), chain, ax)
    with pytest.raises(ValueError, match="finite"):
        project(np.full((4, 3), np.nan))
