"""Distance matrices and depths: both matrices on one scale, every word named."""

import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from treeprobe.reporting import depth_scatter, distance_matrices, distance_matrix


def test_gold_and_predicted_share_one_scale(words: tuple[str, ...]) -> None:
    axes = Figure().subplots(1, 2)
    gold = np.abs(np.subtract.outer(range(12), range(12)))
    assert distance_matrices(words, gold, gold * 1.5, axes) is axes
    assert {ax.images[0].get_clim() for ax in axes} == {(0.0, 11.0)}
    assert [label.get_text() for label in axes[0].get_yticklabels()] == list(words)
    np.testing.assert_array_equal(axes[1].images[0].get_array(), gold * 1.5)


def test_matrices_of_another_size_are_refused(words: tuple[str, ...], ax: Axes) -> None:
    with pytest.raises(ValueError, match=r"12 words need a \(12, 12\) matrix; found \(3, 3\)"):
        distance_matrix(words, np.eye(3), ax)


def test_medians_of_perfect_depths_lie_on_the_line(ax: Axes) -> None:
    depths = np.repeat(np.arange(6), 10)
    assert depth_scatter(depths, depths, ax) is ax
    medians = next(line for line in ax.lines if line.get_label() == "median")
    np.testing.assert_array_equal(medians.get_xdata(), medians.get_ydata())
    assert len(ax.collections[0].get_offsets()) == 60


def test_depths_of_different_words_are_refused(ax: Axes) -> None:
    with pytest.raises(ValueError, match="gold depths of 3 words, predicted depths of 2"):
        depth_scatter([0, 1, 2], [0.0, 1.0], ax)
