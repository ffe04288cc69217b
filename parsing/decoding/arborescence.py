"""Directed trees of the highest score: the maximum arborescence."""

from typing import Any

import networkx as nx
import numpy as np
from numpy.typing import NDArray
from ufal.chu_liu_edmonds import chu_liu_edmonds

from treeprobe.parsing.decoding.decoder import check_scores, with_root


def arborescence(scores: NDArray[Any], roots: NDArray[Any], *, single_root: bool = True) -> NDArray[np.int64]:
    """Decoder: the directed tree with the highest sum of scores, by Chu & Liu (1965) and Edmonds (1967).

    Trees may cross. With `single_root`, as Universal Dependencies has it, one word is the root; without it several may
    be, each with head -1. Among trees of one score, any may come out.
    """
    heads = np.empty(scores.shape[:2], dtype=np.int64)
    if not scores.shape[1]:
        return heads
    # The library reads dependents from rows, and takes scores near 0 for missing arcs.
    present = with_root(scores, roots, single_root=single_root).transpose(0, 2, 1) + 1.0
    for index, matrix in enumerate(np.ascontiguousarray(present)):
        heads[index] = chu_liu_edmonds(matrix)[0][1:]
    return heads - 1


def arborescence_graph(scores: NDArray[Any], *, roots: NDArray[Any] | None = None) -> nx.DiGraph:
    """The maximum arborescence with one root as a networkx graph, edges from head to dependent with `score`.

    For people, and a second opinion on `arborescence`: networkx solves it, in thousands of times as long.
    """
    matrix, root_scores = check_scores(scores, roots)
    words = len(matrix)
    full = with_root(matrix[None], root_scores[None], single_root=True)[0]
    graph = nx.DiGraph()
    graph.add_nodes_from(range(words + 1))
    graph.add_weighted_edges_from(
        (head, dependent, full[head, dependent])
        for head in range(words + 1)
        for dependent in range(1, words + 1)
        if head != dependent
    )
    tree = nx.DiGraph()
    tree.add_nodes_from(range(words))
    if words:
        for head, dependent in nx.maximum_spanning_arborescence(graph).edges:
            if head:
                tree.add_edge(head - 1, dependent - 1, score=float(matrix[head - 1, dependent - 1]))
    return tree
