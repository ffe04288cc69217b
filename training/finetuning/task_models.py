"""The models of several tasks, what they share, and batches of all tasks."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch
from torch import Tensor, nn
from transformers import PreTrainedModel

from treeprobe.devices import moved
from treeprobe.sharing import WEIGHTING, Weighting, drawn_together
from treeprobe.training.finetuning.options import FinetuningError

TASK = "task"
"""What a batch says beside its inputs: the number of its task."""
SOFTMAX_TERM = 0.5
"""c of `treeprobe.sharing.uncertain_sum` for cross-entropies."""
MEMORY = 0.9
"""Of a task's mean loss that is kept when a new batch has come."""
LEAST_LOSS = 0.05
"""A loss in nats below which a task's weight rises no further: a task that is learned needs no more of it."""


@dataclass(frozen=True)
class SharingOptions:
    """What tasks share, and how their losses are weighted.

    Attributes:
        sharing: `hard`, one encoder; or `l2`, an encoder for each, drawn towards their mean after every step.
        strength: of the latter, relative to a step of AdamW.
        weighting: of the losses (`treeprobe.sharing`); by uncertainty, the noise of each task is the best for the
            running mean of its loss, which is where learned noise comes to rest.
        weights: of the tasks in their order, where the weighting is fixed.
    """

    sharing: Literal["hard", "l2"] = "hard"
    strength: float = 1.0
    weighting: Weighting = "equal"
    weights: Sequence[float] | None = None

    def check(self, tasks: int) -> None:
        """Raises FinetuningError where they contradict each other, or do not fit so many tasks."""
        if self.sharing not in ("hard", "l2") or self.strength < 0 or self.weighting not in WEIGHTING:
            raise FinetuningError(
                f"sharing={self.sharing!r} of strength {self.strength}, weighting={self.weighting!r}; expected hard or "
                f"l2, 0 or more, and {', '.join(WEIGHTING)}"
            )
        fitting = self.weights is not None and len(self.weights) == tasks and min(self.weights) > 0
        if fitting != (self.weighting == "fixed"):
            raise FinetuningError(
                f"weights={self.weights} with {self.weighting} weighting of {tasks} tasks; expected a positive weight "
                "for each task where the weighting is fixed, and none elsewhere"
            )


class TaskModels(nn.Module):
    """A model with its head for each task; with hard sharing, all of one encoder.

    Attributes:
        models: by the tasks' order.
        losses: of each task's batches so far, in nats, unweighted, by the task's name.
    """

    config = None  # each model has its own

    def __init__(self, models: Sequence[PreTrainedModel], names: Sequence[str], sharing: SharingOptions) -> None:
        super().__init__()
        self.models = nn.ModuleList(models)
        self.losses: dict[str, list[float]] = {name: [] for name in names}
        self._names, self._sharing = list(names), sharing
        self._mean_losses: dict[str, float] = {}
        if sharing.sharing == "hard":
            # Some architectures build an encoder without a pooler for tokens: the one that has most serves all.
            encoder = max((model.base_model for model in models), key=lambda one: one.num_parameters())
            for model in models:
                setattr(model, model.base_model_prefix, encoder)
        for model in models:
            for name in getattr(model.config, "fixed_weights", ()):
                model.base_model.get_parameter(name).requires_grad_(False)
        # In a plain list, so that parameters are not named twice.
        self._encoders: list[nn.Module] = [model.base_model for model in models]

    @property
    def device(self) -> torch.device:
        """Where the models are."""
        return next(self.parameters()).device

    def weighted_loss(self, batch: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """The loss of a batch by its task's own head, times the task's weight; by the task's name."""
        number = int(batch[TASK])
        name = self._names[number]
        inputs = {key: moved(values, self.device) for key, values in batch.items() if key != TASK}
        loss: Tensor = self.models[number](**inputs).loss
        found = float(loss.detach())
        self.losses[name].append(found)
        self._mean_losses[name] = MEMORY * self._mean_losses.get(name, found) + (1 - MEMORY) * found
        return {name: loss * self._weight(number)}

    def _weight(self, number: int) -> float:
        """exp(-u) at u = log(L / c), or the weight that was given."""
        if self._sharing.weighting == "uncertainty":
            return SOFTMAX_TERM / max(self._mean_losses[self._names[number]], LEAST_LOSS)
        return 1.0 if self._sharing.weights is None else float(self._sharing.weights[number])

    @torch.no_grad()
    def draw_together(self, learning_rate: float) -> None:
        """The proximal step of soft sharing, on the parameters that all encoders have."""
        if self._sharing.sharing != "l2" or math.isclose(self._sharing.strength, 0.0):
            return
        encoders = [dict(encoder.named_parameters()) for encoder in self._encoders]
        for name in set.intersection(*map(set, encoders)):
            own: list[Tensor] = [encoder[name] for encoder in encoders]
            moved_to = drawn_together(torch.stack(own), amount=learning_rate * self._sharing.strength)
            for parameter, value in zip(own, moved_to):
                parameter.copy_(value)


def mixed_batches(
    streams: Sequence[Iterator[dict[str, Tensor]]], counts: Sequence[int], *, seed: int
) -> Iterator[dict[str, Tensor]]:
    """Batches of all tasks without end, each of one task, whose number it has as `TASK`.

    Args:
        streams: batches of each task, without end.
        counts: batches of each task in an epoch, which are in random order.
        seed: of the order.
    """
    generator = np.random.default_rng(seed)
    while True:
        for task in generator.permutation(np.repeat(np.arange(len(streams)), counts)).tolist():
            yield {TASK: torch.tensor(task), **next(streams[task])}
