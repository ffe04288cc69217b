"""Arcs: one for each edge, distinguished by colour and by dash, over words that are never markup."""

import itertools
from dataclasses import astuple

import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from tests.reporting.artists import arcs_of
from treeprobe.reporting import arcs_size, bare_figure, gold_and_recovered_arcs, tree_arcs
from treeprobe.reporting.style.palette import EDGES


def test_one_arc_for_each_edge_on_the_given_axes(words: tuple[str, ...], gold: np.ndarray, ax: Axes) -> None:
    assert tree_arcs(words, gold, ax, labels=["nsubj"] * len(gold), arrows=True) is ax
    assert len(arcs_of(ax)) == len(gold)


def test_both_trees_are_drawn_and_counted(
    words: tuple[str, ...], gold: np.ndarray, chain: np.ndarray, ax: Axes
) -> None:
    assert gold_and_recovered_arcs(words, gold, chain, ax) is ax
    shared = {frozenset(pair) for pair in gold.tolist()} & {frozenset(pair) for pair in chain.tolist()}
    assert len(arcs_of(ax)) == len(gold) + len(chain)
    assert [text.get_text() for text in ax.get_legend().get_texts()] == [
        f"{len(shared)} correct",
        f"{len(gold) - len(shared)} missed",
        f"{len(chain) - len(shared)} spurious",
    ]


def test_a_perfect_tree_is_correct_whatever_the_direction_of_its_edges(
    words: tuple[str, ...], gold: np.ndarray, ax: Axes
) -> None:
    gold_and_recovered_arcs(words, gold, gold[::-1, ::-1], ax)
    assert [text.get_text() for text in ax.get_legend().get_texts()] == [f"{len(gold)} correct"]


def test_words_left_out_of_the_score_have_grey_edges(words: tuple[str, ...], gold: np.ndarray, ax: Axes) -> None:
    gold_and_recovered_arcs(words, gold, gold, ax, scored=np.array(words) != ".")
    assert "1 unscored" in [text.get_text() for text in ax.get_legend().get_texts()]


def test_kinds_of_edge_differ_in_colour_and_without_colour() -> None:
    styles = [EDGES[kind] for kind in ("correct", "missed", "spurious")]
    assert len({style.color for style in styles}) == 3
    assert len({astuple(style)[1] for style in styles}) == 3


def test_markup_and_mathematics_in_words_stay_text(ax: Axes) -> None:
    words = ("$x^2$", "<script>", "a_b\\frac", "&amp;")
    tree_arcs(words, np.array([(0, 1), (1, 2), (2, 3)]), ax)
    ax.figure.canvas.draw()
    assert {text.get_text() for text in ax.texts} == set(words)
    assert not any(text.get_parse_math() or text.get_usetex() for text in ax.texts)


def test_long_sentences_fit_a_page_with_words_turned(words: tuple[str, ...]) -> None:
    long = words * 4
    width, _ = arcs_size(long, [(0, 1)])
    figure, ax = bare_figure((width, 4))
    tree_arcs(long, [(0, 1)], ax)
    figure.canvas.draw()
    assert width <= 7.2
    assert {text.get_rotation() for text in ax.texts} == {90.0}


@pytest.mark.parametrize("hub", [0, 14, 29])
def test_arcs_at_a_turned_word_stay_apart_and_so_do_its_neighbours(hub: int) -> None:
    words = tuple(f"word{number}" for number in range(30))
    star = np.array([(hub, word) for word in range(30) if word != hub])
    figure, ax = bare_figure(arcs_size(words, star, star))
    gold_and_recovered_arcs(words, star, star, ax)
    figure.canvas.draw()
    ends = np.sort([path.vertices[:, 0][0] for path in (arc.get_path() for arc in arcs_of(ax)[:29])])
    boxes = sorted(
        (text.get_window_extent().x0, text.get_window_extent().x1) for text in ax.texts if "word" in text.get_text()
    )
    assert np.diff(ends).min() > 1.5, "arcs of 1.2 points would run into each other"
    assert all(left[1] <= right[0] for left, right in itertools.pairwise(boxes))


def test_short_sentences_stay_upright_and_their_words_apart(
    words: tuple[str, ...], gold: np.ndarray, chain: np.ndarray
) -> None:
    figure, ax = bare_figure(arcs_size(words, gold, chain))
    tree_arcs(words, gold, ax)
    figure.canvas.draw()
    boxes = sorted((box.x0, box.x1) for box in (text.get_window_extent() for text in ax.texts))
    assert {text.get_rotation() for text in ax.texts} == {0.0}
    assert all(left[1] < right[0] for left, right in itertools.pairwise(boxes))


def test_right_to_left_sentences_run_from_the_right(ax: Axes) -> None:
    tree_arcs(("הילד", "אכל", "תפוח"), [(1, 0), (1, 2)], ax)
    places = [text.get_position()[0] for text in ax.texts]
    assert places == sorted(places, reverse=True)


@pytest.mark.parametrize(("edges", "message"), [([(0, 9)], "words 0 to 2"), ([(0, 1, 2)], "pairs")])
def test_edges_outside_the_sentence_are_refused(edges: list[tuple[int, ...]], message: str, ax: Axes) -> None:
    with pytest.raises(ValueError, match=message):
        tree_arcs(("a", "b", "c"), edges, ax)


def test_labels_and_masks_of_another_length_are_refused(words: tuple[str, ...], gold: np.ndarray, ax: Axes) -> None:
    with pytest.raises(ValueError, match="11 edges but 2 labels"):
        tree_arcs(words, gold, ax, labels=["det", "obj"])
    with pytest.raises(ValueError, match=r"12 words but scored has shape \(3,\)"):
        gold_and_recovered_arcs(words, gold, gold, ax, scored=[True, True, False])


def test_a_word_alone_is_a_figure(ax: Axes) -> None:
    assert tree_arcs(("Hello",), np.empty((0, 2)), ax) is ax
    assert gold_and_recovered_arcs(("Hello",), [], [], Figure().add_subplot()) is not None
