"""The figure of effort: bars are the baseline's part and the layer's, curves the points of two layers."""

import numpy as np
import pandas as pd
import pytest
from matplotlib.axes import Axes

from treeprobe.reporting import effort_by_layer, effort_curve, effort_figure


def effort_rows(family: str = "linear") -> list[dict[str, object]]:
    """Layer 1 adds .2 to a baseline of .4, layer 2 takes .1 away."""
    rows: list[dict[str, object]] = [
        {"family": "chain", "layer": None, "measure": "uuas", "value": 0.35},
        {"family": family, "layer": None, "measure": "baseline_uuas", "value": 0.4},
    ]
    for layer, added in ((0, 0.0), (1, 0.2), (2, -0.1)):
        for measure, value in (("conditional_uuas", added), ("uuas", 0.5 + added), ("control_uuas", 0.3)):
            rows.append({"family": family, "layer": layer, "measure": measure, "value": value,
                         "low": value - 0.02, "high": value + 0.05})  # fmt: skip
    return rows


def points() -> pd.DataFrame:
    rows = [
        {"family": "linear", "layer": layer, "axis": axis, "at": at, "value": 0.1 * layer + 0.05 * place,
         "low": 0.0, "high": 0.9}
        for axis in ("rank", "nuclear norm", "sentences") for layer in (0, 1) for place, at in enumerate((1, 4, 16))
    ]  # fmt: skip
    return pd.DataFrame(rows)


def test_bars_stand_on_the_baseline_and_show_what_is_added_or_taken_away(ax: Axes) -> None:
    assert effort_by_layer(pd.DataFrame(effort_rows()), ax, family="linear") is ax
    alone, added, lost = (
        [(bar.get_y(), bar.get_height()) for bar in container] for container in ax.containers if len(container) == 3
        and hasattr(container[0], "get_height")
    )  # fmt: skip
    np.testing.assert_allclose(alone, [(0, 0.4)] * 3)
    np.testing.assert_allclose(added, [(0.4, 0), (0.4, 0.2), (0.4, 0)])
    np.testing.assert_allclose(lost, [(0.4, 0), (0.4, 0), (0.4, -0.1)])
    markers = {line.get_label(): list(line.get_ydata()) for line in ax.lines}
    assert markers["control trees"] == [0.3] * 3
    assert markers["layer without baseline"] == pytest.approx([0.5, 0.7, 0.4])
    assert set(ax.get_legend_handles_labels()[1]) >= {"taken away", "added by the layer", "chain"}


def test_curves_are_those_of_the_layer_and_of_the_baseline(ax: Axes) -> None:
    effort_curve(points(), ax, axis="rank", family="linear", layer=1, baseline=0)
    assert [line.get_label() for line in ax.lines] == ["layer 1", "layer 0 (baseline)"]
    np.testing.assert_allclose(ax.lines[0].get_ydata(), [0.1, 0.15, 0.2])
    assert ax.get_xscale() == "log"


def test_the_figure_has_a_panel_a_family_and_one_an_axis() -> None:
    table = pd.DataFrame(effort_rows() + effort_rows("kernel")[1:])
    figure = effort_figure(table, points(), layer=1, baseline=0)
    assert [ax.get_title() for ax in figure.axes] == ["linear", "kernel", "", "", ""]
    alone = effort_figure(table, points().query("axis != 'nuclear norm'"), layer=1, baseline=None)
    assert [len(ax.lines) for ax in alone.axes[2:]] == [1, 1]


def test_what_is_not_in_the_tables_is_refused(ax: Axes) -> None:
    with pytest.raises(ValueError, match="no family 'cubic'; found chain, linear"):
        effort_by_layer(pd.DataFrame(effort_rows()), ax, family="cubic")
    with pytest.raises(ValueError, match="no points of kernel by rank"):
        effort_curve(points(), ax, axis="rank", family="kernel", layer=1, baseline=0)
