"""Figures of variants: what is filled, what is dashed, and that series of one size stay apart."""

import pandas as pd
import pytest

from treeprobe.reporting import new_figure, size_points, variant_curves, variant_points

TABLE = pd.DataFrame(
    {
        "variant": ["one", "two", "three"] * 2,
        "measure": ["uuas"] * 6,
        "step": [10] * 3 + [20] * 3,
        "value": [0.4, 0.5, 0.6, 0.5, 0.5, 0.7],
        "low": [0.3, 0.4, 0.5, 0.4, 0.4, 0.6],
        "high": [0.5, 0.6, 0.7, 0.6, 0.6, 0.8],
        "separated": [None, False, True] * 2,
    }
)


def test_a_point_is_filled_where_it_is_separated_from_the_reference() -> None:
    _, ax = new_figure()
    variant_points(TABLE[TABLE["step"] == 20], ax, names=["one", "two", "three", "four"], measure="uuas")
    points = {line.get_ydata()[0]: line for line in ax.lines if line.get_marker() == "o"}
    assert [points[place].get_markerfacecolor() != "white" for place in (3, 2, 1)] == [False, False, True]
    assert 0 not in points  # "four" was not measured
    assert [label.get_text() for label in ax.get_yticklabels()] == ["one", "two", "three", "four"]
    assert ax.lines[0].get_xdata()[0] == 0.5  # the reference


def test_curves_go_through_the_values_of_each_variant() -> None:
    _, ax = new_figure()
    variant_curves(TABLE, ax, names=["three", "one"], measure="uuas")
    assert [line.get_ydata().tolist() for line in ax.lines] == [[0.6, 0.7], [0.4, 0.5]]


def test_models_of_one_size_are_two_points() -> None:
    _, ax = new_figure()
    points = [(1e6, 50.0, 45.0, 55.0), (1e6, 40.0, 35.0, 45.0)]
    size_points({"here": points, "there": [(1e8, 4.0, 4.0, 4.0)]}, ax, label="perplexity", logarithmic=True)
    assert [len(container.lines[0].get_xdata()) for container in ax.containers] == [2, 1]
    assert (ax.get_xscale(), ax.get_yscale()) == ("log", "log")


def test_a_measure_that_is_not_there_is_named() -> None:
    _, ax = new_figure()
    with pytest.raises(ValueError, match="no 'loss'"):
        variant_points(TABLE, ax, names=["one"], measure="loss")
