"""A tree as plain text for terminals."""

from collections.abc import Sequence

import networkx as nx


def to_text(words: Sequence[str], heads: Sequence[int], relations: Sequence[str] | None = None) -> str:
    """The tree from its root downwards, a word a line, dependents below their head in the order of the sentence.

    `heads` are numbered from 0, the root's is -1. Relations follow the words unless they say nothing (`dep`).
    """
    graph = nx.DiGraph()
    for index, word in enumerate(words):
        relation = relations[index] if relations is not None else "dep"
        graph.add_node(index, label=word if relation in ("dep", "_") else f"{word}  ({relation})")
    graph.add_edges_from((head, index) for index, head in enumerate(heads) if head >= 0)
    roots = [index for index, head in enumerate(heads) if head < 0]
    return "\n".join(nx.generate_network_text(graph, sources=roots, with_labels="label"))
