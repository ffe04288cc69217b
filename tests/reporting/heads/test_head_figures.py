"""Figures of heads, and their attention as SVG in which no word can be markup."""

import re
from types import SimpleNamespace
from xml.etree import ElementTree

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.axes import Axes
from matplotlib.colors import to_hex
from matplotlib.figure import Figure

from treeprobe.reporting import (
    attention_lines,
    attention_size,
    attention_svg,
    behaviour_by_layer,
    best_head_examples,
    head_map,
    head_name,
    new_figure,
)
from treeprobe.reporting.style.palette import VERMILLION

SVG = "{http://www.w3.org/2000/svg}"


def lines_of(ax: Axes) -> list:
    return [line for line in ax.lines if line.get_gid() == "attention"]


def test_heads_are_named_as_papers_name_them() -> None:
    assert head_name(4, 8) == "5-9"


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


def test_layer_means_run_through_the_heads(ax: Axes) -> None:
    values = np.random.default_rng(0).uniform(size=(6, 12))
    assert behaviour_by_layer({"[SEP]": values}, ax) is ax
    points, mean = ax.lines
    assert len(points.get_xdata()) == 72
    np.testing.assert_allclose(mean.get_ydata(), values.mean(axis=1))


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


# Surrogates cannot be written to any file as UTF-8; every other character may stand in a treebank.
hostile = st.lists(st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=8), min_size=1, max_size=5)


@given(hostile)
def test_svg_is_well_formed_and_shows_the_words_whatever_they_are(words: list[str]) -> None:
    count = len(words)
    with np.errstate(all="ignore"):
        drawing = attention_svg(words, np.full((count, count), 1 / count))
    root = ElementTree.fromstring(drawing)
    tags = {element.tag.removeprefix(SVG) for element in root.iter()}
    assert tags <= {"svg", "title", "style", "g", "text", "line"}
    shown = [element.text for element in root.iter(f"{SVG}text")]
    # What XML forbids is shown as replaced; it reads every kind of line break as one.
    allowed = [re.sub(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]", "\ufffd", word) for word in words]
    expected = [word.replace("\r\n", "\n").replace("\r", "\n") for word in allowed]
    assert sorted(shown) == sorted(expected * 2)


def test_svg_fetches_nothing_and_runs_nothing() -> None:
    words = ("<script>alert(1)</script>", '" onload="x', "]]>", "&lt;")
    drawing = attention_svg(words, np.full((4, 4), 0.25), marked=[(0, 1)], title="</title><script>")
    assert "<script" not in drawing
    assert set(re.findall(r"https?://[^\"' )]+", drawing)) == {"http://www.w3.org/2000/svg"}
    root = ElementTree.fromstring(drawing)
    assert not any(name.startswith("on") or "href" in name for element in root.iter() for name in element.attrib)
    assert len(list(root.iter(f"{SVG}line"))) == 16
    assert len([line for line in root.iter(f"{SVG}line") if line.get("class") == "marked"]) == 1


@pytest.mark.parametrize(
    ("weights", "message"),
    [(np.eye(3), r"2 words need \(2, 2\) weights"), (np.full((2, 2), np.nan), "finite"), (-np.eye(2), "at least 0")],
)
def test_weights_that_are_no_attention_are_refused(weights: np.ndarray, message: str, ax: Axes) -> None:
    with pytest.raises(ValueError, match=message):
        attention_lines(("a", "b"), weights, ax)
    with pytest.raises(ValueError, match=message):
        attention_svg(("a", "b"), weights)
