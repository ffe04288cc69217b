"""Quantities of heads by layer: every head a point, every layer a mean."""

import numpy as np
from matplotlib.axes import Axes

from treeprobe.reporting import behaviour_by_layer, head_grid


def test_layer_means_run_through_the_heads(ax: Axes) -> None:
    values = np.random.default_rng(0).uniform(size=(6, 12))
    assert behaviour_by_layer({"[SEP]": values}, ax) is ax
    points, mean = ax.lines
    assert len(points.get_xdata()) == 72
    np.testing.assert_allclose(mean.get_ydata(), values.mean(axis=1))


def test_heads_and_layers_are_counted_from_one_with_the_first_layer_below(ax: Axes) -> None:
    assert head_grid(np.zeros((2, 3)), ax, label="entropy") is ax
    assert [label.get_text() for label in ax.get_xticklabels()] == ["1", "2", "3"]
    assert [label.get_text() for label in ax.get_yticklabels()] == ["1", "2"]
    bottom, top = ax.get_ylim()
    assert bottom < top
