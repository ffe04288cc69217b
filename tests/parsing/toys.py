"""Small sentences and Hypothesis strategies for trees."""

import networkx as nx
import numpy as np
from hypothesis import strategies as st
from numpy.typing import NDArray

from treeprobe.parsing import Sentence


def sentence(heads: list[int], *, relations: list[str] | None = None, xpos: list[str] | None = None) -> Sentence:
    """A sentence of made-up words with this tree; heads from 0, the root's -1."""
    words = tuple(f"word{index}" for index in range(len(heads)))
    return Sentence(
        words=words,
        heads=tuple(heads),
        relations=tuple(relations or ["root" if head < 0 else "dep" for head in heads]),
        upos=("X",) * len(words),
        xpos=tuple(xpos or ["NN"] * len(words)),
        space_after=(True,) * len(words),
        identifier=f"toy-{len(words)}",
    )


def random_heads(words: int, seed: int) -> list[int]:
    """A tree drawn uniformly from all rooted labelled trees over the words, by networkx."""
    tree = nx.random_labeled_rooted_tree(words, seed=seed)
    heads = [-1] * words
    for head, dependent in nx.bfs_edges(tree, tree.graph["root"]):
        heads[dependent] = head
    return heads


def trees(smallest: int = 1, largest: int = 14) -> st.SearchStrategy[list[int]]:
    """Heads of random trees."""
    return st.builds(random_heads, st.integers(smallest, largest), st.integers(0, 2**32 - 1))


def path_lengths(heads: list[int]) -> NDArray[np.int64]:
    """Tree distances by networkx, pair by pair: the slow oracle."""
    graph = nx.Graph()
    graph.add_nodes_from(range(len(heads)))
    graph.add_edges_from((head, word) for word, head in enumerate(heads) if head >= 0)
    lengths = dict(nx.all_pairs_shortest_path_length(graph))
    return np.array([[lengths[a][b] for b in range(len(heads))] for a in range(len(heads))])
