"""Labels of dependency relations."""

from collections import Counter
from collections.abc import Iterator, Sequence

from treeprobe.parsing.treebanks.treebank import Sentence, TreebankError


def universal_relation(relation: str) -> str:
    """A relation without its subtype: `obl` for `obl:tmod`."""
    return relation.partition(":")[0]


def labelled_edges(sentence: Sentence) -> Iterator[tuple[int, int, str]]:
    """(dependent, head, relation) of every word but the root, words from 0, relations without their subtypes."""
    for dependent, (head, relation) in enumerate(zip(sentence.heads, sentence.relations)):
        if head >= 0:
            yield dependent, head, universal_relation(relation)


def check_relations(sentences: Sequence[Sentence], name: str) -> None:
    """Refuse a treebank without relations, such as one in which every word's is `_`.

    Args:
        name: what the message calls the treebank.

    Raises:
        TreebankError: no word has the relation `root`, or no other word has one.
    """
    counts = Counter(relation for sentence in sentences for relation in sentence.relations)
    others = set(counts) - {"root", "_", ""}
    if not counts["root"] or not others:
        found = ", ".join(f"{relation!r} ({count:,})" for relation, count in counts.most_common(5)) or "none"
        raise TreebankError(
            f"{name}: a treebank without relations; found {found}; expected 'root' at the root of each sentence and "
            "relations at the other words, as in Universal Dependencies"
        )
