"""One map for distances and depths, the two losses weighted by learned noise scales."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from treeprobe.probes.data import Group, GroupGold
from treeprobe.probes.families.gradient import GradientProbe, Parameters
from treeprobe.probes.initial import initial_map
from treeprobe.probes.losses import absolute_error, mean_loss, squared_distances, squared_norms
from treeprobe.probes.states import Vectors
from treeprobe.probes.targets import Targets


@dataclass(frozen=True)
class Geometry:
    """Prediction of a joint probe for one sentence: squared distances (words, words), squared norms (words,)."""

    distances: NDArray[np.float32]
    depths: NDArray[np.float32]


class JointProbe(GradientProbe):
    """One B whose squared distances are the tree's distances and whose squared norms are its depths.

    Hard parameter sharing between the probes of Hewitt & Manning (2019). In a tree the two agree: the root stands at
    the origin and a word's depth is its distance to the root. After Kendall et al. (2018), "Multi-Task Learning Using
    Uncertainty to Weigh Losses", with the Laplace likelihood that goes with an L1 loss:

        loss = L_distance / b₁ + log b₁ + L_depth / b₂ + log b₂        (b₁, b₂ learned)

    An offset t is learned with B, so that depth(i) = ‖Bhᵢ - t‖²: it changes norms but no distances. Fitted on
    anything with `.distances` and `.depths`. The loss in the history is the sum of both Hewitt & Manning losses.
    """

    kind: ClassVar[str] = "joint"
    quantities = ("distance", "depth")

    def initial(self, dim: int, generator: torch.Generator) -> Parameters:
        """B (dim, rank), the offset (rank,) and the logarithms of b₁ and b₂."""
        return {
            "matrix": initial_map(dim, self.rank, seed=generator.initial_seed()),
            "offset": torch.zeros(self.rank),
            "log_noise": torch.zeros(2),
        }

    @staticmethod
    def as_targets(targets: Targets) -> Targets:
        """The targets themselves."""
        return targets

    def loss(self, parameters: Parameters, words: Tensor, gold: GroupGold, group: Group) -> Tensor:
        """Hewitt & Manning's losses of distances and depths, (2,)."""
        placed = words @ parameters["matrix"] - parameters["offset"]
        return torch.stack(
            [
                absolute_error(squared_distances(placed), gold["distance"], group),
                absolute_error(squared_norms(placed), gold["depth"], group),
            ]
        )

    def objective(self, parameters: Parameters, parts: Tensor, sentences: int) -> Tensor:
        """The two losses weighted by their noise scales, and the normalising terms of the likelihood."""
        noise = parameters["log_noise"]
        return (parts * torch.exp(-noise)).sum() + sentences * noise.sum()

    def score(self, states: Vectors, targets: Targets) -> float:
        """Minus the sum of both Hewitt & Manning losses on some sentences: 0 is best."""
        predicted = self.predict(states)
        return -(
            mean_loss("distance", [each.distances for each in predicted], targets.distances)
            + mean_loss("depth", [each.depths for each in predicted], targets.depths)
        )

    def decode(self, parameters: Parameters, words: Tensor) -> Geometry:
        """Distances and depths of one sentence."""
        placed = words @ parameters["matrix"] - parameters["offset"]
        return Geometry(squared_distances(placed).numpy(), squared_norms(placed).numpy())
