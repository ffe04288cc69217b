"""Labels of dependency relations."""

from collections.abc import Iterator

from treeprobe.parsing.treebanks.treebank import Sentence


def universal_relation(relation: str) -> str:
    """A relation without its subtype: `obl` for `obl:tmod`."""
    return relation.partition(":")[0]


def labelled_edges(sentence: Sentence) -> Iterator[tuple[int, int, str]]:
    """(dependent, head, relation) of every word but the root, words from 0, relations without their subtypes."""
    for dependent, (head, relation) in enumerate(zip(sentence.heads, sentence.relations)):
        if head >= 0:
            yield dependent, head, universal_relation(relation)
