"""Scores broken down by category, as `treeprobe.parsing.break_down` gives them."""

from collections.abc import Sequence

import pandas as pd


def breakdown_rows(scores: pd.DataFrame, by: str, *, columns: Sequence[str]) -> pd.DataFrame:
    """The scores by one kind of category.

    Args:
        scores: The table of `treeprobe.parsing.break_down`, possibly of several probes.
        by: The kind of category, such as "relation".
        columns: The columns that the caller needs besides `by`.

    Raises:
        ValueError: A column is missing, or the table has no scores by this kind of category.
    """
    if absent := {"by", *columns} - set(scores.columns):
        raise ValueError(f"expected columns by, {', '.join(columns)}; {sorted(absent)} not in {list(scores.columns)}")
    rows = scores[scores["by"] == by]
    if rows.empty:
        raise ValueError(f"no scores by {by!r}; found {', '.join(map(str, scores['by'].unique())) or 'none'}")
    return rows
