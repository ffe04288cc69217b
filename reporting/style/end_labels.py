"""Names of lines written at their right ends, where a legend would make the eye travel."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import NDArray

from treeprobe.reporting.style.axes import room_in
from treeprobe.reporting.style.text_fonts import PLAIN

SIZE = 7.5


@dataclass(frozen=True)
class EndLabel:
    """The name of a line, the height of its right end in data units, and its colour."""

    text: str
    y: float
    color: str


def write_end_labels(labels: Sequence[EndLabel], ax: Axes, *, size: float = SIZE) -> Axes:
    """Write each name beside the end of its line, outside the axes, moved apart where they would touch.

    Call it last: names are moved apart for the limits that the axes have now.
    """
    found = [label for label in labels if np.isfinite(label.y)]
    if not found:
        return ax
    low, high = ax.get_ylim()
    wanted = np.array([(label.y - low) / (high - low) for label in found]) * room_in(ax)[1]
    # Each is tied to the height of its line, so that it stays with it when the limits change.
    for label, rise in zip(found, spread_apart(wanted, size * 1.25) - wanted, strict=True):
        ax.annotate(
            label.text,
            xy=(1.0, label.y),
            xytext=(9.0, rise),
            xycoords=("axes fraction", "data"),
            textcoords="offset points",
            color=label.color,
            fontsize=size,
            va="center",
            ha="left",
            annotation_clip=False,
            # From the name's left edge: from its middle the line would cross the names beside it.
            arrowprops={
                "arrowstyle": "-",
                "color": label.color,
                "linewidth": 0.5,
                "shrinkA": 1,
                "shrinkB": 1,
                "relpos": (0.0, 0.5),
            },
            **PLAIN,
        )
    return ax


def spread_apart(wanted: NDArray[np.float64], gap: float) -> NDArray[np.float64]:
    """The nearest places (in least squares) to those wanted, in the same order, at least `gap` apart.

    Less the running gaps, this is isotonic regression: pool neighbours that are out of order to their mean.
    """
    order = np.argsort(wanted, kind="stable")
    pools: list[list[float]] = []
    for value in wanted[order] - gap * np.arange(len(wanted)):
        pools.append([float(value)])
        while len(pools) > 1 and np.mean(pools[-2]) > np.mean(pools[-1]):
            last = pools.pop()
            pools[-1] += last
    levels = np.concatenate([np.full(len(pool), np.mean(pool)) for pool in pools])
    placed = np.empty(len(wanted))
    placed[order] = levels + gap * np.arange(len(wanted))
    return placed
