"""Arcs over a row of words: their paths, arrow heads and labels."""

import math
from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import PathPatch, Polygon
from matplotlib.path import Path
from numpy.typing import NDArray

from treeprobe.parsing.drawing import arc_heights, arc_ports
from treeprobe.reporting.style.axes import size_in_points
from treeprobe.reporting.style.palette import LineStyle
from treeprobe.reporting.style.text_fonts import PLAIN, text_width
from treeprobe.reporting.trees.word_row import ARC_PITCH, WordRow

LEVEL = 13.0
"""The height of one level of arcs in a figure of the suggested size, in points."""
_LABEL_FONTSIZE = 6.5
_MIN_LABEL_FONTSIZE = 4.5


def scale_in_points(ax: Axes, *, left: float = 0.0) -> tuple[float, float]:
    """Make one data unit one point, starting `left` points from the left edge, and hide the frame.

    Returns:
        The width and height of the axes in points.
    """
    width, height = size_in_points(ax)
    ax.set_xlim(-left, width - left)
    ax.set_ylim(0, height)
    ax.set_axis_off()
    return width, height


def draw_arcs(
    row: WordRow,
    edges: NDArray[np.int64],
    ax: Axes,
    *,
    base: float,
    step: float,
    styles: Sequence[LineStyle],
    labels: Sequence[str] | None = None,
    arrows: bool = False,
) -> Axes:
    """Draw an arc for each edge, one level higher than the arcs that it covers.

    Args:
        row: The words.
        edges: (edges, 2).
        ax: The axes, in points (`scale_in_points`).
        base: The height at which arcs meet the words, in points.
        step: The height of one level, in points; negative to draw arcs downwards, below the words.
        styles: One for each edge.
        labels: The relation of each edge.
        arrows: Whether arcs point at the second word of each edge.
    """
    if labels is not None and len(labels) != len(edges):
        raise ValueError(f"{len(edges)} edges but {len(labels)} labels; expected one label for each edge")
    # Ports are fractions of half a column; a word's arcs never spread wider than the word or they themselves need.
    needed = np.maximum(26.0, ARC_PITCH * arcs_per_word(row.words, edges))
    spread = np.minimum(row.widths, needed) / 2 * 0.85
    flip = -1.0 if len(row.centres) > 1 and row.centres[0] > row.centres[-1] else 1.0
    ends = row.centres[edges] + flip * arc_ports(edges) * spread[edges]
    for index, (style, level) in enumerate(zip(styles, arc_heights(edges), strict=True)):
        tail, tip = ends[index]
        top = base + step * (level - 0.15)
        path = _arc_path(tail, tip, base, top)
        ax.add_patch(PathPatch(path, fill=False, capstyle="butt", gid="arc", **style.patch))
        if arrows:
            back = base + math.copysign(4.2, step)
            head = [(tip, base), (tip - 1.8, back), (tip + 1.8, back)]
            ax.add_patch(Polygon(head, color=style.color, linewidth=0))
        if labels is not None:
            _write_label(labels[index], (tail, tip), top, row, ax)
    return ax


def arcs_per_word(words: Sequence[str], *trees: NDArray[np.int64]) -> NDArray[np.int64]:
    """The number of arcs that meet at each word, (words,); the largest of those in several trees."""
    return np.max([np.bincount(edges.ravel(), minlength=len(words)) for edges in trees], axis=0)


def arc_levels(edges: NDArray[np.int64]) -> int:
    """The number of levels that the arcs of edges, (edges, 2), take up; at least 1."""
    return int(arc_heights(edges).max(initial=1))


def _arc_path(tail: float, tip: float, base: float, top: float) -> Path:
    """The path from one word up, across with rounded corners, and down to the other."""
    radius = min(abs(tip - tail) / 2, abs(top - base), 6.0)
    across = np.sign(tip - tail) * radius
    down = np.sign(base - top) * radius
    points = [
        (tail, base),
        (tail, top + down),
        (tail, top),
        (tail + across, top),
        (tip - across, top),
        (tip, top),
        (tip, top + down),
        (tip, base),
    ]
    codes = [Path.MOVETO, Path.LINETO, Path.CURVE3, Path.CURVE3, Path.LINETO, Path.CURVE3, Path.CURVE3, Path.LINETO]
    return Path(points, codes)


def _write_label(label: str, ends: tuple[float, float], top: float, row: WordRow, ax: Axes) -> None:
    """Write a relation over its arc, smaller where the arc is short; one too small to read is left out."""
    tail, tip = ends
    needed = text_width(label, fontsize=_LABEL_FONTSIZE, families=row.families)
    fontsize = _LABEL_FONTSIZE * min(1.0, (abs(tip - tail) + 6.0) / max(needed, 1.0))
    if fontsize >= _MIN_LABEL_FONTSIZE:
        style = {"fontsize": fontsize, "fontfamily": list(row.families), **PLAIN}
        ax.text((tail + tip) / 2, top + 0.8, label, ha="center", va="bottom", **style)
