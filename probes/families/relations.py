"""What the families that predict relations share: the relations that training saw, and gold values as their places."""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import cross_entropy

from treeprobe.probes.data import Group
from treeprobe.probes.families.gradient import GradientProbe
from treeprobe.probes.saving import Arrays
from treeprobe.probes.targets import GoldTargets, Quantity

UNKNOWN = -100  # code of a relation that training did not see


class LabelledTree(Protocol):
    """A sentence's gold tree, as `treeprobe.parsing.Sentence` has it."""

    @property
    def distances(self) -> NDArray[Any]:
        """Tree distances, (words, words)."""

    @property
    def relations(self) -> Sequence[str]:
        """The relation of each word to its head; the word without a head has relation `root`."""


class RelationProbe(GradientProbe):
    """A probe that predicts the relation of each word to its head, among the relations that training saw.

    Relations keep the subtypes that the targets have; those that training did not see count as errors and carry no loss
    in validation.

    Attributes after `fit`: `relations_`, the relations, sorted.
    """

    relations_: list[str]

    def prepare(self, targets: Any) -> None:
        """Find the relations. Raises ValueError where none is `root`."""
        self.relations_ = sorted({relation for sentence in relations_of(targets) for relation in sentence})
        if "root" not in self.relations_:
            raise ValueError(
                f"no word has the relation 'root'; found {', '.join(self.relations_[:8])}; expected one root a sentence"
            )

    def column(self, quantity: Quantity, targets: Any) -> Sequence[NDArray[Any]]:
        """Gold values; of relations their places in `relations_`, `UNKNOWN` where training did not see them."""
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
