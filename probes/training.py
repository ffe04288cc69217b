"""Training any number of structural probes in one pass over the data.

Adam sees each number of each probe by itself, so probes do not disturb each other; the order of sentences depends on
nothing but their number. A probe trained among others is therefore the probe trained alone, up to rounding.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from tqdm import tqdm

from probes.batches import Batch, ordered_batches, read_batches, shuffled_batches
from probes.maps import Maps
from probes.states import States, as_states
from probes.targets import Kind, PackedTargets, Targets
from probes.trainable import Trainable

ORDER_SEED = 0
VALIDATION_BATCH = 64

Probe = TypeVar("Probe", bound=Trainable)


@dataclass
class Progress:
    """How a probe has fared: its losses by epoch, and the matrix of its best epoch so far."""

    history: list[dict[str, float]] = field(default_factory=list)
    best: float = float("inf")
    epoch: int = 0
    matrix: NDArray[np.float32] = field(default_factory=lambda: np.empty((0, 0), np.float32))


def fit_all(
    probes: Sequence[Probe],
    states: States | Sequence[NDArray[Any]],
    targets: Targets,
    *,
    validation: tuple[States | Sequence[NDArray[Any]], Targets] | None = None,
    progress: bool = False,
) -> Sequence[Probe]:
    """Fit every probe, reading the data once an epoch for all of them. Returns the probes, fitted.

    Probes may differ in kind, layer, rank and seed. Those that differ in `epochs`, `batch_size`, `learning_rate` or
    `device` take other steps, so they are trained in passes of their own. With `validation`, each probe keeps the
    matrix of its own best epoch; without it, of the last.

    Raises ValueError, before training, when a layer is not in the states, when there are not as many targets as
    sentences, or when a target has another size than its sentence.
    """
    layer = next((probe.layer for probe in probes if probe.layer is not None), None)
    training = Examples.of(probes, as_states(states, layer=layer), targets)
    held_out = None if validation is None else Examples.of(probes, as_states(validation[0], layer=layer), validation[1])
    passes: dict[tuple[Any, ...], list[Trainable]] = defaultdict(list)
    for probe in probes:
        passes[probe.epochs, probe.batch_size, probe.learning_rate, probe.device].append(probe)
    for together in passes.values():
        train(together, training, held_out, progress=progress)
    return probes


@dataclass(frozen=True)
class Examples:
    """Vectors and gold values of some sentences, found to belong together."""

    states: States
    targets: dict[Kind, PackedTargets]
    lengths: NDArray[np.int64]

    @classmethod
    def of(cls, probes: Sequence[Trainable], states: States, targets: Targets) -> "Examples":
        """Pack what these probes need. Raises ValueError where layers, lengths or values do not fit."""
        lengths = np.asarray(states.lengths)
        if not len(lengths) or lengths.min() < 1:
            raise ValueError("expected at least one sentence, and at least one word in every sentence")
        for probe in probes:
            if probe.layer is not None and probe.layer not in states.layers:
                raise ValueError(f"no layer {probe.layer} in the states; they hold layers {list(states.layers)}")
            if probe.rank < 1:
                raise ValueError(f"rank {probe.rank}; expected a whole number from 1")
        return cls(states, {kind: PackedTargets(kind, targets, states) for kind in {p.kind for p in probes}}, lengths)

    def gold(self, batch: Batch) -> dict[Kind, list[Tensor]]:
        """The gold values of a batch by kind, padded group by group."""
        return {kind: packed.padded(batch) for kind, packed in self.targets.items()}


def train(probes: Sequence[Trainable], data: Examples, held_out: Examples | None, *, progress: bool) -> None:
    """Train probes of one schedule together and hand each its matrix."""
    first = probes[0]
    device = torch.device(first.device)
    maps = Maps(probes, data.states, device=device)
    steps = first.epochs * -(-len(data.lengths) // first.batch_size)
    optimiser = torch.optim.Adam(maps.parameters, lr=first.learning_rate, fused=True)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimiser, lambda step: falling(step / steps))
    order = np.random.default_rng(ORDER_SEED)
    fared = [Progress() for _ in probes]
    with tqdm(total=steps, desc=f"training {len(probes)} probes", disable=not progress, leave=False) as bar:
        for epoch in range(1, first.epochs + 1):
            total = torch.zeros(len(probes), device=device)
            batches = shuffled_batches(data.lengths, size=first.batch_size, generator=order)
            for batch in read_batches(data.states, batches, layers=maps.layers, device=device):
                total += maps.step(batch, data.gold(batch), learn=True)
                optimiser.step()
                schedule.step()
                bar.update()
            validation = None if held_out is None else validate(maps, held_out, device=device)
            note(fared, maps, epoch, (total / len(data.lengths)).tolist(), validation)
    # Maps keeps probes by kind and rank; what was noted follows that order.
    for probe, record in zip(maps.probes, fared):
        probe.matrix_ = record.matrix
        probe.best_epoch_ = record.epoch
        probe.history_ = record.history
        probe.identity_ = dict(getattr(data.states, "identity", {}))


def falling(done: float) -> float:
    """The step size's share once a share of the steps is done: half a cosine, from 1 to 0."""
    return (1 + np.cos(np.pi * done)) / 2


def note(
    fared: Sequence[Progress], maps: Maps, epoch: int, training: list[float], validation: list[float] | None
) -> None:
    """Add an epoch to every probe's history, and keep its matrix where it is the best so far."""
    for place, (record, stand) in enumerate(zip(fared, maps.places)):
        judged = -float(epoch) if validation is None else validation[place]
        if not np.isfinite([training[place], judged]).all():
            raise ValueError(f"epoch {epoch}: the loss is not finite; do the vectors hold NaN or infinity?")
        record.history.append({"epoch": float(epoch), "training": training[place]})
        if validation is not None:
            record.history[-1]["validation"] = validation[place]
        if judged < record.best:
            record.best, record.epoch, record.matrix = judged, epoch, maps.matrix(*stand)


@torch.inference_mode()
def validate(maps: Maps, data: Examples, *, device: torch.device) -> list[float]:
    """Mean loss of each probe over the sentences, in the order of the stacks."""
    total = torch.zeros(len(maps.probes), device=device)
    for batch in read_batches(
        data.states, ordered_batches(data.lengths, size=VALIDATION_BATCH), layers=maps.layers, device=device
    ):
        total += maps.step(batch, data.gold(batch), learn=False)
    return (total / len(data.lengths)).tolist()
