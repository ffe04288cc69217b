"""Kernels, position codes, centres and attention over images."""

import numpy as np
import pandas as pd
import pytest
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle

from treeprobe.reporting import (
    fourier_spectra,
    head_centres,
    head_kernel,
    kernel_map,
    query_attention,
    share_by_number,
    similarity_matrix,
    survival_curves,
)


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


@pytest.fixture
def survival() -> pd.DataFrame:
    conditions = {"intact": 0.2, "own kernels": 0.1, "uniform kernel": 0.0}
    return pd.DataFrame(
        {"condition": name, "layer": layer, "value": 0.5 + above * layer, "low": 0.4, "high": 0.8}
        for name, above in conditions.items()
        for layer in range(3)
    )


def test_the_share_of_syntax_left_is_counted_from_the_floor(survival: pd.DataFrame, ax: Axes) -> None:
    assert survival_curves(survival, ax, floor=0.5) is ax
    assert [text.get_text() for text in ax.texts] == ["intact  100%", "own kernels  50%", "uniform kernel  0%", "chain"]


def test_survival_needs_the_intact_model(survival: pd.DataFrame, ax: Axes) -> None:
    with pytest.raises(ValueError, match="no condition 'intact'; found own kernels, uniform kernel"):
        survival_curves(survival[survival["condition"] != "intact"], ax)


def test_waves_stand_in_the_order_of_their_frequencies(ax: Axes) -> None:
    positions = np.arange(64)[:, None]
    waves = np.cos(2 * np.pi * positions * np.array([9, 2, 30, 5]) / 64)
    power = np.abs(np.fft.rfft(waves, axis=0)[1:]) ** 2
    assert fourier_spectra(power, ax) is ax
    assert ax.images[0].get_array().argmax(axis=0).tolist() == [1, 4, 8, 29]
    assert ax.images[0].get_extent() == [-0.5, 3.5, 0.5, 32.5]
    with pytest.raises(ValueError, match="at least 0"):
        fourier_spectra(-power, ax)


def test_similarity_runs_from_minus_one_to_one(ax: Axes) -> None:
    assert similarity_matrix(np.eye(4), ax) is ax
    assert ax.images[0].get_clim() == (-1, 1)
    with pytest.raises(ValueError, match="square"):
        similarity_matrix(np.ones((3, 4)), ax)


def test_shares_are_counted_from_one(ax: Axes) -> None:
    assert share_by_number({"learned": [0.5, 0.9]}, ax, label="share", along="frequencies") is ax
    assert ax.lines[0].get_xdata().tolist() == [1, 2]


def test_centres_move_from_the_first_step_to_the_last_in_image_coordinates(ax: Axes) -> None:
    centres = np.zeros((5, 9, 2))
    centres[:, 0] = np.linspace([0, 0], [1, -1], 5)
    assert head_centres(centres, ax) is ax
    last = next(text for text in ax.texts if text.get_text() == "1")
    # (row 1, column -1) is drawn at x = -1 and below the middle.
    assert last.get_position() == (-1.0, 1.0)
    assert ax.yaxis_inverted()
    assert sum(isinstance(patch, Rectangle) for patch in ax.patches) == 9
    with pytest.raises(ValueError, match="steps, heads, 2"):
        head_centres(np.zeros((5, 2)), ax)


def test_the_query_pixel_is_outlined(ax: Axes) -> None:
    assert query_attention(np.ones((8, 6)), (7, 2), ax) is ax
    outline = ax.patches[0]
    assert (outline.get_x(), outline.get_y()) == (1.5, 6.5)
    with pytest.raises(ValueError, match="not a pixel"):
        query_attention(np.ones((8, 6)), (2, 7), ax)
