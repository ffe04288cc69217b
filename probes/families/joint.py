"""One map for distances and depths, the two losses weighed by what the model learns of their noise."""

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from probes.batches import Batch, Group
from probes.families.distances import absolute_error
from probes.families.gradient import GradientProbe, Parameters
from probes.maps import first_values
from probes.objectives import squared_distances, squared_norms
from probes.states import States
from probes.targets import PackedTargets, Targets


@dataclass(frozen=True)
class Geometry:
    """What a joint probe says of one sentence: squared distances (words, words) and squared norms (words,)."""

    distances: NDArray[np.float32]
    depths: NDArray[np.float32]


class JointProbe(GradientProbe):
    """One B whose squared distances are the tree's distances and whose squared norms are its depths.

    Hard parameter sharing between the probes of Hewitt & Manning (2019). In a tree the two agree: the root stands at
    the origin and a word's depth is its distance to the root. After Kendall et al. (2018), "Multi-Task Learning Using
    Uncertainty to Weigh Losses", with the Laplace likelihood that goes with an L1 loss:

        loss = L_distance / b₁ + log b₁ + L_depth / b₂ + log b₂        (b₁, b₂ learned)

    An offset t is learned with B, so that depth(i) = ‖Bhᵢ - t‖²: distances do not see it, norms do. Fitted on
    anything with `.distances` and `.depths`. The loss in the history is the sum of both Hewitt & Manning losses.
    """

    kind: ClassVar[str] = "joint"

    def initial(self, dim: int, generator: torch.Generator) -> Parameters:
        """B (dim, rank), the offset (rank,) and the logarithms of b₁ and b₂."""
        return {
            "matrix": first_values(dim, self.rank, seed=generator.initial_seed()),
            "offset": torch.zeros(self.rank),
            "log_noise": torch.zeros(2),
        }

    def gold(self, targets: Targets, states: States) -> tuple[PackedTargets, PackedTargets]:
        """Gold distances and depths, packed."""
        return PackedTargets("distance", targets, states), PackedTargets("depth", targets, states)

    def batch_gold(self, packed: tuple[PackedTargets, PackedTargets], batch: Batch) -> list[Any]:
        """Padded gold distances and depths by group."""
        return list(zip(packed[0].padded(batch), packed[1].padded(batch)))

    def loss(self, parameters: Parameters, words: Tensor, gold: tuple[Tensor, Tensor], group: Group) -> Tensor:
        """The two losses weighed by their noise while learning; their plain sum where nothing is learned."""
        placed = words @ parameters["matrix"] - parameters["offset"]
        losses = torch.stack(
            [
                absolute_error(squared_distances(placed), gold[0], group),
                absolute_error(squared_norms(placed), gold[1], group),
            ]
        )
        if torch.is_inference_mode_enabled():
            return losses.sum()
        noise = parameters["log_noise"]
        return (losses * torch.exp(-noise)).sum() + len(words) * noise.sum()

    def read_off(self, parameters: Parameters, words: Tensor) -> Geometry:
        """Distances and depths of one sentence."""
        placed = words @ parameters["matrix"] - parameters["offset"]
        return Geometry(squared_distances(placed).numpy(), squared_norms(placed).numpy())
