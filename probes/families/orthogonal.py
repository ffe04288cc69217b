"""A rotation and a scaling vector: which directions carry syntax, without mixing them."""

from typing import ClassVar

import torch
from torch import Tensor

from treeprobe.probes.families.distances import GeometryProbe
from treeprobe.probes.families.gradient import Parameters
from treeprobe.probes.initial import TYPICAL_DISTANCE
from treeprobe.probes.losses import squared_distances


class OrthogonalProbe(GeometryProbe):
    """d(i, j) = ‖s ⊙ V(hᵢ - hⱼ)‖², the rows of V orthonormal and s a scaling vector.

    Limisiewicz & Mareček (2021), "Introducing Orthogonal Constraint in Structural Probes". They keep V
    near orthogonal by a penalty; here each step is followed by Newton-Schulz steps back to V Vᵀ = I, so that the
    constraint holds of the kept probe. `rank` rows of V are learned. The vectors are divided by one
    number, because a scaling of its own for each of their numbers would undo the constraint.
    """

    kind: ClassVar[str] = "orthogonal"
    lr_factor: ClassVar[float] = 30.0

    def initial(self, dim: int, generator: torch.Generator) -> Parameters:
        """V, (rank, dim), and s, (rank,)."""
        rotation = torch.linalg.qr(torch.randn(dim, self.rank, generator=generator)).Q.T.contiguous()
        return {"rotation": rotation, "scaling": torch.full((self.rank,), (TYPICAL_DISTANCE / (2 * self.rank)) ** 0.5)}

    def adjust_scale(self, scale: Tensor) -> Tensor:
        """One divisor for all dimensions."""
        return scale.square().mean().sqrt().expand_as(scale).contiguous()

    @torch.no_grad()
    def retract(self, parameters: Parameters, *, step: float) -> None:
        """V ← (3/2) V - (1/2) V Vᵀ V, which converges to the nearest matrix with orthonormal rows.

        Each time squares how far V is from them, and one step of Adam leads but little away: twice is enough.
        """
        rotation = parameters["rotation"]
        for _ in range(2):
            rotation.copy_(1.5 * rotation - 0.5 * (rotation @ rotation.T) @ rotation)

    def distances(self, parameters: Parameters, words: Tensor) -> Tensor:
        """‖s ⊙ V(hᵢ - hⱼ)‖²."""
        return squared_distances((words @ parameters["rotation"].T) * parameters["scaling"])
