"""Centres of heads and attention over images, in image coordinates."""

import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle

from treeprobe.reporting import head_centres, query_attention


def test_centres_move_from_the_first_step_to_the_last_in_image_coordinates(ax: Axes) -> None:
    centres = np.zeros((5, 9, 2))
    centres[:, 0] = np.linspace([0, 0], [1, -1], 5)
    assert head_centres(centres, ax) is ax
    last = next(text for text in ax.texts if text.get_text() == "1")
    # (row 1, column -1) is drawn at x = -1 and below the middle.
    assert last.get_position() == (-1.0, 1.0)
    assert ax.yaxis_inverted()
    assert sum(isinstance(patch, Rectangle) for patch in ax.patches) == 9
    with pytest.raises(ValueError, match="steps, heads, 2"):
        head_centres(np.zeros((5, 2)), ax)


def test_the_query_pixel_is_outlined(ax: Axes) -> None:
    assert query_attention(np.ones((8, 6)), (7, 2), ax) is ax
    outline = ax.patches[0]
    assert (outline.get_x(), outline.get_y()) == (1.5, 6.5)
    with pytest.raises(ValueError, match="not a pixel"):
        query_attention(np.ones((8, 6)), (2, 7), ax)
