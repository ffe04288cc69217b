"""The artists of a figure that tests look at."""

from matplotlib.axes import Axes
from matplotlib.patches import PathPatch


def arcs_of(ax: Axes) -> list[PathPatch]:
    """The arcs of trees, in the order in which they were drawn."""
    return [patch for patch in ax.patches if patch.get_gid() == "arc"]
