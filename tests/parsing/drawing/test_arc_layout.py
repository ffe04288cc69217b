"""Where arcs go over a row of words: levels of their own, none left empty, side by side at their words."""

import itertools

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from tests.parsing.toys import random_heads
from treeprobe.parsing.drawing import arc_heights, arc_ports, head_marks, lay_out_arcs, space_words


@st.composite
def trees(draw: st.DrawFn) -> np.ndarray:
    """The edges of any tree over 2 to 15 words: each word after the first joined to an earlier one, then shuffled."""
    words = draw(st.integers(2, 15))
    names = draw(st.permutations(range(words)))
    return np.array([(names[draw(st.integers(0, word - 1))], names[word]) for word in range(1, words)])


@given(trees())
def test_arcs_over_common_words_never_share_a_level(edges: np.ndarray) -> None:
    heights = arc_heights(edges)
    spans = np.sort(edges, axis=1)
    for a, b in itertools.combinations(range(len(edges)), 2):
        if max(spans[a, 0], spans[b, 0]) < min(spans[a, 1], spans[b, 1]):
            assert heights[a] != heights[b]


@given(trees())
def test_no_level_is_left_empty_and_shorter_arcs_lie_below(edges: np.ndarray) -> None:
    heights, spans = arc_heights(edges), np.sort(edges, axis=1)
    assert set(heights) == set(range(1, heights.max() + 1))
    for a, b in itertools.permutations(range(len(edges)), 2):
        if spans[b, 0] <= spans[a, 0] and spans[a, 1] <= spans[b, 1]:
            assert heights[a] < heights[b]


@given(trees())
def test_arcs_leave_a_word_side_by_side_towards_where_they_go(edges: np.ndarray) -> None:
    ports = arc_ports(edges)
    assert (np.abs(ports) < 1).all()
    for word in range(edges.max() + 1):
        places = sorted((ports[index, end], edges[index, 1 - end] > word) for index, end in np.argwhere(edges == word))
        assert len({place for place, _ in places}) == len(places)
        assert [rightward for _, rightward in places] == sorted(rightward for _, rightward in places)


@st.composite
def labelled_trees(draw: st.DrawFn) -> tuple[list[int], list[float], list[float]]:
    """The heads of any tree of 1 to 12 words, with the widths of its words and of its labels."""
    words = draw(st.integers(1, 12))
    heads = random_heads(words, draw(st.integers(0, 10**6)))
    width = st.floats(1, 120, allow_nan=False)
    return heads, [draw(width) for _ in heads], [draw(width) for _ in heads]


@given(labelled_trees(), st.booleans())
def test_words_stay_apart_and_no_label_leaves_its_arc_or_the_row(
    tree: tuple[list[int], list[float], list[float]], leftward: bool
) -> None:
    heads, widths, labels = tree
    marks = head_marks(heads)
    row = space_words(widths, marks, labels=labels, gap=6, pitch=4, leftward=leftward)
    order = np.argsort(row.centres)
    assert (order == (np.arange(len(heads))[::-1] if leftward else np.arange(len(heads)))).all()
    halves = np.array(widths)[order] / 2
    assert (np.diff(row.centres[order]) >= halves[1:] + halves[:-1] + 6 - 1e-6).all()
    for arc, label in zip(lay_out_arcs(marks, row), labels, strict=True):
        assert arc.is_root or label <= abs(arc.end - arc.start) + 1e-6
        middle = (arc.start + arc.end) / 2
        assert middle - label / 2 >= 3 - 1e-6
        assert middle + label / 2 <= row.width - 3 + 1e-6


@given(labelled_trees())
def test_labels_of_one_level_never_overlap(tree: tuple[list[int], list[float], list[float]]) -> None:
    heads, widths, labels = tree
    marks = head_marks(heads)
    row = space_words(widths, marks, labels=labels, gap=6, pitch=4)
    arcs = lay_out_arcs(marks, row)
    for (one, a), (other, b) in itertools.combinations(zip(arcs, labels, strict=True), 2):
        if one.level == other.level:
            apart = abs((one.start + one.end) - (other.start + other.end)) / 2
            assert apart >= (a + b) / 2 - 1e-6


@given(labelled_trees())
def test_the_line_at_the_root_rises_above_all_arcs_at_a_place_of_its_own(
    tree: tuple[list[int], list[float], list[float]],
) -> None:
    heads, widths, _ = tree
    marks = head_marks(heads)
    arcs = lay_out_arcs(marks, space_words(widths, marks, gap=6, pitch=4))
    (root,) = [arc for arc in arcs if arc.is_root]
    others = [arc for arc in arcs if not arc.is_root]
    assert root.level == 1 + max((arc.level for arc in others), default=0)
    assert all(min(abs(root.end - arc.start), abs(root.end - arc.end)) > 1 for arc in others)
    assert arcs.index(root) == heads.index(-1)
