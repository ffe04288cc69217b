"""Systems ranked by a score: the score with its interval, and the ranks that each may have."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from treeprobe.reporting.style.axes import SMALL_FONTSIZE, clean_axes
from treeprobe.reporting.style.names import metric_name
from treeprobe.reporting.style.palette import BLUE, GREY
from treeprobe.reporting.style.text_fonts import PLAIN, font_families


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
        ax.plot([row["low"], row["high"]], [place, place], color=BLUE, linewidth=1.6, solid_capstyle="butt")
        ax.plot(
            row["value"],
            place,
            "o",
            markersize=5.5,
            color=BLUE,
            markerfacecolor=BLUE if row["rank_low"] == 1 else "white",
        )
        ranks = (
            str(row["rank_low"]) if row["rank_low"] == row["rank_high"] else f"{row['rank_low']} to {row['rank_high']}"
        )
        ax.annotate(
            f"rank {ranks}, first in {row['best']:.0%}",
            xy=(1.02, place),
            xycoords=("axes fraction", "data"),
            va="center",
            fontsize=SMALL_FONTSIZE,
            color=GREY,
        )
    names = [str(name) for name in table["checkpoint"]]
    ax.set_yticks(places, names, fontsize=8, fontfamily=font_families(names), **PLAIN)
    ax.set_ylim(-0.6, len(names) - 0.4)
    ax.set_xlabel(metric_name(str(table["metric"].iloc[0])))
    ax.xaxis.set_major_locator(MaxNLocator(nbins=5))
    clean_axes(ax, grid="x")
    ax.tick_params(axis="y", length=0)
    return ax
