"""Systems ranked by a score: the score with its interval, and the ranks that each may have."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from treeprobe.reporting.style.names import metric_name
from treeprobe.reporting.style.rows import interval_row, name_rows


def ranking_size(checkpoints: int) -> tuple[float, float]:
    """Width and height in inches of a figure of `ranked_scores`."""
    return 6.2, 0.9 + 0.28 * checkpoints


def ranked_scores(table: pd.DataFrame, ax: Axes) -> Axes:
    """Draw the score of each checkpoint with its 95 % interval in a row of its own, the highest at the top.

    Filled points: the checkpoint may be the best. Beside it are its rank, the ranks that it may have, and how often it
    is first in the bootstrap.

    Args:
        table: A row a checkpoint, the first first: checkpoint, metric, value, low, high, rank_low, rank_high, best.
        ax: The axes, returned.

    Raises:
        ValueError: The table has no rows.
    """
    if table.empty:
        raise ValueError("no checkpoint to draw; expected the table of a ranking")
    places = np.arange(len(table))[::-1]
    for place, row in zip(places, table.to_dict("records"), strict=True):
        ranks = (
            str(row["rank_low"]) if row["rank_low"] == row["rank_high"] else f"{row['rank_low']} to {row['rank_high']}"
        )
        interval_row(
            ax,
            place,
            row["value"],
            row["low"],
            row["high"],
            filled=row["rank_low"] == 1,
            note=f"rank {ranks}, first in {row['best']:.0%}",
        )
    ax.set_xlabel(metric_name(str(table["metric"].iloc[0])))
    return name_rows(ax, [str(name) for name in table["checkpoint"]], places)
