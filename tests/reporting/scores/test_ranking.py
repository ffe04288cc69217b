"""A ranking is drawn best first, filled where a checkpoint may be the best, with the ranks that it may have."""

import pandas as pd
import pytest
from matplotlib.colors import to_hex

from treeprobe.reporting import new_figure, ranked_scores, ranking_size


def table() -> pd.DataFrame:
    columns = ["checkpoint", "metric", "value", "low", "high", "rank_low", "rank_high", "best"]
    rows = [
        ["first", "las", 0.6, 0.5, 0.7, 1, 2, 0.8],
        ["second", "las", 0.5, 0.4, 0.6, 1, 2, 0.2],
        ["third_$x$", "las", 0.1, 0.0, 0.2, 3, 3, 0.0],
    ]
    return pd.DataFrame(rows, columns=columns)


def test_each_checkpoint_has_its_point_interval_and_ranks() -> None:
    figure, axes = new_figure(ranking_size(3))
    assert ranked_scores(table(), axes) is axes
    figure.draw_without_rendering()
    assert [label.get_text() for label in axes.get_yticklabels()] == ["first", "second", "third_$x$"]
    intervals, points = axes.lines[::2], axes.lines[1::2]
    assert [line.get_xdata()[0] for line in points] == [0.6, 0.5, 0.1]
    assert [list(line.get_xdata()) for line in intervals] == [[0.5, 0.7], [0.4, 0.6], [0.0, 0.2]]
    heights = [line.get_ydata()[0] for line in points]
    assert heights == sorted(heights, reverse=True)
    filled = [to_hex(line.get_markerfacecolor()) != "#ffffff" for line in points]
    assert filled == [True, True, False]
    assert [text.get_text() for text in axes.texts] == [
        "rank 1 to 2, first in 80%",
        "rank 1 to 2, first in 20%",
        "rank 3, first in 0%",
    ]
    assert axes.get_xlabel() == "LAS"


def test_an_empty_ranking_is_refused() -> None:
    with pytest.raises(ValueError, match="expected the table of a ranking"):
        ranked_scores(table()[:0], new_figure()[1])
