"""A distance that need not be one: a bilinear form of the difference, of either sign."""

from typing import ClassVar

import torch
from torch import Tensor

from treeprobe.probes.families.distances import GeometryProbe
from treeprobe.probes.families.gradient import Parameters
from treeprobe.probes.initial import initial_map

# Much noise makes half of the directions negative at first, and training does not turn them all.
NOISE = 0.1


class BilinearProbe(GeometryProbe):
    """d(i, j) = (hᵢ - hⱼ)ᵀ A (hᵢ - hⱼ) with A = LᵀR, which need not be positive semi-definite.

    The two-word non-PSD probe released with Hewitt & Manning (2019), with A of rank at most `rank` instead of full
    rank. A distance may come out negative. With L = R it is the linear probe; whatever it gains over `DistanceProbe` it
    owes to directions of negative sign.
    """

    kind: ClassVar[str] = "bilinear"
    lr_factor: ClassVar[float] = 4.0

    def initial(self, dim: int, generator: torch.Generator) -> Parameters:
        """L and R, (dim, rank): R is L and a little noise. Equal at first, they would stay equal for ever."""
        left = initial_map(dim, self.rank, seed=generator.initial_seed())
        noise = torch.randn(left.shape, generator=generator) * left.std(correction=0)
        return {"left": left, "right": left + NOISE * noise}

    def distances(self, parameters: Parameters, words: Tensor) -> Tensor:
        """(Lhᵢ - Lhⱼ)·(Rhᵢ - Rhⱼ)."""
        left, right = words @ parameters["left"], words @ parameters["right"]
        own = (left * right).sum(dim=-1)
        cross = left @ right.mT
        return own[..., :, None] + own[..., None, :] - cross - cross.mT
