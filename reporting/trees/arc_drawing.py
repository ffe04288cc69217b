"""Arcs over a row of words, painted by matplotlib as `treeprobe.parsing.drawing` lays them out."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import PathPatch, Polygon
from matplotlib.path import Path
from numpy.typing import NDArray

from treeprobe.parsing.drawing import arc_heights
from treeprobe.parsing.drawing.arc_layout import Arc, arc_path, arc_tip
from treeprobe.reporting.style.axes import size_in_points
from treeprobe.reporting.style.palette import ARCS
from treeprobe.reporting.style.text_fonts import PLAIN
from treeprobe.reporting.trees.word_row import LABEL_FONTSIZE, WordRow

LEVEL = 13.0
"""The height of one level of arcs in a figure of the suggested size, in points."""
_CORNER = 6.0
_TIP = 4.2
_CODES = {"move": Path.MOVETO, "line": Path.LINETO, "curve": Path.CURVE3}


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


def draw_arcs(arcs: Sequence[Arc], row: WordRow, ax: Axes, *, base: float, step: float, directed: bool = True) -> Axes:
    """Draw arcs with their labels, and an arrowhead at each dependent.

    Args:
        arcs: In points.
        row: The words.
        ax: The axes, in points (`scale_in_points`).
        base: The height at which arcs meet the words, in points.
        step: The height of one level, in points; negative to draw arcs downwards, below the words.
        directed: Whether arcs have arrowheads.
    """
    for arc in arcs:
        style = ARCS[arc.kind]
        pens = arc_path(arc, base=base, step=step, corner=_CORNER)
        path = Path([(x, y) for _, x, y in pens], [_CODES[pen] for pen, _, _ in pens])
        gid = "root" if arc.is_root else "arc"
        ax.add_patch(PathPatch(path, fill=False, capstyle="butt", gid=gid, **style.patch))
        if directed and not arc.cut_end:
            ax.add_patch(Polygon(arc_tip(arc, base=base, step=step, size=_TIP), color=style.color, linewidth=0))
        if arc.label:
            ax.text(
                (arc.start + arc.end) / 2,
                base + step * arc.level + 0.8,
                arc.label,
                ha="center",
                va="bottom",
                fontsize=LABEL_FONTSIZE,
                fontfamily=list(row.families),
                gid="relation",
                **PLAIN,
            )
    return ax


def arc_levels(marks: NDArray[np.int64]) -> int:
    """The number of levels that the arcs of marks, (marks, 2), take up; at least 1."""
    return int(arc_heights(marks).max(initial=1))
