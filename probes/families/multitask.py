"""One probe of several tasks, whose maps are shared in one of several ways."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, ClassVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from treeprobe.probes.data import Group, GroupGold
from treeprobe.probes.families.gradient import Parameters
from treeprobe.probes.families.relations import RelationProbe, relation_loss
from treeprobe.probes.families.sharing import (
    PENALISED,
    SHARING,
    Sharing,
    coupled,
    initial_maps,
    initial_mixture,
    task_maps,
)
from treeprobe.probes.initial import TYPICAL_DISTANCE, initial_map
from treeprobe.probes.losses import absolute_error, mean_loss, squared_distances, squared_norms
from treeprobe.probes.precision import Precision
from treeprobe.probes.saving import Arrays
from treeprobe.probes.states import Vectors
from treeprobe.probes.targets import Quantity, Targets
from treeprobe.sharing import WEIGHTING, Weighting, uncertain_sum

TASKS: tuple[Quantity, ...] = ("distance", "depth", "relation")

NOISE_TERMS: Mapping[Quantity, float] = MappingProxyType({"distance": 1.0, "depth": 1.0, "relation": 0.5})
"""c of `uncertain_sum`: Laplace likelihoods, and a softmax."""


@dataclass(frozen=True)
class TaskPredictions:
    """Predictions for one sentence; None for what the probe has no task for.

    Attributes:
        distances: squared distances, (words, words).
        depths: squared norms, (words,).
        relations: the likeliest relation of each word, and `log_probabilities` of all, (words, relations), in nats.
    """

    distances: NDArray[np.float32] | None = None
    depths: NDArray[np.float32] | None = None
    relations: tuple[str, ...] | None = None
    log_probabilities: NDArray[np.float32] | None = None


class MultitaskProbe(RelationProbe):
    """Distances ‖B₁(hᵢ - hⱼ)‖², depths ‖B₂hᵢ - t‖² and relations softmax(L B₃hᵢ), the maps Bₜ shared.

    The distances and depths are those of Hewitt & Manning (2019), with an offset t that moves norms and no distances:
    in a tree whose root stands at the origin the two agree. The relations are DepProbe's (Müller-Eberstein et al.
    2022) of a map of `rank` rows, so that it can be one with the others. All maps begin at the same values. Fitted on
    trees, as in a treebank; without relations, on anything with `.distances` and `.depths`. The loss in the history is
    the sum of the tasks' losses, however they are weighted in training.

    Parameters beside those of `Probe`:
        tasks: some of distance, depth and relation.
        sharing: how their maps are shared (`families.sharing.Sharing`); of a single task all ways are the same.
        strength: of the penalty of `l2` and `trace-norm`, relative to a step of Adam.
        weighting: how the losses become one (`treeprobe.sharing.Weighting`).
        weights: of the tasks in this order, where the weighting is fixed.
    """

    kind: ClassVar[str] = "multitask"
    # Misra et al. (2016), section 4.1, train cross-stitch units 100 to 1,000 times as fast as what they mix.
    lr_factors: ClassVar[Mapping[str, float]] = MappingProxyType({"mixture": 100.0, "log_noise": 100.0})

    def __init__(
        self,
        layer: int | None = None,
        rank: int = 128,
        seed: int = 0,
        *,
        tasks: Sequence[Quantity] = TASKS,
        sharing: Sharing = "hard",
        strength: float = 1.0,
        weighting: Weighting = "equal",
        weights: Sequence[float] | None = None,
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
        self.tasks = tasks
        self.sharing = sharing
        self.strength = strength
        self.weighting = weighting
        self.weights = weights

    @property
    def quantities(self) -> tuple[Quantity, ...]:  # type: ignore[override]
        """The gold values that it is trained on: those of its tasks."""
        return tuple(self.tasks)

    @staticmethod
    def as_targets(targets: Targets) -> Targets:
        """The targets themselves."""
        return targets

    def prepare(self, targets: Any) -> None:
        """Check the options, and find the relations where they are a task.

        Raises:
            ValueError: the options contradict each other, or no relation is `root`.
        """
        if not self.tasks or len(set(self.tasks)) < len(self.tasks) or not set(self.tasks) <= set(TASKS):
            raise ValueError(f"tasks {list(self.tasks)}; expected some of {', '.join(TASKS)}, each once")
        if self.sharing not in SHARING or self.strength < 0:
            raise ValueError(
                f"sharing {self.sharing!r} of strength {self.strength}; expected {', '.join(SHARING)}, and 0 or more"
            )
        if self.weighting not in WEIGHTING:
            raise ValueError(f"weighting {self.weighting!r}; expected {', '.join(WEIGHTING)}")
        positive = self.weights is not None and len(self.weights) == len(self.tasks) and min(self.weights) > 0
        if positive != (self.weighting == "fixed"):
            raise ValueError(
                f"weights {self.weights} with {self.weighting} weighting of {len(self.tasks)} tasks; expected a "
                "positive weight for each task where the weighting is fixed, and none elsewhere"
            )
        self.relations_ = []
        if "relation" in self.tasks:
            super().prepare(targets)

    def initial(self, dim: int, generator: torch.Generator) -> Parameters:
        """The maps (tasks, dim, rank), and what the tasks, their sharing and their weighting need besides."""
        count = len(self.tasks)
        start = initial_map(dim, self.rank, seed=generator.initial_seed())
        parameters = {"maps": initial_maps(start, self.sharing, tasks=count)}
        if self.sharing == "cross-stitch":
            parameters["mixture"] = initial_mixture(count)
        if self.weighting == "uncertainty":
            parameters["log_noise"] = torch.zeros(count)
        if "depth" in self.tasks:
            parameters["offset"] = torch.zeros(self.rank)
        if "relation" in self.tasks:
            # Projections have a variance of half a typical distance in all: logits begin with one of 1.
            labels = torch.randn(self.rank, len(self.relations_), generator=generator)
            parameters["labels"] = labels / (TYPICAL_DISTANCE / 2) ** 0.5
        return parameters

    def loss(self, parameters: Parameters, words: Tensor, gold: GroupGold, group: Group) -> Tensor:
        """The loss of each task, (tasks,): Hewitt & Manning's of distances and depths, cross-entropy of relations."""
        parts = []
        for task, predicted in self._by_task(parameters, words).items():
            loss = relation_loss if task == "relation" else absolute_error
            parts.append(loss(predicted, gold[task], group))
        return torch.stack(parts)

    def objective(self, parameters: Parameters, parts: Tensor, sentences: int) -> Tensor:
        """The losses weighted; with uncertainty, and the normalising terms of the likelihood."""
        if self.weighting == "uncertainty":
            terms = torch.tensor([NOISE_TERMS[task] for task in self.tasks], device=parts.device)
            return sentences * uncertain_sum(parts / sentences, parameters["log_noise"], terms)
        return parts.sum() if self.weights is None else (parts * torch.tensor(self.weights, device=parts.device)).sum()

    @torch.no_grad()
    def retract(self, parameters: Parameters, *, step: float) -> None:
        """The proximal step of the penalty of soft sharing."""
        if self.sharing in PENALISED:
            maps = parameters["maps"]
            maps.copy_(coupled(maps, self.sharing, amount=step * self.strength))

    def decode(self, parameters: Parameters, words: Tensor) -> TaskPredictions:
        """All predictions for one sentence."""
        found = self._by_task(parameters, words)
        logits = found.get("relation")
        places = [] if logits is None else logits.argmax(dim=-1).tolist()
        return TaskPredictions(
            distances=found["distance"].numpy() if "distance" in found else None,
            depths=found["depth"].numpy() if "depth" in found else None,
            relations=None if logits is None else tuple(self.relations_[place] for place in places),
            log_probabilities=None if logits is None else logits.log_softmax(dim=-1).numpy(),
        )

    def score(self, states: Vectors, targets: Any) -> float:
        """Minus the sum of the tasks' losses on some sentences, each the mean over sentences: 0 is best."""
        predicted = self.predict(states)
        loss = 0.0
        for task in self.tasks:
            column = self.column(task, targets)
            if task == "relation":
                loss += float(np.mean([_surprise(one.log_probabilities, gold) for one, gold in zip(predicted, column)]))
            else:
                values = [one.distances if task == "distance" else one.depths for one in predicted]
                loss += mean_loss(task, values, column)
        return -loss

    def restore(self, arrays: Arrays, record: Mapping[str, Any]) -> None:
        """Take relations and parameters back; what JSON made lists of are tuples again."""
        self.tasks = tuple(self.tasks)
        self.weights = None if self.weights is None else tuple(self.weights)
        super().restore(arrays, record)

    def _by_task(self, parameters: Parameters, words: Tensor) -> dict[Quantity, Tensor]:
        """Predictions by task: distances (..., words, words), depths (..., words), logits (..., words, relations)."""
        maps = task_maps(parameters["maps"], parameters.get("mixture"), tasks=len(self.tasks))
        found: dict[Quantity, Tensor] = {}
        for task, matrix in zip(self.tasks, maps):
            placed = words @ matrix
            if task == "distance":
                found[task] = squared_distances(placed)
            elif task == "depth":
                found[task] = squared_norms(placed - parameters["offset"])
            else:
                found[task] = placed @ parameters["labels"]
        return found


def _surprise(log_probabilities: NDArray[Any], gold: NDArray[Any]) -> float:
    """Mean cross-entropy of a sentence's relations; those that training did not see carry none."""
    known = gold >= 0
    return -float(log_probabilities[known, gold[known]].sum()) / len(gold)
