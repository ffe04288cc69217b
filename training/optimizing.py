"""The training loop that all models share, which can be left between any two steps and gone on with."""

import json
from collections.abc import Callable, Iterator, Mapping
from itertools import islice
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor
from transformers import PreTrainedModel

from treeprobe.files import written_whole
from treeprobe.training.models import training_losses
from treeprobe.training.options import PretrainingError

Schedule = Callable[[torch.optim.Optimizer, int, int], Any]
"""A learning rate's course from the optimizer, the steps of its rise and the step where it is zero, as transformers'
`get_linear_schedule_with_warmup` and `get_cosine_schedule_with_warmup`."""
Batch = dict[str, Tensor]
Losses = Callable[[PreTrainedModel, Batch], Mapping[str, Tensor]]
"""The losses of a batch by objective; their sum is trained on."""


class TrainingLoop:
    """A model that is trained by AdamW, with gradients clipped to a norm of 1.

    Weights that the configuration names in `fixed_weights`, such as a table of sines, are not trained.

    `save` writes all that the rest of the training depends on, except for the batches: weights, optimizer, learning
    rate, torch's random state, and the losses so far. A loop made of the same model and options that loads it goes on
    as if it had never stopped, to the last bit on one machine with one number of threads.

    Attributes:
        model: the model, in place.
        steps: optimizer steps in all.
        step: those that are done.
    """

    def __init__(
        self,
        model: PreTrainedModel,
        *,
        steps: int,
        learning_rate: float,
        schedule: Schedule,
        losses: Losses = training_losses,
    ) -> None:
        """Nothing is trained yet.

        Args:
            learning_rate: its peak, reached after a tenth of the steps.
            schedule: its course.
            losses: what is trained on, in nats.
        """
        self.model, self.steps, self.step, self._losses_of = model, steps, 0, losses
        for name in getattr(model.config, "fixed_weights", ()):  # also of a checkpoint that was loaded anew
            model.base_model.get_parameter(name).requires_grad_(False)
        trained = [parameter for parameter in model.parameters() if parameter.requires_grad]
        # On a card, one kernel for all weights instead of some for each: a small model waits for its launches.
        fused = model.device.type == "cuda"
        self._optimizer = torch.optim.AdamW(trained, lr=learning_rate, weight_decay=0.01, fused=fused)
        # The learning rate of the last step is above zero, that of the step after it would be zero.
        self._course = schedule(self._optimizer, steps // 10, steps + 1)
        self._trained = trained
        self._losses: dict[str, list[Tensor]] = {}

    @property
    def losses(self) -> dict[str, list[float]]:
        """The loss of every step that is done, in nats, before its update; by objective."""
        return {name: torch.stack(values).tolist() for name, values in self._losses.items()}

    def run(self, batches: Iterator[Batch]) -> Iterator[int]:
        """Train, and yield the number of each step after its update.

        Args:
            batches: those of all steps, on the CPU; the batches of steps that are done are passed over.
        """
        for batch in islice(batches, self.step, self.steps):
            self.model.train()
            losses = self._losses_of(self.model, batch)
            total = torch.stack(list(losses.values())).sum() if len(losses) > 1 else next(iter(losses.values()))
            total.backward()
            torch.nn.utils.clip_grad_norm_(self._trained, 1.0)
            self._optimizer.step()
            self._course.step()
            self._optimizer.zero_grad()
            for name, loss in losses.items():
                # A tensor: to read each would have a card wait for it.
                self._losses.setdefault(name, []).append(loss.detach())
            self.step += 1
            yield self.step

    def save(self, path: Path, notes: Any) -> None:
        """Write the state of the training, whole or not at all.

        Args:
            notes: what the caller wants back, as plain JSON types.
        """
        place = self.model.device
        tensors = {f"weights.{name}": parameter for name, parameter in self.model.named_parameters()}
        for number, state in self._optimizer.state_dict()["state"].items():
            tensors |= {f"optimizer.{number}.{name}": value for name, value in state.items()}
        tensors |= {f"losses.{name}": torch.stack(values) for name, values in self._losses.items()}
        tensors["random.cpu"] = torch.get_rng_state()
        if place.type == "cuda":
            tensors["random.cuda"] = torch.cuda.get_rng_state(place)
        told = {"step": self.step, "course": self._course.state_dict(), "notes": notes}
        with written_whole(path) as draft:
            save_file(
                {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()},
                draft,
                {"training": json.dumps(told)},
            )

    def load(self, path: Path) -> Any:
        """Take up the state that a loop of the same model and options has saved.

        Returns:
            its notes.

        Raises:
            PretrainingError: the file is damaged, or of another model.
        """
        try:
            with safe_open(path, "pt") as file:
                told = json.loads(file.metadata()["training"])
                tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 (no mapping)
            self._take_up(told, tensors)
        except (SafetensorError, KeyError, TypeError, ValueError, RuntimeError) as error:
            raise PretrainingError(f"{path} is no state of this training: {error}; remove it to begin anew") from error
        return told["notes"]

    def _take_up(self, told: Mapping[str, Any], tensors: Mapping[str, Tensor]) -> None:
        """Make the state of the training that of a file."""
        place = self.model.device
        with torch.no_grad():
            for name, parameter in self.model.named_parameters():
                parameter.copy_(tensors[f"weights.{name}"])
        state: dict[int, dict[str, Tensor]] = {}
        for name, tensor in tensors.items():
            kind, _, rest = name.partition(".")
            if kind == "optimizer":
                number, _, value = rest.partition(".")
                state.setdefault(int(number), {})[value] = tensor
            elif kind == "losses":
                self._losses[rest] = list(tensor.to(place))
        self._course.load_state_dict(told["course"])
        groups = self._optimizer.state_dict()["param_groups"]
        for group, rate in zip(groups, self._course.get_last_lr()):
            group["lr"] = rate
        self._optimizer.load_state_dict({"state": state, "param_groups": groups})
        torch.set_rng_state(tensors["random.cpu"])
        if place.type == "cuda" and "random.cuda" in tensors:  # a run may move to another device
            torch.cuda.set_rng_state(tensors["random.cuda"], place)
        self.step = int(told["step"])
