"""Slow and obvious: spanning trees and arborescences by networkx."""

from typing import Any

import networkx as nx
import numpy as np
from numpy.typing import NDArray


def minimum_spanning_tree(distances: NDArray[Any]) -> nx.Graph:
    """The minimum spanning tree by Kruskal's algorithm, ties in the order (smaller word, larger word).

    Edges are added one by one, because `networkx.from_numpy_array` reads a distance of 0 as "no edge".
    """
    graph = nx.Graph()
    graph.add_nodes_from(range(len(distances)))
    upper = np.triu_indices(len(distances), k=1)
    graph.add_weighted_edges_from(zip(upper[0].tolist(), upper[1].tolist(), distances[upper].tolist()))
    return nx.minimum_spanning_tree(graph, algorithm="kruskal")


def maximum_arborescence(scores: NDArray[Any], roots: NDArray[Any]) -> nx.DiGraph:
    """The tree with one root and the highest sum of scores, edges from head to dependent.

    The root is node -1; a score so low that no second root can pay leaves it one dependent.
    """
    words = len(scores)
    penalty = 2 * words * (1 + np.abs(scores).max() + np.abs(roots).max())
    graph = nx.DiGraph()
    graph.add_weighted_edges_from((-1, word, float(roots[word] - penalty)) for word in range(words))
    graph.add_weighted_edges_from(
        (head, word, float(scores[head, word])) for head in range(words) for word in range(words) if head != word
    )
    tree = nx.DiGraph(nx.maximum_spanning_arborescence(graph))
    tree.remove_node(-1)
    return tree
