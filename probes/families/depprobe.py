"""Directed, labelled trees from two linear maps."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import cross_entropy

from probes.batches import Batch, Group
from probes.families.distances import absolute_error
from probes.families.gradient import GradientProbe, Parameters
from probes.maps import first_values
from probes.objectives import squared_distances
from probes.states import States
from probes.targets import GoldTargets, PackedTargets

UNKNOWN = -100


class LabelledTree(Protocol):
    """A sentence's gold tree, as `parsing.Sentence` has it."""

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
    """Distances ‖B(hᵢ - hⱼ)‖² and relations softmax(Lhᵢ), trained together; heads and relations are read off them.

    Müller-Eberstein, van der Goot & Plank (2022), "Probing for Labeled Dependency Trees", section 3. The root is the
    word likeliest to bear the relation `root`; the minimum spanning tree of the distances, seen from there, gives each
    word its head; every other word takes its likeliest relation that is not `root`. Relations keep their subtypes as
    they stand in the targets; those that training did not see count as errors and carry no loss in validation.

    Attributes after `fit`: `labels_`, the relations in the order of L's columns, `root` among them.
    """

    kind: ClassVar[str] = "depprobe"
    labels_: list[str]

    def initial(self, dim: int, generator: torch.Generator) -> Parameters:
        """B (dim, rank) and L (dim, relations)."""
        labels = torch.randn(dim, len(getattr(self, "labels_", ())), generator=generator) / dim**0.5
        return {"matrix": first_values(dim, self.rank, seed=generator.initial_seed()), "labels": labels}

    def fit(
        self,
        states: Any,
        targets: Sequence[LabelledTree],
        *,
        validation: tuple[Any, Sequence[LabelledTree]] | None = None,
        progress: bool = False,
    ) -> "DepProbe":
        """Train on gold trees with relations, as a treebank gives them; see `GradientProbe.fit`."""
        self.labels_ = sorted({relation for tree in targets for relation in tree.relations})
        if "root" not in self.labels_:
            raise ValueError(f"no word bears the relation 'root'; found {', '.join(self.labels_[:8])}")
        return super().fit(states, targets, validation=validation, progress=progress)

    def gold(self, targets: Sequence[LabelledTree], states: States) -> tuple[PackedTargets, list[NDArray[np.int64]]]:
        """Gold distances, packed, and the numbers of the relations by sentence."""
        numbers = {label: number for number, label in enumerate(self.labels_)}
        relations = [np.array([numbers.get(each, UNKNOWN) for each in tree.relations]) for tree in targets]
        distances = PackedTargets("distance", GoldTargets(distances=[tree.distances for tree in targets]), states)
        return distances, relations

    def batch_gold(self, packed: Any, batch: Batch) -> list[tuple[Tensor, Tensor]]:
        """Padded gold distances, and relations padded with what carries no loss, by group."""
        found = []
        for group, distances in zip(batch.groups, packed[0].padded(batch)):
            labels = np.full(group.index.shape, UNKNOWN)
            for row, position in zip(labels, group.positions):
                gold = packed[1][batch.sentences[position]]
                row[: len(gold)] = gold
            found.append((distances, torch.from_numpy(labels)))
        return found

    def loss(self, parameters: Parameters, words: Tensor, gold: tuple[Tensor, Tensor], group: Group) -> Tensor:
        """Hewitt & Manning's loss plus the mean cross-entropy of a sentence's relations."""
        distances, labels = gold
        structural = absolute_error(squared_distances(words @ parameters["matrix"]), distances, group)
        logits = words @ parameters["labels"]
        surprise = cross_entropy(logits.mT, labels, ignore_index=UNKNOWN, reduction="none")
        return structural + (surprise.sum(dim=1) / group.lengths).sum()

    def read_off(self, parameters: Parameters, words: Tensor) -> DirectedTree:
        """The tree of one sentence."""
        logits = words @ parameters["labels"]
        root_label = self.labels_.index("root")
        root = int(logits.log_softmax(dim=-1)[:, root_label].argmax())
        logits[:, root_label] = -torch.inf
        relations = [self.labels_[label] for label in logits.argmax(dim=-1).tolist()]
        relations[root] = "root"
        heads = rooted_tree(squared_distances(words @ parameters["matrix"]).numpy(), root)
        return DirectedTree(tuple(heads.tolist()), tuple(relations))


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
