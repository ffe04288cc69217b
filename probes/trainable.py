"""What training asks of a probe, whatever else the probe can do."""

from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from probes.batches import Batch
from probes.targets import Kind


class Trainable(Protocol):
    """A linear map to be found by gradient descent: its options, and what training leaves on it."""

    layer: int | None
    rank: int
    seed: int
    epochs: int | None
    patience: int | None
    batch_size: int
    learning_rate: float
    device: str

    matrix_: NDArray[np.float32]
    history_: list[dict[str, float]]
    best_epoch_: int
    identity_: dict[str, Any]

    @property
    def kind(self) -> Kind:
        """Which gold values it is trained on."""

    def objective(self, projected: Tensor, gold: Any, batch: Batch, *, rank: int, pulls: Tensor | None) -> Tensor:
        """Losses of probes side by side, (probes,); their gradient goes to `pulls`. See `objectives`."""
