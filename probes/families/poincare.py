"""Words in the Poincaré ball, where trees embed with little distortion."""

from typing import ClassVar

import torch
from torch import Tensor

from treeprobe.probes.families.distances import GeometryProbe
from treeprobe.probes.families.gradient import Parameters
from treeprobe.probes.initial import initial_map
from treeprobe.probes.losses import squared_distances


class PoincareProbe(GeometryProbe):
    """d(i, j) = D(qᵢ, qⱼ)², the squared hyperbolic distance of q = exp₀(Bh) in the unit Poincaré ball.

    Chen et al. (2021), "Probing BERT in Hyperbolic Spaces":
        exp₀(v) = tanh(‖v‖) v / ‖v‖        D(x, y) = arcosh(1 + 2‖x - y‖² / ((1 - ‖x‖²)(1 - ‖y‖²)))
    They map by exp₀(Ph) and then multiply by Q in Möbius fashion; since Q ⊗ exp₀(v) = exp₀(Qv), the two are one
    matrix B = QP, and it is B that is learned here, by ordinary gradient descent.
    """

    kind: ClassVar[str] = "poincare"

    def initial(self, dim: int, generator: torch.Generator) -> Parameters:
        """B, (dim, rank), small: words begin near the centre, where the ball is nearly flat."""
        return {"matrix": initial_map(dim, self.rank, seed=generator.initial_seed()) / 2}

    def distances(self, parameters: Parameters, words: Tensor) -> Tensor:
        """D(qᵢ, qⱼ)². With r = ‖v‖, 1 - tanh² r = 1 / cosh² r keeps the denominator exact far from the centre."""
        tangent = words @ parameters["matrix"]
        radius = (tangent.square().sum(dim=-1, keepdim=True) + 1e-12).sqrt()
        ball = tangent * (torch.tanh(radius) / radius)
        stretch = torch.cosh(radius.clamp(max=20)).square()
        excess = 2 * squared_distances(ball) * stretch * stretch.mT
        # arcosh(1 + x)² has slope 2 at x = 0, but its square root has none that is finite.
        return arcosh_plus_one(excess.clamp_min(1e-10)).square() * (excess > 0)


def arcosh_plus_one(x: Tensor) -> Tensor:
    """arcosh(1 + x) = log(1 + x + √(x (x + 2))), exact for small x."""
    return torch.log1p(x + (x * (x + 2)).sqrt())
