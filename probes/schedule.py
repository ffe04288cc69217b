"""How long probes are trained: epochs by the size of the data, a step size that falls to zero, and when to stop."""

import math
from dataclasses import dataclass

EPOCHS = 5
LEAST_STEPS = 300


@dataclass(frozen=True)
class Schedule:
    """Epochs and sentences a step, for a number of sentences."""

    epochs: int
    batch_size: int
    sentences: int

    @property
    def steps(self) -> int:
        """Steps of an epoch."""
        return math.ceil(self.sentences / self.batch_size)

    def share(self, done: int) -> float:
        """What is left of the first step size after so many steps."""
        return falling(done / (self.epochs * self.steps))


def epochs_for(epochs: int | None, *, sentences: int, batch_size: int) -> int:
    """The number given; where None, `EPOCHS`, or as many as make `LEAST_STEPS` steps on a small treebank."""
    if epochs is not None:
        return epochs
    return max(EPOCHS, math.ceil(LEAST_STEPS / math.ceil(sentences / batch_size)))


def falling(done: float) -> float:
    """The step size's share once a share of the steps is done: half a cosine, from 1 to 0."""
    return (1 + math.cos(math.pi * done)) / 2


def has_stopped(epoch: int, *, best: int, patience: int | None) -> bool:
    """Whether a probe whose best epoch was `best` is given up after `epoch`; never where patience is None."""
    return patience is not None and epoch - best >= patience
