"""Differences from separate probes by training sentences: what is drawn is what the table says."""

import numpy as np
import pandas as pd
import pytest

from treeprobe.reporting import new_figure, sharing_curves, sharing_figure


@pytest.fixture
def table() -> pd.DataFrame:
    """Two sizes of three rungs; of hard sharing, two weightings, one of which dev prefers."""
    rows = []
    for size in (100, 1000):
        for sharing, weighting, chosen, difference in (
            ("separate", "equal", True, np.nan),
            ("separate, trace norm", "equal", True, 0.02),
            ("hard", "equal", True, -0.1),
            ("hard", "fixed", False, 0.5),
        ):
            low, high = difference - 0.01, difference + 0.03
            rows.append(
                {
                    "sentences": size,
                    "sharing": sharing,
                    "weighting": weighting,
                    "metric": "uuas",
                    "difference": difference,
                    "difference_low": low,
                    "difference_high": high,
                    "chosen": chosen,
                }
            )
    return pd.DataFrame(rows)


def test_a_series_for_each_way_of_sharing_with_its_intervals(table: pd.DataFrame) -> None:
    _, ax = new_figure()
    sharing_curves(table, ax)
    handles, labels = ax.get_legend_handles_labels()
    assert labels == ["separate, trace norm", "hard"], "what is compared with has no difference of its own"
    for handle, difference in zip(handles, (0.02, -0.1)):
        line, _, (bars,) = handle.lines
        np.testing.assert_allclose(line.get_ydata(), [difference] * 2)
        spans = [np.sort(segment[:, 1]) for segment in bars.get_segments()]
        np.testing.assert_allclose(spans, [[difference - 0.01, difference + 0.03]] * 2)
    places = [handle.lines[0].get_xdata()[0] for handle in handles]
    assert len(set(places)) == 2, "intervals stand side by side"
    assert [text.get_text() for text in ax.get_xticklabels()] == ["100", "1,000"]


def test_a_metric_that_is_not_there_is_named(table: pd.DataFrame) -> None:
    with pytest.raises(ValueError, match="no differences of 'nspr'; found uuas"):
        sharing_curves(table, new_figure()[1], metric="nspr")


def test_every_task_has_a_panel_and_all_have_one_legend(table: pd.DataFrame) -> None:
    every = pd.concat([table.assign(metric=metric) for metric in ("uuas", "nspr", "relation_accuracy")])
    figure = sharing_figure(every)
    assert [ax.get_title().partition(":")[0] for ax in figure.axes] == ["distance", "depth", "relation"]
    [legend] = figure.legends
    assert [text.get_text() for text in legend.get_texts()] == ["separate, trace norm", "hard"]
    assert all(ax.get_legend() is None for ax in figure.axes)
