"""Odds ratios by layer: filled where the interval excludes one, on a logarithmic axis."""

import numpy as np
import pandas as pd
import pytest
from matplotlib.axes import Axes

from treeprobe.reporting import association_by_layer, gain_by_layer


@pytest.fixture
def association() -> pd.DataFrame:
    """Layers 0 to 3: by themselves associated everywhere, beside the covariates in layer 2 alone."""
    rows = []
    for layer in range(4):
        rows.append((layer, "log_odds_ratio", 0.8, 0.4, 1.2))
        adjusted = 0.9 if layer == 2 else 0.1
        rows.append((layer, "adjusted_log_odds_ratio", adjusted, adjusted - 0.3, adjusted + 0.3))
        rows.append((layer, "gain", 0.01, 0.0, 0.02))
    return pd.DataFrame(rows, columns=["layer", "measure", "value", "low", "high"])


def points(ax: Axes, *, filled: bool) -> int:
    """How many points are filled, or hollow."""
    marked = [line for line in ax.lines if line.get_linestyle() == "None"]
    return sum(len(line.get_xdata()) for line in marked if (line.get_markerfacecolor() != "white") == filled)


def test_points_are_filled_where_the_interval_excludes_one(ax: Axes, association: pd.DataFrame) -> None:
    assert association_by_layer(association, ax) is ax
    assert points(ax, filled=True) == 4 + 1
    assert points(ax, filled=False) == 3
    assert [label.get_text() for label in ax.get_xticklabels()] == ["0", "1", "2", "3"]
    assert [label.get_text() for label in ax.get_yticklabels()] == ["1", "2"]
    assert ax.get_yticks().tolist() == pytest.approx([0.0, np.log(2)])


def test_steps_of_training_are_places_of_their_own(ax: Axes, association: pd.DataFrame) -> None:
    association_by_layer(association.assign(step=10 ** association["layer"]), ax, along="step")
    assert [label.get_text() for label in ax.get_xticklabels()] == ["1", "10", "100", "1000"]
    assert ax.get_xlabel() == "training step"


def test_the_gain_is_over_the_covariates_alone(ax: Axes, association: pd.DataFrame) -> None:
    assert gain_by_layer(association, ax) is ax
    assert points(ax, filled=True) == 0  # intervals that reach 0
    legend = ax.get_legend()
    assert legend is not None
    assert [text.get_text() for text in legend.get_texts()] == ["with the trees", "covariates alone"]
    without = association.assign(value=association["value"].where(association["measure"] != "gain"))
    with pytest.raises(ValueError, match="no value of gain; found log_odds_ratio"):
        gain_by_layer(without, ax)


def test_nothing_to_draw_is_said(ax: Axes, association: pd.DataFrame) -> None:
    with pytest.raises(ValueError, match="no value of log_odds_ratio or adjusted_log_odds_ratio; found gain"):
        association_by_layer(association[association["measure"] == "gain"], ax)
    with pytest.raises(ValueError, match="no column step"):
        association_by_layer(association, ax, along="step")
