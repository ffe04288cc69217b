"""Arcs: one for each edge, distinguished by colour and by dash, over words that are never markup."""

import itertools
import re
from dataclasses import astuple
from html import unescape

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib.axes import Axes
from matplotlib.colors import to_hex
from matplotlib.figure import Figure
from matplotlib.text import Text

from tests.parsing.toys import random_heads
from tests.reporting.artists import arcs_of
from tests.reporting.conftest import HEADS
from treeprobe.parsing.drawing import comparison_svg
from treeprobe.reporting import arcs_size, bare_figure, gold_and_recovered_arcs, tree_arcs
from treeprobe.reporting.style.palette import EDGES, GREEN

CHAIN = (-1, *range(11))
RELATIONS = ("det", "nsubj:pass", "nsubj", "acl:relcl", "case", "det", "obl", "cop", "case", "case", "root", "punct")


def undirected(heads: tuple[int, ...]) -> set[frozenset[int]]:
    return {frozenset((head, word)) for word, head in enumerate(heads) if head >= 0}


def with_gid(ax: Axes, gid: str) -> list[Text]:
    return [text for text in ax.texts if text.get_gid() == gid]


def test_one_arc_for_each_edge_and_one_line_for_the_root(words: tuple[str, ...], ax: Axes) -> None:
    assert tree_arcs(words, HEADS, ax, relations=RELATIONS) is ax
    assert len(arcs_of(ax)) == len(words) - 1
    assert [patch.get_gid() for patch in ax.patches].count("root") == 1
    assert sorted(text.get_text() for text in with_gid(ax, "relation")) == sorted(RELATIONS)


def test_both_trees_are_drawn_and_counted(words: tuple[str, ...], ax: Axes) -> None:
    assert gold_and_recovered_arcs(words, HEADS, CHAIN, ax) is ax
    shared = len(undirected(HEADS) & undirected(CHAIN))
    assert len(arcs_of(ax)) == 2 * (len(words) - 1)
    assert [text.get_text() for text in ax.get_legend().get_texts()] == [
        f"{shared} correct",
        f"{11 - shared} missed",
        f"{11 - shared} spurious",
    ]


def test_a_perfect_tree_is_correct_whatever_the_direction_of_its_edges(ax: Axes) -> None:
    gold_and_recovered_arcs(("a", "b", "c"), (-1, 0, 1), (1, 2, -1), ax)
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["2 correct"]
    assert {to_hex(patch.get_edgecolor()) for patch in arcs_of(ax)} == {GREEN.lower()}


def test_words_left_out_of_the_score_have_grey_edges(words: tuple[str, ...], ax: Axes) -> None:
    gold_and_recovered_arcs(words, HEADS, HEADS, ax, scored=np.array(words) != ".")
    assert "1 unscored" in [text.get_text() for text in ax.get_legend().get_texts()]


def test_kinds_of_edge_differ_in_colour_and_without_colour() -> None:
    styles = [EDGES[kind] for kind in ("correct", "missed", "spurious", "unscored")]
    assert len({style.color for style in styles}) == 4
    assert len({astuple(style)[1] for style in styles}) == 4


def test_print_and_screen_show_the_same_arcs_of_the_same_kinds_and_the_same_words(words: tuple[str, ...]) -> None:
    scored = [word != "." for word in words]
    svg = comparison_svg(words, HEADS, CHAIN, relations=RELATIONS, scored=scored)
    _, ax = bare_figure(arcs_size(words, HEADS, CHAIN, relations=RELATIONS))
    gold_and_recovered_arcs(words, HEADS, CHAIN, ax, relations=RELATIONS, scored=scored)
    colours = {to_hex(style.color): kind for kind, style in EDGES.items()}
    lines = [patch for patch in ax.patches if patch.get_gid() in ("arc", "root")]
    printed = [("root " * (line.get_gid() == "root")) + colours[to_hex(line.get_edgecolor())] for line in lines]
    assert printed == re.findall('<path class="([a-z ]+)"', svg)
    legend = [text.get_text() for text in ax.get_legend().get_texts()]
    on_screen = [unescape(text) for text in re.findall(">([^<]+)</text>", svg)]
    assert sorted([text.get_text() for text in ax.texts] + legend) == sorted(on_screen)


