"""The structural probe in the space of a radial basis function kernel."""

from typing import ClassVar

import torch
from torch import Tensor

from treeprobe.probes.families.distances import GeometryProbe
from treeprobe.probes.families.gradient import Parameters
from treeprobe.probes.initial import initial_map
from treeprobe.probes.losses import squared_distances


class KernelProbe(GeometryProbe):
    """d(i, j) = κ(hᵢ, hᵢ) - 2 κ(hᵢ, hⱼ) + κ(hⱼ, hⱼ) with κ(x, y) = α exp(-‖B(x - y)‖² / (2σ²)).

    White et al. (2021), "A Non-Linear Structural Probe". The map B is all that both probes learn there; a Gaussian
    kernel is at most 1, though, and trees have distances of 30 and more, so the amplitude α and the width σ² are
    learned beside it (two numbers). The distance grows like ‖B(x - y)‖² α / σ² for near words and stays below 2α.
    """

    kind: ClassVar[str] = "kernel"
    lr_factor: ClassVar[float] = 4.0

    def initial(self, dim: int, generator: torch.Generator) -> Parameters:
        """B, (dim, rank), and the logarithms of α and σ², chosen so that near words begin at ‖B(x - y)‖²."""
        log_size = torch.tensor(3.0)
        return {
            "matrix": initial_map(dim, self.rank, seed=generator.initial_seed()),
            "log_amplitude": log_size.clone(),
            "log_width": log_size.clone(),
        }

    def distances(self, parameters: Parameters, words: Tensor) -> Tensor:
        """2α (1 - exp(-‖B(hᵢ - hⱼ)‖² / (2σ²)))."""
        squared = squared_distances(words @ parameters["matrix"])
        shape = torch.expm1(-squared / (2 * parameters["log_width"].exp()))
        return -2 * parameters["log_amplitude"].exp() * shape
