"""Training any number of structural probes in one pass over the data.

Adam sees each number of each probe by itself, so probes do not disturb each other; the order of sentences depends on
nothing but their number. A probe trained among others is therefore the probe trained alone, up to rounding.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from tqdm import tqdm

from probes.batches import Batch, ordered_batches, read_batches, shuffled_batches
from probes.schedule import epochs_for, falling
from probes.states import States, as_states
from probes.targets import Kind, PackedTargets, Targets
from probes.teams import Team, make_teams, side_by_side
from probes.trainable import Trainable

ORDER_SEED = 0
VALIDATION_BATCH = 64

Probe = TypeVar("Probe", bound=Trainable)


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
    matrix of its own best epoch and stops when its loss has not fallen for `patience` epochs; without it, it is trained
    to the end and keeps the last. On a CPU the probes are shared out among as many threads as torch has.

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
    """Train probes of one schedule together, until all have stopped, and hand each its matrix."""
    first = probes[0]
    sentences = len(data.lengths)
    epochs = epochs_for(first.epochs, sentences=sentences, batch_size=first.batch_size)
    steps = epochs * -(-sentences // first.batch_size)
    teams = make_teams(probes, data.states, device=torch.device(first.device))
    records = [record for team in teams for record in team.running]
    order = np.random.default_rng(ORDER_SEED)
    bar = tqdm(total=steps, desc=f"training {len(probes)} probes", disable=not progress, leave=False)
    with bar, side_by_side(len(teams)) as at_once:
        for epoch in range(1, epochs + 1):
            batches = shuffled_batches(data.lengths, size=first.batch_size, generator=order)
            taken = (epoch - 1) * len(batches)
            for step, (batch, gold) in enumerate(with_gold(data, batches, teams), start=taken):
                rate = first.learning_rate * falling(step / steps)
                at_once(partial(Team.learn, batch=batch, gold=gold, rate=rate), teams)
                bar.update()
            judged = None
            if held_out is not None:
                judged = len(held_out.lengths)
                for batch, gold in with_gold(held_out, ordered_batches(held_out.lengths, size=VALIDATION_BATCH), teams):
                    at_once(partial(Team.judge, batch=batch, gold=gold), teams)
            for team in teams:
                team.close_epoch(epoch, sentences=sentences, held_out=judged)
            teams = [team for team in teams if team.running]
            if not teams:
                break
    for record in records:
        record.probe.matrix_ = record.matrix
        record.probe.best_epoch_ = record.epoch
        record.probe.history_ = record.history
        record.probe.identity_ = dict(getattr(data.states, "identity", {}))


def with_gold(
    data: Examples, batches: Sequence[NDArray[np.int64]], teams: Sequence[Team]
) -> Iterator[tuple[Batch, dict[Kind, list[Tensor]]]]:
    """The batches with the layers that are still asked for, and their gold values."""
    layers = sorted({layer for team in teams for layer in team.maps.layers})
    for batch in read_batches(data.states, batches, layers=layers, device=teams[0].maps.device):
        yield batch, data.gold(batch)
