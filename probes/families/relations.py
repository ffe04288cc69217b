"""What the families that predict relations share: the relations that training saw, and gold values as their places."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray
from sklearn.utils.validation import check_is_fitted
from torch import Tensor
from torch.nn.functional import cross_entropy

from treeprobe.probes.data import Group
from treeprobe.probes.families.gradient import GradientProbe
from treeprobe.probes.saving import Arrays
from treeprobe.probes.targets import GoldTargets, Quantity

UNKNOWN = -100  # code of a relation that training did not see
ROOT = "root"  # the relation of the word without a head
_NOT_NAMED = ("_", "")  # what CoNLL-U has where a relation is not given


class LabelledTree(Protocol):
    """A sentence's gold tree, as `treeprobe.parsing.Sentence` has it."""

    @property
    def distances(self) -> NDArray[Any]:
        """Tree distances, (words, words)."""

    @property
    def relations(self) -> Sequence[str]:
        """The relation of each word to its head; the word without a head has relation `root`."""


class RootedTree(LabelledTree, Protocol):
    """The same with heads."""

    @property
    def heads(self) -> Sequence[int]:
        """The head of each word, counted from 0; -1 at the root."""


class RelationProbe(GradientProbe):
    """A probe that predicts the relation of each word to its head, among the relations that training saw.

    Relations keep the subtypes that the targets have; those that training did not see count as errors and carry no loss
    in validation.

    Attributes after `fit`: `relations_`, the relations, sorted.
    """

    relations_: list[str]

    def prepare(self, targets: Any) -> None:
        """Find the relations. Raises ValueError where there are none, or none is `root`."""
        self.relations_ = sorted({relation for sentence in relations_of(targets) for relation in sentence})
        if not set(self.relations_) - {ROOT, *_NOT_NAMED}:
            found = ", ".join(map(repr, self.relations_)) or "none"
            raise ValueError(
                f"no word has a relation to its head; found {found}; expected some such as 'nsubj', and 'root' for one "
                "word of each sentence"
            )
        if ROOT not in self.relations_:
            raise ValueError(
                f"no word has the relation 'root'; found {', '.join(self.relations_[:8])}; expected one root a sentence"
            )

    def unseen(self, targets: Any) -> Counter[str]:
        """How many words have each of the relations that training did not see, which count as errors."""
        check_is_fitted(self, "relations_")
        known = set(self.relations_)
        return Counter(found for sentence in relations_of(targets) for found in sentence if found not in known)

    def column(self, quantity: Quantity, targets: Any) -> Sequence[NDArray[Any]]:
        """Gold values; of relations their places in `relations_`, `UNKNOWN` where training did not see them."""
        if quantity == "head":
            return [_head_places(number, heads) for number, heads in enumerate(heads_of(targets), start=1)]
        if quantity != "relation":
            return super().column(quantity, targets)
        places = {relation: place for place, relation in enumerate(self.relations_)}
        return [
            np.array([places.get(relation, UNKNOWN) for relation in sentence]) for sentence in relations_of(targets)
        ]

    def record(self) -> dict[str, Any]:
        """The relations."""
        return {"relations": self.relations_}

    def restore(self, arrays: Arrays, record: Mapping[str, Any]) -> None:
        """Take the relations and the parameters back."""
        self.relations_ = list(record["relations"])
        super().restore(arrays, record)


def relation_loss(logits: Tensor, gold: Tensor, group: Group) -> Tensor:
    """Mean cross-entropy of a sentence's relations in nats, summed over the sentences of a group.

    Args:
        logits: (sentences, words, relations).
        gold: places of the gold relations, (sentences, words).
        group: weights of the words.
    """
    surprise = cross_entropy(logits.mT, gold.long(), ignore_index=UNKNOWN, reduction="none")
    return (surprise * group.word_weights).sum()


def relations_of(targets: Any) -> Sequence[Sequence[str]]:
    """Relations of every sentence, of columns or of a treebank, whose sentences have them."""
    return targets.relations if isinstance(targets, GoldTargets) else [tree.relations for tree in targets]


def heads_of(targets: Any) -> Sequence[Sequence[int] | NDArray[Any]]:
    """Heads of every sentence, likewise."""
    return targets.heads if isinstance(targets, GoldTargets) else [tree.heads for tree in targets]


def _head_places(number: int, heads: Sequence[int] | NDArray[Any]) -> NDArray[np.int64]:
    """The place of each word's head, its own at the root. Raises ValueError unless one word alone has none."""
    given, own = np.asarray(heads, dtype=np.int64), np.arange(len(heads))
    if (given < 0).sum() != 1 or given.max(initial=0) >= len(given) or (given == own).any():
        raise ValueError(
            f"sentence {number}: heads {list(heads)}; expected for each word the place of another, 0 to "
            f"{len(given) - 1}, and -1 for one of them"
        )
    return np.where(given < 0, own, given)
