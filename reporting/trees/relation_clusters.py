"""Edges of trees as points: do relations of several languages fall together?"""

from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from treeprobe.reporting.style.axes import SMALL_FONTSIZE
from treeprobe.reporting.style.palette import BLACK, series_styles
from treeprobe.reporting.style.text_fonts import PLAIN

_COLUMNS = ("language", "relation", "x", "y")


def relation_clusters(points: pd.DataFrame, ax: Axes, *, legend: bool = True) -> Axes:
    """Draw edges as points, coloured by relation and marked by language, after Chi et al. (2020), figure 1.

    The first language's points are hollow, so that another's are seen on top of them. Axes have one scale and no ticks:
    t-SNE keeps who is near whom, and nothing else.

    Args:
        points: A row an edge: language, relation, x, y.
        ax: The axes, returned.
        legend: Name relations and languages beside the axes.

    Raises:
        ValueError: A column is missing.
    """
    if missing := [name for name in _COLUMNS if name not in points]:
        raise ValueError(f"points without {', '.join(missing)}; expected the columns {', '.join(_COLUMNS)}")
    relations, languages = (list(dict.fromkeys(points[name])) for name in ("relation", "language"))
    colours = [style.color for style, _ in zip(series_styles(), range(7))]
    markers = [style.marker for style, _ in zip(series_styles(), range(7))]
    for (language, relation), some in points.groupby(["language", "relation"], sort=False):
        place, number = relations.index(relation), languages.index(language)
        colour = colours[place % len(colours)]
        ax.scatter(
            some["x"],
            some["y"],
            s=11,
            marker=markers[number % len(markers)],
            linewidths=0.7,
            edgecolors=colour,
            facecolors="none" if number == 0 else colour,
            alpha=0.8,
        )
    ax.set_aspect("equal", adjustable="datalim")
    ax.set_xticks([])
    ax.set_yticks([])
    if legend:
        bare: dict[str, Any] = {"linestyle": "none", "markersize": 5}
        handles = [
            Line2D([], [], marker="o", color=colours[place % len(colours)], label=relation, **bare)
            for place, relation in enumerate(relations)
        ]
        handles += [
            Line2D(
                [], [], marker=markers[number % len(markers)], color=BLACK, label=language,
                markerfacecolor="none" if number == 0 else BLACK, **bare,
            )
            for number, language in enumerate(languages)
        ]  # fmt: skip
        shown = ax.legend(
            handles=handles, loc="center left", bbox_to_anchor=(1.0, 0.5), frameon=False, fontsize=SMALL_FONTSIZE
        )
        for text in shown.get_texts():
            text.set(**PLAIN)
    return ax
