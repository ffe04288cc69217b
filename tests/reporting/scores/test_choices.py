"""Shares of pairs that are right: points, intervals, chance and baseline."""

import pandas as pd
import pytest
from matplotlib.axes import Axes

from treeprobe.reporting import choice_accuracy


def rows(by: str, categories: list[str]) -> pd.DataFrame:
    cells = [
        (source, by, category, metric, 0.5 + 0.1 * place, 0.4, 0.95, 20)
        for source in ("dev", "grammar")
        for place, category in enumerate(categories)
        for metric in ("sentence", "target", "frequency")
    ]
    return pd.DataFrame(cells, columns=["source", "by", "category", "metric", "value", "low", "high", "n"])


def test_constructions_are_rows_with_a_series_for_each_source(ax: Axes) -> None:
    assert choice_accuracy(rows("construction", ["simple", "existential"]), ax) is ax
    assert [label.get_text() for label in ax.get_yticklabels()] == ["simple", "existential"]
    assert ax.get_ylim()[0] > ax.get_ylim()[1]  # from the top
    names = [text.get_text() for text in ax.get_legend().get_texts()]
    assert sorted(names) == ["chance", "dev", "grammar", "word frequency"]
    points = ax.containers[0].lines[0]
    assert points.get_xdata().tolist() == pytest.approx([0.5, 0.6])


def test_attractors_and_distances_are_columns_in_the_order_of_numbers(ax: Axes) -> None:
    choice_accuracy(rows("distance", ["11+", "2", "4-5"]), ax, by="distance", metric="target")
    assert [label.get_text() for label in ax.get_xticklabels()] == ["2", "4-5", "11+"]


def test_a_table_without_the_scores_asked_for_is_refused(ax: Axes) -> None:
    table = rows("construction", ["simple"])
    with pytest.raises(ValueError, match="no scores by 'distance'"):
        choice_accuracy(table, ax, by="distance")
    with pytest.raises(ValueError, match="no scores of 'uuas'; found sentence, target, frequency"):
        choice_accuracy(table, ax, metric="uuas")
