"""Trees as plain text for terminals."""

from collections.abc import Sequence

import networkx as nx


def to_text(words: Sequence[str], heads: Sequence[int], relations: Sequence[str] | None = None) -> str:
    """The tree from its root downwards, one word a line, dependents below their head in the order of the sentence.

    Args:
        words: The words.
        heads: The head of each word, words counted from 0; -1 for the root.
        relations: The relation of each word, shown after it unless it is the unspecified `dep`.
    """
    graph = nx.DiGraph()
    for index, word in enumerate(words):
        relation = relations[index] if relations is not None else "dep"
        graph.add_node(index, label=word if relation in ("dep", "_") else f"{word}  ({relation})")
    graph.add_edges_from((head, index) for index, head in enumerate(heads) if head >= 0)
    roots = [index for index, head in enumerate(heads) if head < 0]
    return "\n".join(nx.generate_network_text(graph, sources=roots, with_labels="label"))


def comparison_text(words: Sequence[str], gold: Sequence[int], recovered: Sequence[int]) -> str:
    """One line for each word with its gold head and, where it differs, an x and the recovered head.

    Args:
        words: The words.
        gold: Gold heads, words counted from 0; -1, shown as ROOT, for the root.
        recovered: Recovered heads.
    """
    names = [*words, "ROOT"]
    width = max(map(len, words), default=0)
    lines = []
    for word, expected, found in zip(words, gold, recovered, strict=True):
        if expected == found:
            lines.append(f"  {word:<{width}}  ← {names[expected]}")
        else:
            lines.append(f"x {word:<{width}}  ← {names[expected]}, recovered ← {names[found]}")
    return "\n".join(lines)
