"""Bracketings are the cheapest of all, and their dependencies are projective trees."""

from collections.abc import Iterator
from functools import cache

import numpy as np
import pytest

from treeprobe.parsing.decoding.binary import (
    branching_brackets,
    cheapest_brackets,
    expected_cost,
    heads_of_brackets,
    random_brackets,
)
from treeprobe.parsing.trees import check_heads, projective_arcs


@cache
def all_bracketings(first: int, last: int) -> list[frozenset[tuple[int, int]]]:
    """Every binary tree over some words, as its spans of two words or more."""
    if first == last:
        return [frozenset()]
    return [
        left | right | {(first, last)}
        for split in range(first, last)
        for left in all_bracketings(first, split)
        for right in all_bracketings(split + 1, last)
    ]


def probabilities(first: int, last: int) -> Iterator[tuple[frozenset[tuple[int, int]], float]]:
    """Every binary tree, and how likely it is when each span is split anywhere alike."""
    if first == last:
        yield frozenset(), 1.0
    for split in range(first, last):
        for left, p in probabilities(first, split):
            for right, q in probabilities(split + 1, last):
                yield left | right | {(first, last)}, p * q / (last - first)


def cost(chart: np.ndarray, spans: frozenset[tuple[int, int]]) -> float:
    return float(sum(chart[span] for span in spans))


@pytest.mark.parametrize("words", [1, 2, 3, 6])
def test_the_cheapest_of_all_bracketings(words: int) -> None:
    charts = np.random.default_rng(words).random((4, words, words))
    brackets, totals = cheapest_brackets(charts)
    for chart, found, total in zip(charts, brackets, totals, strict=True):
        best = min(all_bracketings(0, words - 1), key=lambda spans: cost(chart, spans))
        assert {tuple(span) for span in found.tolist()} == best
        assert total == pytest.approx(cost(chart, best))


@pytest.mark.parametrize("words", [1, 2, 5])
def test_the_expected_cost_is_the_mean_over_all_bracketings(words: int) -> None:
    charts = np.random.default_rng(0).random((3, words, words))
    expected = [sum(p * cost(chart, spans) for spans, p in probabilities(0, words - 1)) for chart in charts]
    assert expected_cost(charts) == pytest.approx(expected)


def test_branching_bracketings() -> None:
    assert branching_brackets(4, side="left").tolist() == [[0, 1], [0, 2], [0, 3]]
    assert branching_brackets(4, side="right").tolist() == [[2, 3], [1, 3], [0, 3]]
    assert branching_brackets(1, side="right").shape == (0, 2)


def test_dependencies_of_a_branching_bracketing() -> None:
    right = branching_brackets(4, side="right")
    assert heads_of_brackets(right, 4, head="left").tolist() == [-1, 0, 1, 2]  # (a (b (c d))), heads first: a chain
    assert heads_of_brackets(right, 4, head="right").tolist() == [3, 3, 3, -1]  # heads last: all hang from d


@pytest.mark.parametrize("seed", range(20))
def test_dependencies_are_projective_trees_whose_spans_are_the_bracketing(seed: int) -> None:
    generator = np.random.default_rng(seed)
    words = int(generator.integers(1, 12))
    brackets = random_brackets(words, generator)
    assert frozenset(map(tuple, brackets.tolist())) in all_bracketings(0, words - 1) if words < 8 else True
    for side in ("left", "right"):
        heads = check_heads(heads_of_brackets(brackets, words, head=side))
        assert projective_arcs(heads).all()
        for first, last in brackets.tolist():  # one word of every span has its head outside
            outside = (heads[first : last + 1] < first) | (heads[first : last + 1] > last)
            assert outside.sum() == 1
