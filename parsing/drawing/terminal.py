"""Trees as plain text for terminals."""

from collections import Counter
from collections.abc import Sequence

import networkx as nx

from treeprobe.parsing.trees.word_by_word import WordByWord


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


def comparison_text(
    words: Sequence[str], gold: Sequence[int], recovered: Sequence[int], *, scored: Sequence[bool] | None = None
) -> str:
    """One line for each word with its gold head and, where it differs, an x and the recovered head.

    A word that is not scored, or whose gold head is not, has a dot in place of the x, whatever its recovered head.

    Args:
        words: The words.
        gold: Gold heads, words counted from 0; -1, shown as (root), for the root.
        recovered: Recovered heads.
        scored: Whether each word is scored. All are by default.
    """
    names = [*words, "(root)"]
    counted = [True] * len(words) if scored is None else [*scored]
    width = max(map(len, words), default=0)
    lines = []
    for index, (word, expected, found) in enumerate(zip(words, gold, recovered, strict=True)):
        mark = (
            "·"
            if not (counted[index] and counted[index if expected < 0 else expected])
            else " "
            if expected == found
            else "x"
        )
        other = "" if expected == found else f", recovered ← {names[found]}"
        lines.append(f"{mark} {word:<{width}}  ← {names[expected]}{other}")
    return "\n".join(lines)


def word_by_word_text(growth: WordByWord) -> str:
    """One line for each word: after a plus the edges that come with it, after a minus those that go.

    A word that the sentence has more than once is followed by its number, from 1: the[1] and the[6].
    """
    often = Counter(growth.words)
    names = [f"{word}[{number}]" if often[word] > 1 else word for number, word in enumerate(growth.words, start=1)]
    width = max(map(len, names), default=0)
    lines = []
    for count, word in enumerate(names, start=1):
        changes = [("+", growth.joined(count)), ("−", growth.dropped(count))]
        shown = [
            f"{sign} {', '.join(f'{names[a]}–{names[b]}' for a, b in edges.tolist())}"
            for sign, edges in changes
            if len(edges)
        ]
        lines.append("  ".join([f"{word:<{width}}", *shown]).rstrip())
    return "\n".join(lines)