def test_markup_and_mathematics_in_words_stay_text(ax: Axes) -> None:
    words = ("$x^2$", "<script>", "a_b\\frac", "&amp;")
    tree_arcs(words, (-1, 0, 1, 2), ax)
    ax.figure.canvas.draw()
    assert {text.get_text() for text in ax.texts} == set(words)
    assert not any(text.get_parse_math() or text.get_usetex() for text in ax.texts)


@pytest.mark.parametrize("leftward", [False, True])
def test_long_sentences_break_into_lines_of_horizontal_words_over_which_arcs_go_on(
    words: tuple[str, ...], leftward: bool
) -> None:
    long = words * 4
    heads = random_heads(len(long), 3)
    relations = [f"r{number}" for number in range(len(long))]
    size = arcs_size(long, heads, relations=relations, max_width=7.2)
    figure, ax = bare_figure(size)
    tree_arcs(long, heads, ax, relations=relations, direction="right-to-left" if leftward else "left-to-right")
    figure.canvas.draw()
    assert size[0] <= 7.2
    assert {text.get_rotation() for text in ax.texts} == {0.0}
    assert sorted(text.get_text() for text in with_gid(ax, "relation")) == sorted(relations)
    places = [text.get_position() for text in with_gid(ax, "word")]
    lines = list(dict.fromkeys(y for _, y in places))
    assert len(lines) > 1
    assert lines == sorted(lines, reverse=True), "the first line is at the top"
    for height in lines:
        across = [x for x, y in places if y == height]
        assert across == sorted(across, reverse=leftward)
    # Each arc has a foot at either word, and as many heads of arrows as there are words.
    feet = [point for arc in arcs_of(ax) for point in (arc.get_path().vertices[0], arc.get_path().vertices[-1])]
    standing = [y for _, y in feet if any(0 < y - line < 12 for line in lines)]
    assert len(standing) == 2 * (len(long) - 1)
    assert len([patch for patch in ax.patches if patch.get_gid() is None]) == len(long)


def test_lines_are_even_and_a_sentence_that_fits_has_one(words: tuple[str, ...]) -> None:
    heads = [-1, *range(35)]
    full = arcs_size(words * 3, heads, max_width=100.0)[0]
    assert arcs_size(words * 3, heads, max_width=full + 0.01)[1] < 1.0
    # A little too narrow: two lines of about half the length, not one word alone in the second.
    assert full / 2 < arcs_size(words * 3, heads, max_width=full - 0.1)[0] < 0.7 * full


def test_an_arc_has_one_level_in_all_lines(words: tuple[str, ...]) -> None:
    heads = (1, 2, 3, 4, 5, 6, 7, 8, 9, 10, -1, 0)  # one arc over all words
    _, ax = bare_figure(arcs_size(words, heads, max_width=1.6))
    tree_arcs(words, heads, ax)
    lines = list(dict.fromkeys(text.get_position()[1] for text in with_gid(ax, "word")))
    tops = [max(arc.get_path().vertices[:, 1]) for arc in arcs_of(ax)]
    highest = [max(top for top in tops if top < above) - below for below, above in zip(lines, [1e9, *lines])]
    assert len(lines) > 2
    assert np.ptp(highest) < 1e-6


def test_words_wider_than_a_line_are_turned(words: tuple[str, ...]) -> None:
    _, ax = bare_figure((0.6, 3.0))
    tree_arcs(("Donaudampfschifffahrtsgesellschaft", *words[1:]), HEADS, ax, relations=RELATIONS)
    assert {text.get_rotation() for text in ax.texts} == {90.0}
    assert len(with_gid(ax, "relation")) == len(words)


