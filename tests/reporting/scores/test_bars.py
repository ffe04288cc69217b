"""Bars: heights, the numbers beside them, and hatches where colour alone would distinguish."""

import numpy as np
import pandas as pd
import pytest
from matplotlib.axes import Axes

from treeprobe.reporting import category_bars, description_length_bars, selectivity_bars


def test_selectivity_is_the_gap_between_the_two_bars(ax: Axes) -> None:
    assert selectivity_bars(["layer 0", "layer 1"], [0.5, 0.7], [0.3, 0.75], ax) is ax
    assert [patch.get_height() for patch in ax.patches] == [0.5, 0.7, 0.3, 0.75]
    assert [text.get_text() for text in ax.texts] == ["+0.20", "-0.05"]


def test_control_bars_are_hatched_so_that_colour_is_not_needed(ax: Axes) -> None:
    selectivity_bars(["a"], [0.5], [0.3], ax)
    assert [bool(patch.get_hatch()) for patch in ax.patches] == [False, True]


def test_compression_is_the_uniform_code_over_the_codelength(ax: Axes) -> None:
    assert description_length_bars(["a"], [50_000.0], [100_000.0], ax) is ax
    assert [text.get_text() for text in ax.texts] == ["2.00×"]
    assert ax.patches[0].get_height() == 50.0


def test_relations_are_sorted_and_the_frequent_ones_kept(ax: Axes) -> None:
    rows = pd.DataFrame(
        {
            "by": "relation",
            "category": ["a", "b", "c"],
            "value": [0.2, 0.9, 0.5],
            "low": 0.1,
            "high": 0.95,
            "n": [10, 20, 1],
        }
    )
    assert category_bars(rows, ax, most=2) is ax
    assert [label.get_text() for label in ax.get_yticklabels()] == ["a", "b"]
    assert [patch.get_width() for patch in ax.patches] == [0.2, 0.9]


def test_values_that_do_not_fit_the_names_are_refused(ax: Axes) -> None:
    with pytest.raises(ValueError, match="2 names but values of shape"):
        selectivity_bars(["a", "b"], [0.5], [0.3, 0.2], ax)


def test_names_may_hold_mathematics(ax: Axes) -> None:
    selectivity_bars(["$x^$", "_"], np.array([0.1, 0.2]), np.array([0.0, 0.1]), ax)
    ax.figure.canvas.draw()
    assert [label.get_text() for label in ax.get_xticklabels()] == ["$x^$", "_"]
