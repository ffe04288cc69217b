"""Waves, walks and sums: what is drawn where, and what is refused."""

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from treeprobe.reporting import (
    animation_gif,
    bare_figure,
    centre_lines,
    input_size,
    input_sum,
    new_figure,
    parts_beside_layers,
    position_waves,
    rebuilt_wave,
    save_animation,
    walking_centres,
)

CODE = np.stack([np.sin(np.arange(40) / 3), np.cos(np.arange(40) / 5), np.arange(40) / 9], axis=1)


def test_waves_are_drawn_one_above_the_other_with_their_dimension() -> None:
    _, ax = new_figure()
    position_waves(CODE, ax, dimensions=[2, 0])
    assert [label.get_text() for label in ax.get_yticklabels()] == ["2", "0"]
    waves = [line.get_ydata() for line in ax.lines if len(line.get_ydata()) == 40]
    assert np.corrcoef(waves[1], CODE[:, 0])[0, 1] == pytest.approx(1)
    assert np.ptp(waves[0]) < 1
    with pytest.raises(ValueError, match="expected some from 0 to 2"):
        position_waves(CODE, ax, dimensions=[3])


def test_a_wave_and_what_is_left_of_it_have_labels() -> None:
    _, ax = new_figure()
    rebuilt_wave(CODE, {1: CODE * 0.5, 4: CODE}, ax)
    assert ax.get_title() == "dimension 2"
    assert {"the code", "1 frequency", "4 frequencies"} <= {text.get_text() for text in ax.texts}
    with pytest.raises(ValueError, match="put together again as"):
        rebuilt_wave(CODE, {1: CODE[:5]}, ax)


def test_lines_end_where_heads_end_and_other_shapes_are_refused() -> None:
    _, ax = new_figure()
    centre_lines([[[0.5], [0.2]], [[1.0], [-1.0]]], ax, steps=[0, 30])
    ends = [line.get_ydata()[-1] for line in ax.lines if len(set(line.get_ydata())) > 1]
    assert ends == [1.0, -1.0]
    with pytest.raises(ValueError, match=r"\(kept, heads\)"):
        centre_lines(np.zeros((3, 2, 2)), ax)


@pytest.mark.parametrize("axes", [1, 2])
def test_an_animation_has_its_frames_and_is_saved_whole(axes: int, tmp_path) -> None:
    centres = np.cumsum(np.full((30, 3, axes), 0.05), axis=0)
    walk = walking_centres(centres, steps=10 * np.arange(30), frames=4, size=1.5)
    path = save_animation(walk, tmp_path / "walk.gif", dpi=40)
    with Image.open(path) as image:
        assert image.n_frames >= 4
    assert animation_gif(walking_centres(centres, frames=2, size=1.5), dpi=40)[:3] == b"GIF"
    page = save_animation(walking_centres(centres, frames=2, size=1.5), tmp_path / "walk.html")
    assert "<script" in page.read_text()
    assert "http://" not in page.read_text().split("<script")[0]
    with pytest.raises(ValueError, match=r"ends in \.gif or \.html"):
        save_animation(walk, tmp_path / "walk.mp4")


def test_the_input_sum_has_a_row_for_each_part_and_a_column_for_each_token() -> None:
    parts = {"token": np.ones((3, 4)), "position": -np.ones((3, 4))}
    _, ax = bare_figure(input_size(["[CLS]", "a", "[SEP]"], 3))
    input_sum(parts, np.zeros((3, 4)), ax, tokens=["[CLS]", "a", "[SEP]"])
    assert len(ax.images) == 9
    texts = [text.get_text() for text in ax.texts]
    assert texts == ["token", "position", "+", "sum", "=", "[CLS]", "a", "[SEP]"]
    with pytest.raises(ValueError, match="parts of one shape"):
        input_sum(parts, np.zeros((2, 4)), ax, tokens=["[CLS]", "a", "[SEP]"])


def test_parts_are_lines_beside_the_curve_of_layers() -> None:
    layers = pd.DataFrame({"layer": [0, 1], "value": [0.4, 0.6], "low": [0.3, 0.5], "high": [0.5, 0.7]})
    parts = pd.DataFrame({"part": ["token", "sum"], "value": [0.3, 0.4], "low": [0.2, 0.3], "high": [0.4, 0.5]})
    _, ax = new_figure()
    parts_beside_layers(layers, parts, ax, floor=0.35)
    assert {text.get_text() for text in ax.texts} == {"layers", "token alone", "sum", "chain"}
