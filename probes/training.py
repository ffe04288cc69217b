"""Training any number of structural probes in one pass over the data.

Adam sees each number of each probe by itself, so probes do not disturb each other; the order of sentences depends on
nothing but their number. A probe trained among others is therefore the probe trained alone, up to rounding.
"""

from collections import defaultdict
from collections.abc import Sequence
from typing import Any, TypeVar

import torch
from numpy.typing import NDArray
from tqdm import tqdm

from treeprobe.probes.examples import Examples
from treeprobe.probes.schedule import Schedule, epochs_for
from treeprobe.probes.states import States, as_states
from treeprobe.probes.targets import Targets
from treeprobe.probes.teams import make_teams, train_side_by_side
from treeprobe.probes.trainable import Trainable

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

    Probes may differ in family, kind, layer, rank, seed and learning rate; where a `DepProbe` is among them, `targets`
    are trees, as in a treebank. Those that differ in `epochs`, `batch_size` or `device` take other batches, so they are
    trained in passes of their own. With `validation`, each probe keeps what it had learned by its own best epoch
    and stops when its loss has not fallen for `patience` epochs; without it, it is trained to the end and keeps the
    last. On a CPU the probes are shared out among as many threads as torch has.

    Raises ValueError, before training, when a layer is not in the states, when a rank is above the width of the
    vectors, when there are not as many targets as sentences, or when a target has another size than its sentence; and
    NotFiniteError, in training, when the loss of a probe is not finite.
    """
    layer = next((probe.layer for probe in probes if probe.layer is not None), None)
    for probe in probes:
        probe.prepare(targets)
    training = Examples.of(probes, as_states(states, layer=layer), targets)
    held_out = None if validation is None else Examples.of(probes, as_states(validation[0], layer=layer), validation[1])
    passes: dict[tuple[Any, ...], list[Trainable]] = defaultdict(list)
    for probe in probes:
        passes[probe.epochs, probe.batch_size, probe.device].append(probe)
    for together in passes.values():
        train(together, training, held_out, progress=progress)
    return probes


def train(probes: Sequence[Trainable], data: Examples, held_out: Examples | None, *, progress: bool) -> None:
    """Train probes of one schedule together, until all have stopped, and hand each its matrix."""
    first = probes[0]
    epochs = epochs_for(first.epochs, sentences=len(data), batch_size=first.batch_size)
    schedule = Schedule(epochs, first.batch_size, len(data))
    teams = make_teams(probes, data, held_out, device=torch.device(first.device))
    steps = len(teams) * epochs * schedule.steps
    with tqdm(total=steps, desc=f"training {len(probes)} probes", disable=not progress, leave=False) as bar:
        train_side_by_side(teams, schedule, bar=bar)
    for record in [record for team in teams for record in team.records]:
        record.probe.keep(record.learned)
        record.probe.best_epoch_ = record.best_epoch
        record.probe.history_ = record.history
        record.probe.identity_ = dict(getattr(data.states, "identity", {}))
