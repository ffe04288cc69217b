"""Directed, labelled trees from two linear maps."""

from collections.abc import Sequence
from typing import ClassVar

import torch
from torch import Tensor

from treeprobe.probes.data import Group, GroupGold
from treeprobe.probes.families.gradient import Parameters
from treeprobe.probes.families.labelled_trees import DirectedTree, LabelledTreeProbe, rooted_tree
from treeprobe.probes.families.relations import ROOT, LabelledTree, relation_loss
from treeprobe.probes.initial import initial_map
from treeprobe.probes.losses import absolute_error, squared_distances
from treeprobe.probes.targets import GoldTargets


class DepProbe(LabelledTreeProbe):
    """Distances ‖B(hᵢ - hⱼ)‖² and relations softmax(Lhᵢ), trained together and decoded to a labelled tree.

    Müller-Eberstein, van der Goot & Plank (2022), "Probing for Labeled Dependency Trees". The root is the
    word likeliest to bear the relation `root`; the minimum spanning tree of the distances, seen from there, gives each
    word its head; every other word takes its likeliest relation that is not `root`. For relations see `RelationProbe`.

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
        column = self.relations_.index(ROOT)
        root = int(logits.log_softmax(dim=-1)[:, column].argmax())
        logits[:, column] = -torch.inf
        relations = [self.relations_[likeliest] for likeliest in logits.argmax(dim=-1).tolist()]
        relations[root] = ROOT
        heads = rooted_tree(squared_distances(words @ parameters["matrix"]).numpy(), root)
        return DirectedTree(tuple(heads.tolist()), tuple(relations))
