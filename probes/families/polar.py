"""Distance says whether two words are joined; the direction of their difference, by which relation and which way."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import ClassVar, Literal, get_args

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import cross_entropy, normalize

from treeprobe.probes.data import Group, GroupGold
from treeprobe.probes.families.gradient import Parameters
from treeprobe.probes.families.labelled_trees import DirectedTree, LabelledTreeProbe, path_sums, rooted_tree
from treeprobe.probes.families.relations import ROOT, UNKNOWN, RootedTree
from treeprobe.probes.initial import initial_map
from treeprobe.probes.losses import absolute_error, squared_distances, squared_norms
from treeprobe.probes.precision import Precision
from treeprobe.probes.targets import GoldTargets

Contrast = Literal["prototypes", "pairs"]

_FIRST_SCALE = 5.0
_SMALLEST = 1e-6  # length below which a difference has no direction


class PolarProbe(LabelledTreeProbe):
    """Distances ‖B(hᵢ - hⱼ)‖², relations by the direction of B(h_head - h_dependent), decoded to a labelled tree.

    Diego-Simón, d'Ascoli, Chemla, Lakretz & King (2024), "A polar coordinate system represents syntax in large language
    models": one map B for both, trained on the sum of Hewitt & Manning's loss and a contrastive loss of the directions
    of gold edges. With v = B(h_head - h_dependent) / ‖·‖ of an edge, the second loss is one of

    - `prototypes`: each relation r has a direction pᵣ, and the edge {i, j} is one of all relations in either direction:
      the cross-entropy of softmax(±s cos(v, pᵣ)), which says relation and direction at once; s is learned.
    - `pairs`: (1 - cos(v, w))² for two edges of one relation and cos(v, w)² for two of different ones, the mean over
      pairs of edges of a few sentences: equal relations become parallel and different ones orthogonal. The prototypes
      are fitted by the loss above to directions that do not feel them.

    The root is a word near a learned point t, with probability ∝ exp(-a ‖Bhᵢ - t‖²); a is learned, and the
    cross-entropy stands beside that of directions. The distances' minimum spanning tree joins the words. Of all words
    the root is the one that makes the directions of the edges, and being the root, likeliest together; and every other
    word takes its likeliest relation in the direction that follows. For relations see `RelationProbe`.

    Parameters beside those of `Probe`:
        contrast: the loss of directions.
        angle_weight: the weight of all but the loss of distances, which has 1. Directions of one relation cannot be the
            same and sisters of it still two apart: a great weight costs edges. With 0, B is that of a `DistanceProbe`.

    Attributes after `fit`: `relations_`, the relations, sorted; all but `root` have a row in `prototypes`, in order.
    """

    kind: ClassVar[str] = "polar"
    quantities = ("distance", "relation", "head")
    # Neither a direction of length 1 nor a scale of about 20 is reached by steps that suit a map.
    lr_factors: ClassVar[Mapping[str, float]] = MappingProxyType(
        {"prototypes": 10.0, "log_scale": 40.0, "origin": 10.0, "log_nearness": 10.0}
    )

    def __init__(
        self,
        layer: int | None = None,
        rank: int = 128,
        seed: int = 0,
        *,
        contrast: Contrast = "prototypes",
        angle_weight: float = 0.05,
        epochs: int | None = None,
        patience: int | None = 10,
        batch_size: int = 32,
        learning_rate: float = 0.0005,
        device: str = "cpu",
        precision: Precision = "float32",
    ) -> None:
        super().__init__(
            layer,
            rank,
            seed,
            epochs=epochs,
            patience=patience,
            batch_size=batch_size,
            learning_rate=learning_rate,
            device=device,
            precision=precision,
        )
        self.contrast = contrast
        self.angle_weight = angle_weight

    @staticmethod
    def as_targets(targets: Sequence[RootedTree]) -> GoldTargets:
        """Distances, relations and heads of gold trees, as a treebank gives them."""
        return GoldTargets(
            [tree.distances for tree in targets],
            relations=[tree.relations for tree in targets],
            heads=[tree.heads for tree in targets],
        )

    def prepare(self, targets: object) -> None:
        """Check the options, and find the relations.

        Raises:
            ValueError: an option is not one of those known, or no relation is `root`.
        """
        known = get_args(Contrast)
        if self.contrast not in known or self.angle_weight < 0:
            found = f"contrast {self.contrast!r} of weight {self.angle_weight}"
            raise ValueError(f"{found}; expected {' or '.join(known)}, and a weight of 0 or more")
        super().prepare(targets)

    def initial(self, dim: int, generator: torch.Generator) -> Parameters:
        """B (dim, rank), t (rank,), a direction for each relation (relations - 1, rank), and logarithms of s and a."""
        return {
            "matrix": initial_map(dim, self.rank, seed=generator.initial_seed()),
            "origin": torch.zeros(self.rank),
            "prototypes": torch.randn(len(self.relations_) - 1, self.rank, generator=generator) / self.rank**0.5,
            "log_scale": torch.tensor([_FIRST_SCALE]).log(),
            "log_nearness": torch.zeros(1),
        }

    def loss(self, parameters: Parameters, words: Tensor, gold: GroupGold, group: Group) -> Tensor:
        """The losses of distances, of directions and of the root, (3,)."""
        placed = words @ parameters["matrix"]
        structural = absolute_error(squared_distances(placed), gold["distance"], group)
        heads, relations = gold["head"].long(), self._directed(gold["relation"].long())
        is_root = heads == torch.arange(heads.shape[1], device=heads.device)
        relations = relations.where(~is_root, UNKNOWN)
        directions = edge_directions(placed, heads)
        if self.contrast == "prototypes":
            angular = self._surprise(parameters, directions, relations, group)
        else:
            known = (group.mask > 0) & (relations >= 0)
            angular = len(heads) * pair_loss(directions[known], relations[known])
            angular = angular + self._surprise(parameters, directions.detach(), relations, group)
        nats = _root_logits(parameters, placed).masked_fill(group.mask == 0, -torch.inf).log_softmax(dim=-1)
        of_root = -(nats.where(is_root & (group.mask > 0), 0) * group.word_weights).sum()
        return torch.stack([structural, self.angle_weight * angular, self.angle_weight * of_root])

    def decode(self, parameters: Parameters, words: Tensor) -> DirectedTree:
        """The tree of one sentence."""
        placed = words @ parameters["matrix"]
        distances = squared_distances(placed).numpy()
        heads = rooted_tree(distances, 0)
        # Nats of each edge as it is, away from the first word, and turned round; the root decides which edges turn.
        nats = self._logits(parameters, edge_directions(placed, _own_where_none(heads)))
        as_it_is, turned = nats.unflatten(-1, (2, -1)).logsumexp(dim=-1).numpy().T
        root = int((path_sums(heads, turned - as_it_is) + _root_logits(parameters, placed).numpy()).argmax())
        heads = rooted_tree(distances, root)
        logits = self._logits(parameters, edge_directions(placed, _own_where_none(heads)))
        named = [relation for relation in self.relations_ if relation != ROOT]
        likeliest = logits[:, : len(named)].argmax(dim=-1).tolist()
        relations = [ROOT if head < 0 else named[place] for head, place in zip(heads.tolist(), likeliest)]
        return DirectedTree(tuple(heads.tolist()), tuple(relations))

    def _directed(self, relations: Tensor) -> Tensor:
        """Places among the relations without the root's, which has no direction."""
        root = self.relations_.index(ROOT)
        return torch.where(relations == root, UNKNOWN, relations - (relations > root).long())

    def _logits(self, parameters: Parameters, directions: Tensor) -> Tensor:
        """s cos(v, pᵣ) of all relations, then of all turned round, (..., words, 2 (relations - 1))."""
        prototypes = normalize(parameters["prototypes"], dim=-1, eps=_SMALLEST)
        cosines = directions @ prototypes.mT * parameters["log_scale"].exp()
        return torch.cat([cosines, -cosines], dim=-1)

    def _surprise(self, parameters: Parameters, directions: Tensor, relations: Tensor, group: Group) -> Tensor:
        """Cross-entropy of a sentence's edges in nats over its words, summed over the sentences of a group."""
        logits = self._logits(parameters, directions)
        surprise = cross_entropy(logits.mT, relations, ignore_index=UNKNOWN, reduction="none")
        return (surprise * group.word_weights).sum()


