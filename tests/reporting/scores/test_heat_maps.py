"""Heat maps: each value in its own cell, relations by frequency."""

import numpy as np
import pandas as pd
import pytest
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb

from treeprobe.reporting import category_map, heat_map


def numbers_in(ax: Axes) -> dict[tuple[int, int], str]:
    return {(round(text.get_position()[1]), round(text.get_position()[0])): text.get_text() for text in ax.texts}


def test_every_value_is_written_in_its_cell(ax: Axes) -> None:
    values = np.array([[0.123, -0.5, 1.0], [np.nan, -0.001, 12.3]])
    assert heat_map(values, ax, rows=["a", "b"], columns=["x", "y", "z"], label="value") is ax
    written = {(0, 0): ".12", (0, 1): "\N{MINUS SIGN}.50", (0, 2): "1.00", (1, 1): ".00", (1, 2): "12.30"}
    assert numbers_in(ax) == written


def test_small_values_are_written_with_the_digits_that_they_need(ax: Axes) -> None:
    heat_map([[0.0087, -0.0004]], ax, rows=["a"], columns=["x", "y"], label="value")
    assert numbers_in(ax) == {(0, 0): ".0087", (0, 1): "\N{MINUS SIGN}.0004"}


def test_numbers_contrast_with_their_cells(ax: Axes) -> None:
    heat_map(np.array([[0.0, 1.0]]), ax, rows=["a"], columns=["x", "y"], label="value")
    dark, light = (np.mean(to_rgb(text.get_color())) for text in ax.texts)
    assert dark == 1.0
    assert light == 0.0


def test_numbers_are_left_out_where_they_would_not_fit(ax: Axes) -> None:
    heat_map(np.zeros((60, 60)), ax, rows=["r"] * 60, columns=["c"] * 60, label="value")
    assert not ax.texts


def test_signed_values_have_zero_in_the_middle_of_the_scale(ax: Axes) -> None:
    heat_map(np.array([[-1.0, 3.0]]), ax, rows=["a"], columns=["x", "y"], label="offset", signed=True)
    assert ax.images[0].get_clim() == (-3.0, 3.0)


def test_relations_stand_by_frequency(ax: Axes) -> None:
    rows = [
        {"by": "relation", "category": relation, "layer": layer, "value": layer / 10, "n": n}
        for relation, n in (("rare", 3), ("frequent", 3000))
        for layer in range(3)
    ]
    category_map(pd.DataFrame(rows), ax, across="layer")
    assert [label.get_text() for label in ax.get_yticklabels()] == ["frequent  (3,000)", "rare  (3)"]
    np.testing.assert_allclose(ax.images[0].get_array()[0], [0.0, 0.1, 0.2])


def test_lengths_keep_their_order_however_frequent(ax: Axes) -> None:
    rows = pd.DataFrame({"by": "arc_length", "category": ["1", "2", "3+"], "layer": 0, "value": 0.5, "n": [5, 90, 7]})
    category_map(rows, ax, across="layer", by="arc_length")
    assert [label.get_text()[:2] for label in ax.get_yticklabels()] == ["1 ", "2 ", "3+"]
    with pytest.raises(ValueError, match="no scores by 'relation'; found arc_length"):
        category_map(rows, ax, across="layer")


def test_names_that_do_not_fit_are_refused(ax: Axes) -> None:
    with pytest.raises(ValueError, match=r"shape \(2, 2\) do not fit 1 row names"):
        heat_map(np.eye(2), ax, rows=["a"], columns=["x", "y"], label="")
    with pytest.raises(ValueError, match="'n'"):
        category_map(
            pd.DataFrame({"by": ["relation"], "category": ["a"], "layer": [0], "value": [1.0]}), ax, across="layer"
        )
