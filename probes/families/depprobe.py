"""Directed, labelled trees from two linear maps."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.utils.validation import check_is_fitted
from torch import Tensor
from torch.nn.functional import cross_entropy

from treeprobe.probes.data import Group, GroupGold
from treeprobe.probes.families.gradient import GradientProbe, Parameters
from treeprobe.probes.initial import initial_map
from treeprobe.probes.losses import absolute_error, squared_distances
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


@dataclass(frozen=True)
class DirectedTree:
    """A predicted tree: heads by word, 0-based with -1 at the root, and the relation of each word to its head."""

    heads: tuple[int, ...]
    relations: tuple[str, ...]


class DepProbe(GradientProbe):
    """Distances ‖B(hᵢ - hⱼ)‖² and relations softmax(Lhᵢ), trained together and decoded to a labelled tree.

    Müller-Eberstein, van der Goot & Plank (2022), "Probing for Labeled Dependency Trees". The root is the
    word likeliest to bear the relation `root`; the minimum spanning tree of the distances, seen from there, gives each
    word its head; every other word takes its likeliest relation that is not `root`. Relations keep
    the subtypes that the targets have; those that training did not see count as errors and carry no loss in validation.

    It has no `score`: what it predicts are trees, which `treeprobe.parsing.score_heads` scores.

    Attributes after `fit`: `relations_`, the relations in the order of L's columns, `root` among them.
    """

    kind: ClassVar[str] = "depprobe"
    quantities = ("distance", "relation")
    relations_: list[str]

    def initial(self, dim: int, generator: torch.Generator) -> Parameters:
        """B (dim, rank) and L (dim, relations)."""
        relations = torch.randn(dim, len(self.relations_), generator=generator) / dim**0.5
        return {"matrix": initial_map(dim, self.rank, seed=generator.initial_seed()), "relations": relations}

    def prepare(self, targets: Any) -> None:
        """Find the relations. Raises ValueError where none is `root`."""
        self.relations_ = sorted({relation for sentence in _relations_of(targets) for relation in sentence})
        if "root" not in self.relations_:
            raise ValueError(
                f"no word has the relation 'root'; found {', '.join(self.relations_[:8])}; expected one root a sentence"
            )

    def column(self, quantity: Quantity, targets: Any) -> Sequence[NDArray[Any]]:
        """Distances, or relations as their places in `relations_`, `UNKNOWN` where training did not see them."""
        if quantity != "relation":
            return super().column(quantity, targets)
        places = {relation: place for place, relation in enumerate(self.relations_)}
        return [
            np.array([places.get(relation, UNKNOWN) for relation in sentence]) for sentence in _relations_of(targets)
        ]

    @staticmethod
    def as_targets(targets: Sequence[LabelledTree]) -> GoldTargets:
        """Distances and relations of gold trees, as a treebank gives them."""
        return GoldTargets([tree.distances for tree in targets], relations=[tree.relations for tree in targets])

    def loss(self, parameters: Parameters, words: Tensor, gold: GroupGold, group: Group) -> Tensor:
        """Hewitt & Manning's loss, and the mean cross-entropy of a sentence's relations, (2,)."""
        structural = absolute_error(squared_distances(words @ parameters["matrix"]), gold["distance"], group)
        logits = words @ parameters["relations"]
        surprise = cross_entropy(logits.mT, gold["relation"].long(), ignore_index=UNKNOWN, reduction="none")
        return torch.stack([structural, (surprise * group.word_weights).sum()])

    def decode(self, parameters: Parameters, words: Tensor) -> DirectedTree:
        """The tree of one sentence."""
        logits = words @ parameters["relations"]
        column = self.relations_.index("root")
        root = int(logits.log_softmax(dim=-1)[:, column].argmax())
        logits[:, column] = -torch.inf
        relations = [self.relations_[likeliest] for likeliest in logits.argmax(dim=-1).tolist()]
        relations[root] = "root"
        heads = rooted_tree(squared_distances(words @ parameters["matrix"]).numpy(), root)
        return DirectedTree(tuple(heads.tolist()), tuple(relations))

    def parameter_count(self, dim: int) -> int:
        """How many numbers B and L have on vectors of width `dim`. Raises NotFittedError before `fit`."""
        check_is_fitted(self, "relations_")
        return super().parameter_count(dim)

    def record(self) -> dict[str, Any]:
        """The relations."""
        return {"relations": self.relations_}

    def restore(self, arrays: Arrays, record: Mapping[str, Any]) -> None:
        """Take the relations and the parameters back."""
        self.relations_ = list(record["relations"])
        super().restore(arrays, record)


def rooted_tree(distances: NDArray[np.float32], root: int) -> NDArray[np.int64]:
    """Heads of the minimum spanning tree, grown from its root (Prim 1957); -1 at the root. Ties go to earlier words."""
    heads = np.full(len(distances), root)
    reach = distances[root].astype(np.float64)
    outside = np.ones(len(distances), dtype=bool)
    outside[root], heads[root] = False, -1
    for _ in range(len(distances) - 1):
        new = int(np.where(outside, reach, np.inf).argmin())
        outside[new] = False
        nearer = outside & (distances[new] < reach)
        heads[nearer], reach[nearer] = new, distances[new][nearer]
    return heads


def _relations_of(targets: Any) -> Sequence[Sequence[str]]:
    """Relations of every sentence, of columns or of a treebank, whose sentences have them."""
    return targets.relations if isinstance(targets, GoldTargets) else [tree.relations for tree in targets]