def edge_directions(placed: Tensor, heads: Tensor) -> Tensor:
    """The direction from each word to its head, of length 1; 0 where a word is its own head.

    Args:
        placed: words in the probe's space, (..., words, rank).
        heads: places of their heads, (..., words).
    """
    at_heads = placed.gather(-2, heads[..., None].expand_as(placed))
    return normalize(at_heads - placed, dim=-1, eps=_SMALLEST)


def pair_loss(directions: Tensor, relations: Tensor) -> Tensor:
    """Mean of (δ - cos)² over the pairs of some edges, δ 1 for two of one relation and 0 for others.

    Args:
        directions: of length 1, (edges, rank).
        relations: (edges,).
    """
    same = (relations[:, None] == relations).to(directions.dtype)
    return (same - directions @ directions.mT).square().sum() / max(len(relations) ** 2, 1)


def _root_logits(parameters: Parameters, placed: Tensor) -> Tensor:
    """-a ‖Bhᵢ - t‖², (..., words)."""
    return -squared_norms(placed - parameters["origin"]) * parameters["log_nearness"].exp()


def _own_where_none(heads: NDArray[np.int64]) -> Tensor:
    """Heads with the root's own place for the root."""
    return torch.from_numpy(np.where(heads < 0, np.arange(len(heads)), heads))
