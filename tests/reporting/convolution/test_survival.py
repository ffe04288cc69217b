"""Syntax that survives: shares are counted from the floor and need the intact model."""

import pandas as pd
import pytest
from matplotlib.axes import Axes

from treeprobe.reporting import survival_curves


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
    assert [text.get_text() for text in ax.texts] == [
        "intact (keeps 100%)",
        "own kernels (keeps 50%)",
        "uniform kernel (keeps 0%)",
        "chain",
    ]
    assert "share of intact UUAS above the chain, at layer 2" in ax.get_xlabel()


def test_survival_needs_the_intact_model(survival: pd.DataFrame, ax: Axes) -> None:
    with pytest.raises(ValueError, match="no condition 'intact'; found own kernels, uniform kernel"):
        survival_curves(survival[survival["condition"] != "intact"], ax)
