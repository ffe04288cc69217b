"""Where arcs go over a row of words: levels of their own, none left empty, side by side at their words."""

import itertools

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from treeprobe.parsing.drawing import arc_heights, arc_ports


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