@settings(deadline=None, max_examples=15)
@given(st.integers(1, 30), st.integers(0, 10**6), st.booleans())
def test_no_label_and_no_word_is_dropped_overlaps_another_or_leaves_the_figure(
    count: int, seed: int, compared: bool
) -> None:
    rng = np.random.default_rng(seed)
    words = [str(rng.choice(["I", "to", "the", "government", "猫", "."])) for _ in range(count)]
    relations = [str(rng.choice(["compound:prt", "obj", "nsubj:pass", "root"])) for _ in range(count - 1)] + ["acl"]
    heads = random_heads(count, seed)
    trees = [heads, random_heads(count, seed + 1)] if compared else [heads]
    figure, ax = bare_figure(arcs_size(words, *trees, relations=relations))
    if compared:
        gold_and_recovered_arcs(words, *trees, ax, relations=relations)
    else:
        tree_arcs(words, heads, ax, relations=relations)
    figure.canvas.draw()
    frame = figure.bbox
    assert sorted(text.get_text() for text in with_gid(ax, "relation")) == sorted(relations)
    assert [text.get_text() for text in with_gid(ax, "word")] == words
    drawn = [text.get_window_extent() for text in ax.texts]
    for box in drawn:
        assert frame.x0 - 0.5 <= box.x0
        assert box.x1 <= frame.x1 + 0.5
        assert frame.y0 - 0.5 <= box.y0
        assert box.y1 <= frame.y1 + 0.5
    for one, other in itertools.combinations(drawn, 2):
        across = min(one.x1, other.x1) - max(one.x0, other.x0)
        along = min(one.y1, other.y1) - max(one.y0, other.y0)
        assert across <= 1 or along <= 1, "two texts overlap by more than a pixel"


@pytest.mark.parametrize("hub", [0, 14, 29])
def test_arcs_at_a_word_stay_apart_and_so_do_its_neighbours(hub: int) -> None:
    words = tuple(f"word{number}" for number in range(30))
    star = [-1 if word == hub else hub for word in range(30)]
    figure, ax = bare_figure(arcs_size(words, star, star, max_width=100.0))
    gold_and_recovered_arcs(words, star, star, ax)
    figure.canvas.draw()
    ends = np.sort([path.vertices[:, 0][0] for path in (arc.get_path() for arc in arcs_of(ax)[:29])])
    boxes = sorted((box.x0, box.x1) for box in (text.get_window_extent() for text in with_gid(ax, "word")))
    assert np.diff(ends).min() > 1.5, "arcs of 1.2 points would run into each other"
    assert all(left[1] <= right[0] for left, right in itertools.pairwise(boxes))


def test_short_sentences_stay_upright_and_their_words_apart(words: tuple[str, ...]) -> None:
    figure, ax = bare_figure(arcs_size(words, HEADS))
    tree_arcs(words, HEADS, ax)
    figure.canvas.draw()
    boxes = sorted((box.x0, box.x1) for box in (text.get_window_extent() for text in ax.texts))
    assert {text.get_rotation() for text in ax.texts} == {0.0}
    assert all(left[1] < right[0] for left, right in itertools.pairwise(boxes))


def test_right_to_left_sentences_run_from_the_right(ax: Axes) -> None:
    tree_arcs(("הילד", "אכל", "תפוח"), (1, -1, 1), ax)
    places = [text.get_position()[0] for text in ax.texts]
    assert places == sorted(places, reverse=True)


@pytest.mark.parametrize(
    ("heads", "message"), [((9, -1, 1), "word 1 has head 10"), ((-1, 0), "3 words but 2 heads"), ((1, 0, -1), "cycle")]
)
def test_heads_that_are_not_a_tree_over_the_words_are_refused(heads: tuple[int, ...], message: str, ax: Axes) -> None:
    with pytest.raises(ValueError, match=message):
        tree_arcs(("a", "b", "c"), heads, ax)


def test_relations_and_masks_of_another_length_are_refused(words: tuple[str, ...], ax: Axes) -> None:
    with pytest.raises(ValueError, match="12 words but 2 relations"):
        tree_arcs(words, HEADS, ax, relations=["det", "obj"])
    with pytest.raises(ValueError, match=r"12 words but scored has shape \(3,\)"):
        gold_and_recovered_arcs(words, HEADS, HEADS, ax, scored=[True, True, False])


def test_a_word_alone_is_a_figure(ax: Axes) -> None:
    assert tree_arcs(("Hello",), [-1], ax) is ax
    assert gold_and_recovered_arcs(("Hello",), [-1], [-1], Figure().add_subplot()) is not None
