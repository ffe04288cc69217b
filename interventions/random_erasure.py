"""Controls of erasure: as much taken away at random."""

from typing import Literal, Self, get_args

import numpy as np

from treeprobe.interventions.erasure import AffineEraser, mean_and_covariance
from treeprobe.interventions.intervention import InterventionError, identity_of
from treeprobe.probes.states import Vectors

Match = Literal["rank", "variance"]
"""What a random erasure has in common with the one it controls for: how many dimensions, or how much variance."""


class RandomEraser(AffineEraser):
    """Orthogonal removal of random directions, whose mean stays where it is.

    Directions are drawn evenly from all orthonormal sets (the Q of a Gaussian matrix). With `match="rank"` there are as
    many as the erasure that is controlled for changes. With `match="variance"` as many as it takes to move the
    vectors by as much in mean square (`removed_variance`), the last of them removed in part; they may be more or fewer
    than its rank. A rank-matched control is usually the weaker one, as states vary in few directions.

    Parameters:
        layer: as in `Intervention`.
        match: what is equal.
        seed: draws the directions.
    """

    kind = "random-erasure"

    def __init__(self, layer: int | None = None, *, match: Match = "rank", seed: int = 0) -> None:
        super().__init__(layer)
        self.match = match
        self.seed = seed

    def fit(self, states: Vectors, like: AffineEraser) -> Self:
        """Draw directions for the states that `like` was fitted on.

        Raises:
            InterventionError: there is no such match, or the widths differ.
        """
        if self.match not in get_args(Match):
            raise InterventionError(f"match must be one of {', '.join(get_args(Match))}, found {self.match!r}")
        mean, covariance = mean_and_covariance(states, self.layer)
        dim = len(mean)
        if dim != len(like.mean_):
            raise InterventionError(f"states of width {dim}, expected {len(like.mean_)}, that of the eraser")
        gaussian = np.random.default_rng(self.seed).normal(size=(dim, dim))
        directions, upper = np.linalg.qr(gaussian)
        directions = directions * np.sign(np.diag(upper))  # else Q would not be drawn evenly
        weights = np.zeros(dim)
        if self.match == "rank":
            weights[: like.rank_] = 1.0
        else:
            variances = np.einsum("dr,de,er->r", directions, covariance, directions)
            wanted = min(like.removed_variance(covariance), float(variances.sum()))
            weights = np.sqrt(np.clip((wanted - np.cumsum(variances) + variances) / variances.clip(1e-300), 0.0, 1.0))
        kept = weights > 0
        self.left_ = directions[:, kept] * weights[kept]
        self.right_ = directions[:, kept].T.copy()
        self.mean_, self.identity_ = mean, identity_of(states)
        return self
