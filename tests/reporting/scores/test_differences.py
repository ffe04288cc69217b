"""Paired differences: which points are filled, and the printed names of metrics."""

import pytest
from matplotlib.axes import Axes

from treeprobe.parsing import Difference
from treeprobe.reporting import paired_differences


def test_points_are_solid_only_where_zero_is_left_out(ax: Axes) -> None:
    found = {
        "better": Difference("uuas", 0.05, 0.04, 0.06, 0.001, 100),
        "alike": Difference("uuas", 0.01, -0.01, 0.03, 0.4, 100),
        "worse": Difference("uuas", -0.05, -0.06, -0.04, 0.001, 100, least_p=0.001),
    }
    assert paired_differences(found, ax, baseline="MiniLM") is ax
    points = [line for line in ax.lines if line.get_marker() == "o"]
    assert [point.get_markerfacecolor() == "white" for point in points] == [False, True, False]
    assert [label.get_text() for label in ax.get_yticklabels()] == list(found)
    assert [text.get_text() for text in ax.texts][-1] == "-0.050  (p <0.001)"


def test_a_metric_goes_by_its_name_in_print(ax: Axes) -> None:
    paired_differences({"a": Difference("dspr", 0.05, 0.04, 0.06, 0.001, 100)}, ax)
    assert ax.get_xlabel() == "difference in DSpr."


def test_a_figure_of_no_differences_is_refused(ax: Axes) -> None:
    with pytest.raises(ValueError, match="at least one"):
        paired_differences({}, ax)
