"""Kernels of heads over relative offsets."""

import numpy as np
import pytest
from matplotlib.axes import Axes

from treeprobe.reporting import head_kernel, kernel_map


def test_a_kernel_has_a_bar_at_each_offset(ax: Axes) -> None:
    offsets, kernel = np.arange(-2, 3), np.array([0.1, 0.2, 0.4, 0.2, 0.1])
    assert head_kernel(offsets, kernel, ax, fitted=kernel) is ax
    assert [round(bar.get_x() + bar.get_width() / 2) for bar in ax.patches] == offsets.tolist()
    assert [bar.get_height() for bar in ax.patches] == kernel.tolist()
    with pytest.raises(ValueError, match="one weight for each offset"):
        head_kernel(offsets, kernel[:3], ax)


def test_kernels_stand_over_their_offsets(ax: Axes) -> None:
    kernels = np.random.default_rng(0).dirichlet(np.ones(5), size=3)
    assert kernel_map(np.arange(-2, 3), kernels, ax, names=["1-1", "1-2", "1-3"]) is ax
    image = ax.images[0]
    assert image.get_extent() == [-2.5, 2.5, 2.5, -0.5]
    np.testing.assert_array_equal(image.get_array(), kernels)
    with pytest.raises(ValueError, match="2 heads and 5 offsets"):
        kernel_map(np.arange(-2, 3), kernels, ax, names=["1-1", "1-2"])


def test_many_heads_are_named_only_as_far_as_names_fit(ax: Axes) -> None:
    kernel_map(np.arange(-1, 2), np.ones((400, 3)), ax, names=[str(head) for head in range(400)])
    assert 10 < len(ax.get_yticklabels()) < 100
