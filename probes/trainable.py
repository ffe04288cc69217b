"""What training asks of probes, and of the learners in which they are trained together."""

from collections.abc import Sequence
from typing import Any, ClassVar, Protocol, Self

from torch import Tensor

from treeprobe.probes.batches import Batch
from treeprobe.probes.states import States
from treeprobe.probes.targets import BatchGold, Kind


class Learner(Protocol):
    """Probes of one sort, layer and learning rate, in training side by side."""

    layer: int

    def __init__(self, layer: int, probes: Sequence[Any], scale: Tensor) -> None:
        """Begin with the probes' first values; `scale` (dim, 1) is the size of each number of the layer's vectors."""

    @property
    def probes(self) -> Sequence["Trainable"]:
        """The probes, in the order of everything that is noted by probe."""

    def step(self, batch: Batch, gold: BatchGold, *, learn: bool) -> Tensor:
        """Losses of the probes summed over a batch, (probes,); with `learn`, gradients of their mean are left."""

    def move(self, share: float) -> None:
        """One step of Adam along the gradients that were left, of that share of the first step size."""

    def learned(self) -> list[Any]:
        """What each probe would `keep` now: a copy."""

    def drop(self, stopped: Sequence[bool]) -> Self | None:
        """Go on without some of the probes; None where none is left."""


class Trainable(Protocol):
    """A probe: its options, its sort of learner, and what training leaves on it."""

    needs: ClassVar[tuple[Kind, ...]]
    learner: ClassVar[type[Learner]]

    layer: int | None
    rank: int
    seed: int
    epochs: int | None
    patience: int | None
    batch_size: int
    learning_rate: float
    device: str

    history_: list[dict[str, float]]
    best_epoch_: int
    identity_: dict[str, Any]

    @property
    def relations(self) -> Sequence[str]:
        """The relations that it tells apart; none for most."""

    def prepare(self, targets: Any) -> None:
        """Look at the targets before training."""

    def keep(self, learned: Any) -> None:
        """Take what the learner had at the best epoch."""


def layer_of(probe: Trainable, states: States) -> int:
    """The layer a probe reads: its own, or the only one there is."""
    return int(states.layers[0]) if probe.layer is None else probe.layer
