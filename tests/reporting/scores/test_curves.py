"""Curves from the score table: what is drawn is what the table says."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from matplotlib.axes import Axes
from matplotlib.colors import to_hex
from matplotlib.figure import Figure
from matplotlib.image import imread

from treeprobe.reporting import (
    COLUMN_WIDTH,
    PAGE_WIDTH,
    layer_curves,
    new_figure,
    rank_curves,
    save_figure,
    step_curves,
)
from treeprobe.reporting.scores.curves import Labels
from treeprobe.reporting.style.end_labels import spread_apart
from treeprobe.reporting.style.palette import GREY


def curves_of(ax: Axes) -> list[np.ndarray]:
    return [np.asarray(line.get_ydata()) for line in ax.lines if len(np.asarray(line.get_xdata())) > 2]


def test_layer_curves_draw_the_mean_of_seeds_for_each_rank(scores: pd.DataFrame, ax: Axes) -> None:
    assert layer_curves(scores, ax) is ax
    drawn = curves_of(ax)
    assert len(drawn) == 2
    np.testing.assert_allclose(drawn[0], 0.505 + 0.05 * np.arange(4))


def test_bands_are_intervals_of_the_mean_over_seeds(scores: pd.DataFrame, ax: Axes) -> None:
    layer_curves(scores[scores["rank"] == 8], ax)
    heights = ax.collections[0].get_paths()[0].vertices[:, 1]
    np.testing.assert_allclose([heights.min(), heights.max()], [0.485, 0.675])
    axes = Figure().subplots()
    layer_curves(scores[scores["rank"] == 8].assign(mean_low=0.1, mean_high=0.9), axes)
    heights = axes.collections[0].get_paths()[0].vertices[:, 1]
    np.testing.assert_allclose([heights.min(), heights.max()], [0.1, 0.9])


def test_layer_zero_is_hollow(scores: pd.DataFrame, ax: Axes) -> None:
    layer_curves(scores, ax)
    hollow = [line for line in ax.lines if line.get_markerfacecolor() == "white"]
    assert [line.get_xdata()[0] for line in hollow] == [0.0, 0.0]


def test_baselines_are_grey_and_named_at_their_ends(scores: pd.DataFrame, ax: Axes) -> None:
    layer_curves(scores, ax)
    level = next(line for line in ax.lines if np.allclose(line.get_ydata(), 0.43))
    assert to_hex(level.get_color()) == GREY.lower()
    assert {text.get_text() for text in ax.texts} == {"distance, rank 8", "distance, rank 32", "chain"}


def test_a_single_series_goes_by_the_name_of_its_probe(scores: pd.DataFrame, ax: Axes) -> None:
    layer_curves(scores[scores["rank"] == 8], ax)
    assert [text.get_text() for text in ax.texts] == ["distance"]


def test_labels_stay_with_their_lines_when_the_limits_change(scores: pd.DataFrame, ax: Axes) -> None:
    layer_curves(scores, ax)
    ax.set_ylim(-5, 5)
    ax.figure.canvas.draw()
    heights = {text.get_text(): text.xy[1] for text in ax.texts}
    assert heights["chain"] == pytest.approx(0.43)
    assert heights["distance, rank 8"] == pytest.approx(0.655)


def test_ranks_stand_on_a_doubling_scale(scores: pd.DataFrame, ax: Axes) -> None:
    rank_curves(scores, ax)
    assert [label.get_text() for label in ax.get_xticklabels()] == ["8", "32"]
    assert ax.get_xscale() == "log"


def test_steps_take_the_place_of_checkpoints(scores: pd.DataFrame, ax: Axes) -> None:
    chosen = scores[(scores["layer"] == 3) & (scores["rank"] == 8) & (scores["seed"] == 0)]
    steps = pd.concat([chosen.assign(step=step, checkpoint=f"step-{step}") for step in (0, 100, 200)])
    step_curves(steps, ax)
    assert [len(curve) for curve in curves_of(ax)] == [3]


def test_checkpoints_with_steps_stand_in_the_order_of_training(scores: pd.DataFrame, ax: Axes) -> None:
    chosen = scores[(scores["probe"] == "distance") & (scores["rank"] == 8) & (scores["seed"] == 0)]
    heights = {100: 0.1, 1000: 0.3, 200: 0.2}
    steps = [chosen.assign(step=step, checkpoint=f"step-{step}", value=value) for step, value in heights.items()]
    layer_curves(pd.concat(steps), ax)
    assert [curve[0] for curve in curves_of(ax)] == [0.1, 0.2, 0.3]


def test_a_metric_that_is_not_there_is_named_with_those_that_are(scores: pd.DataFrame, ax: Axes) -> None:
    with pytest.raises(ValueError, match="no scores of 'las'; found uuas"):
        layer_curves(scores, ax, metric="las")
    with pytest.raises(ValueError, match="no scores of 'uuas'; found a table without rows"):
        layer_curves(scores[scores["split"] == "no such split"], ax, metric="uuas")
    with pytest.raises(ValueError, match="column 'step'"):
        step_curves(scores, ax)


def test_labels_move_apart_no_more_than_they_must() -> None:
    wanted = np.array([0.5, 0.1, 0.52, 0.9])
    placed = spread_apart(wanted, 0.1)
    assert (np.diff(np.sort(placed)) >= 0.1 - 1e-12).all()
    np.testing.assert_allclose(placed[[1, 3]], wanted[[1, 3]])
    np.testing.assert_allclose(placed[[0, 2]].mean(), 0.51)


@pytest.fixture
def two_checkpoints(scores: pd.DataFrame) -> pd.DataFrame:
    own = scores[scores["rank"].ne(8).fillna(True)]
    return pd.concat([own, own.assign(checkpoint="BERT", value=own["value"] - 0.1 * (own["probe"] == "distance"))])


def test_a_baseline_that_checkpoints_share_is_drawn_once(two_checkpoints: pd.DataFrame, ax: Axes) -> None:
    layer_curves(two_checkpoints, ax)
    assert [text.get_text() for text in ax.texts] == ["MiniLM, distance", "BERT, distance", "chain"]


def test_baselines_that_differ_are_kept_apart(two_checkpoints: pd.DataFrame, ax: Axes) -> None:
    own = (two_checkpoints["checkpoint"] == "BERT") & (two_checkpoints["probe"] == "chain")
    layer_curves(two_checkpoints.assign(value=two_checkpoints["value"].where(~own, 0.3)), ax)
    assert [text.get_text() for text in ax.texts][-2:] == ["BERT, distance", "BERT, chain"]


def test_curves_are_named_in_a_legend_or_nowhere_where_that_is_asked_for(two_checkpoints: pd.DataFrame) -> None:
    for labels, named in (("legend", 3), ("none", 0)):
        _, ax = new_figure()
        layer_curves(two_checkpoints, ax, labels=labels)
        legend = ax.get_legend()
        assert (len(ax.texts), 0 if legend is None else len(legend.get_texts())) == (0, named)


@pytest.mark.parametrize("labels", ["ends", "legend"])
@pytest.mark.parametrize("width", [COLUMN_WIDTH, PAGE_WIDTH])
def test_a_figure_of_a_column_is_a_file_of_that_width_with_everything_inside(
    two_checkpoints: pd.DataFrame, tmp_path: Path, width: float, labels: Labels
) -> None:
    figure, ax = new_figure((width, 2.2))
    two_checkpoints = two_checkpoints.replace({"checkpoint": {"BERT": "google-bert/bert-base"}})
    layer_curves(two_checkpoints, ax, labels=labels)
    pixels = imread(save_figure(figure, tmp_path / "curves.png", dpi=100)).shape
    assert pixels[:2] == (220, int(width * 100))
    drawn = figure.get_tightbbox()
    assert drawn.x0 >= 0
    assert drawn.x1 <= width
    assert drawn.y1 <= 2.2
    assert ax.get_window_extent().width / figure.dpi > (0.4 if labels == "legend" else 0.2) * width
