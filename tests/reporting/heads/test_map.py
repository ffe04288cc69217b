"""Maps of heads: every head a point, coloured by behaviour or by a quantity."""

import numpy as np
import pytest
from matplotlib.axes import Axes

from treeprobe.reporting import head_map, head_name, new_figure


def test_every_head_is_a_point_of_the_map(ax: Axes) -> None:
    cloud = np.random.default_rng(0).normal(size=(24, 2))
    kinds = ["broad", "previous word", "syntax"] * 8
    assert head_map(cloud, ax, behaviours=kinds, names=[head_name(i // 12, i % 12) for i in range(24)]) is ax
    drawn = np.concatenate([collection.get_offsets() for collection in ax.collections])
    np.testing.assert_allclose(np.sort(drawn, axis=0), np.sort(cloud, axis=0))
    assert {text.get_text() for text in ax.get_legend().get_texts()} == set(kinds)
    assert len(ax.texts) == 12


def test_a_map_can_be_shaded_by_a_quantity(ax: Axes) -> None:
    head_map(np.eye(2), ax, values=[0.1, 0.9], label="entropy")
    np.testing.assert_allclose(ax.collections[0].get_array(), [0.1, 0.9])
    with pytest.raises(ValueError, match="two dimensions"):
        head_map(np.eye(3), ax)
    with pytest.raises(ValueError, match=r"2 heads but names of shape \(1,\); expected one for each head"):
        head_map(np.eye(2), ax, names=["5-9"])


def test_no_label_runs_over_the_frame() -> None:
    corners = np.array([(x, y) for x in (-1.0, 0.0, 1.0) for y in (-1.0, 0.0, 1.0)])
    figure, ax = new_figure((5.0, 4.6))
    names = [f"{place}-12 nsubj:pass, compound:prt" for place in range(len(corners))]
    head_map(corners, ax, names=names, behaviours=["syntax", "broad", "previous word"] * 3, named=len(corners))
    figure.canvas.draw()
    frame = ax.get_window_extent()
    labels = [text.get_window_extent() for text in ax.texts]
    assert len(labels) == len(corners)
    assert all(frame.x0 <= box.x0 and box.x1 <= frame.x1 for box in labels)
    assert all(frame.y0 <= box.y0 and box.y1 <= frame.y1 for box in labels)
