"""Trees of prefixes: with exact distances they are what the gold tree says of the words so far."""

import networkx as nx
import numpy as np
import pytest
from hypothesis import given

from tests.parsing.toys import path_lengths, trees
from treeprobe.parsing.decoding import complete_tree, prefix_trees
from treeprobe.parsing.drawing import word_by_word_text
from treeprobe.parsing.trees import WordByWord, tree_depths, tree_edges

# The horse raced past the barn fell: the reduced relative clause, once it is understood.
WORDS = ("The", "horse", "raced", "past", "the", "barn", "fell")
READ = ([-1], [1, -1], [1, 2, -1], [1, 2, -1, 2], [1, 2, -1, 2, 3], [1, 2, -1, 5, 5, 2], [1, 6, 1, 5, 5, 2, -1])


def pairs(edges: np.ndarray) -> set[tuple[int, int]]:
    return {(a, b) for a, b in edges.tolist()}


@given(trees(smallest=2))
def test_exact_distances_give_the_tree_of_each_prefix(heads: list[int]) -> None:
    """Embeddings in which each edge is a dimension of its own have the tree's distances; networkx spans each prefix."""
    words = len(heads)
    paths = np.zeros((words, words))  # a dimension for the edge above each word; a word has those on its way up
    for word in range(words):
        above = word
        while heads[above] >= 0:
            paths[word, above], above = 1.0, heads[above]
    distances = np.square(paths[:, None] - paths[None]).sum(axis=-1)
    found = prefix_trees(distances, paths.sum(axis=1))
    exact = path_lengths(heads)
    for count, tree in enumerate(found, start=1):
        graph = nx.Graph()
        graph.add_nodes_from(range(count))
        graph.add_weighted_edges_from((a, b, exact[a, b]) for a in range(count) for b in range(a + 1, count))
        oracle = {(min(edge), max(edge)) for edge in nx.minimum_spanning_edges(graph, data=False)}
        assert pairs(tree_edges(tree)) == oracle
        # Two words so far that the gold tree joins are joined as soon as both are there.
        gold = {edge for edge in pairs(tree_edges(heads)) if max(edge) < count}
        assert gold <= pairs(tree_edges(tree))
    assert found[-1].tolist() == complete_tree(exact.astype(float), tree_depths(heads)).tolist() == heads
    assert len(found) == words


@given(trees(smallest=2))
def test_with_fixed_distances_an_edge_goes_for_a_shorter_path_through_the_new_word(heads: list[int]) -> None:
    """The cycle property: of edges between earlier words none is ever added, so that nothing is revised in place."""
    noise = np.random.default_rng(len(heads)).uniform(0.1, 1.0, size=(len(heads), len(heads)))
    growth = WordByWord.of(["x"] * len(heads), prefix_trees(noise + noise.T, np.arange(len(heads))))
    for count in range(1, len(heads) + 1):
        assert all(newest == count - 1 for newest in growth.joined(count)[:, 1].tolist())
        assert len(growth.joined(count)) - len(growth.dropped(count)) == min(count - 1, 1)


def test_a_garden_path_is_a_list_of_what_comes_and_goes() -> None:
    growth = WordByWord.of(WORDS, READ)
    assert growth.revisions.tolist() == [0, 0, 0, 0, 0, 2, 0]
    assert pairs(growth.dropped(6)) == {(2, 3), (3, 4)}
    assert pairs(growth.joined(6)) == {(2, 5), (3, 5), (4, 5)}
    lines = word_by_word_text(growth).splitlines()
    assert [lines[0], lines[1]] == ["The", "horse  + The–horse"]
    assert lines[5] == "barn   + raced–barn, past–barn, the–barn  − raced–past, past–the"


def test_a_word_that_comes_twice_is_told_apart_by_its_number() -> None:
    growth = WordByWord.of(("the", "man", "the"), [[-1], [-1, 0], [-1, 0, 0]])
    assert word_by_word_text(growth).splitlines() == ["the[1]", "man     + the[1]–man", "the[3]  + the[1]–the[3]"]


def test_a_monotone_reading_has_no_revisions() -> None:
    chain = [[word - 1 for word in range(count)] for count in range(1, 6)]
    assert WordByWord.of("abcde", chain).revisions.tolist() == [0] * 5


def test_trees_that_are_not_of_the_prefixes_are_refused() -> None:
    with pytest.raises(ValueError, match="trees over 1, 2 words for a sentence of 3"):
        WordByWord.of("abc", READ[:2])
    with pytest.raises(ValueError, match="expected one root"):
        WordByWord.of("ab", [[-1], [-1, -1]])
