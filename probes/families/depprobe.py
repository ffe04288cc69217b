"""Directed, labelled trees from two linear maps."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.utils.validation import check_is_fitted
from torch import Tensor

from treeprobe.probes.data import Group, GroupGold
from treeprobe.probes.families.gradient import Parameters
from treeprobe.probes.families.relations import LabelledTree, RelationProbe, relation_loss
from treeprobe.probes.initial import initial_map
from treeprobe.probes.losses import absolute_error, squared_distances
from treeprobe.probes.targets import GoldTargets


@dataclass(frozen=True)
class DirectedTree:
    """A predicted tree: heads by word, 0-based with -1 at the root, and the relation of each word to its head."""

    heads: tuple[int, ...]
    relations: tuple[str, ...]


class DepProbe(RelationProbe):
    """Distances ‖B(hᵢ - hⱼ)‖² and relations softmax(Lhᵢ), trained together and decoded to a labelled tree.

    Müller-Eberstein, van der Goot & Plank (2022), "Probing for Labeled Dependency Trees". The root is the
    word likeliest to bear the relation `root`; the minimum spanning tree of the distances, seen from there, gives each
    word its head; every other word takes its likeliest relation that is not `root`. For relations see `RelationProbe`.

    It has no `score`: what it predicts are trees, which `treeprobe.parsing.score_heads` scores.

    Attributes after `fit`: `relations_`, the relations in the order of L's columns, `root` among them.
    """

    kind: ClassVar[str] = "depprobe"
    quantities = ("distance", "relation")

    def initial(self, dim: int, generator: torch.Generator) -> Parameters:
        """B (dim, rank) and L (dim, relations)."""
        relations = torch.randn(dim, len(self.relations_), generator=generator) / dim**0.5
        return {"matrix": initial_map(dim, self.rank, seed=generator.initial_seed()), "relations": relations}

    @staticmethod
    def as_targets(targets: Sequence[LabelledTree]) -> GoldTargets:
        """Distances and relations of gold trees, as a treebank gives them."""
        return GoldTargets([tree.distances for tree in targets], relations=[tree.relations for tree in targets])

    def loss(self, parameters: Parameters, words: Tensor, gold: GroupGold, group: Group) -> Tensor:
        """Hewitt & Manning's loss, and the mean cross-entropy of a sentence's relations, (2,)."""
        structural = absolute_error(squared_distances(words @ parameters["matrix"]), gold["distance"], group)
        return torch.stack([structural, relation_loss(words @ parameters["relations"], gold["relation"], group)])

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
