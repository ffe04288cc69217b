"""Attention as lines: one for each weight, marked pairs in colour, words at their size."""

from types import SimpleNamespace

import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.colors import to_hex
from matplotlib.figure import Figure

from treeprobe.reporting import attention_lines, attention_size, attention_svg, best_head_examples, new_figure
from treeprobe.reporting.style.palette import VERMILLION


def lines_of(ax: Axes) -> list:
    return [line for line in ax.lines if line.get_gid() == "attention"]


def test_one_line_for_each_weight_and_marked_pairs_in_colour(words: tuple[str, ...], ax: Axes) -> None:
    weights = np.roll(np.eye(len(words)), 1, axis=1) * 0.7
    assert attention_lines(words, weights, ax, marked=[(0, 1)]) is ax
    assert len(lines_of(ax)) == len(words)
    marked = [line for line in lines_of(ax) if to_hex(line.get_color()) == VERMILLION.lower()]
    assert [list(line.get_ydata()) for line in marked] == [[0, -1]]
    bold = [text.get_text() for text in ax.texts if text.get_fontweight() == "bold"]
    assert bold == [words[0], words[1]]


@pytest.mark.parametrize("count", [1, 5, 40])
def test_words_keep_their_size_and_place_in_a_figure_of_the_size_they_need(count: int) -> None:
    words = [f"{'long' * (place % 4)}word" for place in range(count)]
    figure, ax = new_figure(attention_size(words))
    attention_lines(words, np.full((count, count), 1 / count), ax, title="head 3-9")
    figure.draw_without_rendering()
    frame = figure.bbox.padded(1.0)
    for text in ax.texts:
        assert text.get_fontsize() > 6.5
        box = text.get_window_extent()
        assert frame.x0 <= box.x0
        assert box.x1 <= frame.x1
    tops = sorted(text.get_window_extent().y0 for text in ax.texts[:count])
    assert all(np.diff(tops) > 6.0)


def test_heavier_attention_is_a_heavier_line(ax: Axes) -> None:
    attention_lines(("a", "b"), np.array([[0.9, 0.1], [0.5, 0.5]]), ax)
    widths = [line.get_linewidth() for line in lines_of(ax)]
    assert widths[0] > widths[2] > widths[1]


def test_examples_are_titled_by_relation_and_head_and_spare_axes_hidden() -> None:
    axes = list(Figure().subplots(1, 2))
    example = SimpleNamespace(
        relation="nsubj", block=2, head=8, words=("she", "ran"), attention=np.eye(2), pairs=np.array([[0, 1]])
    )
    assert best_head_examples([example], axes) is axes
    assert axes[0].get_title() == "nsubj: head 3-9"
    assert not axes[1].axison
    with pytest.raises(ValueError, match="3 examples but 2 axes"):
        best_head_examples([example] * 3, axes)


@pytest.mark.parametrize(
    ("weights", "message"),
    [(np.eye(3), r"2 words need \(2, 2\) weights"), (np.full((2, 2), np.nan), "finite"), (-np.eye(2), "at least 0")],
)
def test_weights_that_are_no_attention_are_refused(weights: np.ndarray, message: str, ax: Axes) -> None:
    with pytest.raises(ValueError, match=message):
        attention_lines(("a", "b"), weights, ax)
    with pytest.raises(ValueError, match=message):
        attention_svg(("a", "b"), weights)
