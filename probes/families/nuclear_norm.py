"""The distance probe with a price on its complexity: the nuclear norm of its metric."""

from typing import ClassVar

from treeprobe.probes.precision import Precision
from treeprobe.probes.structural import DistanceProbe


class NuclearNormProbe(DistanceProbe):
    """‖B(hᵢ - hⱼ)‖², trained on Hewitt & Manning's loss plus `strength` · ‖BᵀB‖_*.

    Pimentel et al. (2020), "Pareto Probing", penalise the nuclear norm of a linear classifier, as a convex stand-in for
    its rank. A structural probe is linear in its metric BᵀB, which is positive semi-definite, so that its nuclear norm
    is ‖B‖² (Frobenius) and its gradient 2 · strength · B. Vectors are divided by their scale, as in all training. The
    losses in `history_`, by which the epoch is chosen, are without the penalty.

    Parameters beside those of `Probe`:
        strength: price of the norm, in edges of mean error; 0 makes a `DistanceProbe`.
    """

    kind: ClassVar[str] = "nuclear_norm"

    def __init__(
        self,
        layer: int | None = None,
        rank: int = 128,
        seed: int = 0,
        *,
        strength: float = 0.01,
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
        self.strength = strength
