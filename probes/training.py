"""Training any number of structural probes in one pass over the data.

Adam sees each number of each probe by itself, so probes do not disturb each other; the order of sentences depends on
nothing but their number. A probe trained among others is therefore the probe trained alone, up to rounding.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from tqdm import tqdm

from probes.batches import Batch, ordered_batches, pad_targets, read_batches, shuffled_batches
from probes.maps import Maps
from probes.states import States, as_states

if TYPE_CHECKING:
    from probes.structural import LinearProbe

ORDER_SEED = 0
VALIDATION_BATCH = 64


class Targets(Protocol):
    """Gold values by sentence: a treebank, or anything with these two columns."""

    @property
    def distances(self) -> Sequence[NDArray[Any]]:
        """Tree distances, one (words, words) array a sentence."""

    @property
    def depths(self) -> Sequence[NDArray[Any]]:
        """Tree depths, one (words,) array a sentence."""


@dataclass
class Progress:
    """How a probe has fared: its losses by epoch, and the matrix of its best epoch so far."""

    history: list[dict[str, float]] = field(default_factory=list)
    best: float = float("inf")
    epoch: int = 0
    matrix: NDArray[np.float32] | None = None


def fit_all(
    probes: Sequence["LinearProbe"],
    states: States | Sequence[NDArray[Any]],
    targets: Targets,
    *,
    validation: tuple[States | Sequence[NDArray[Any]], Targets] | None = None,
    progress: bool = False,
) -> Sequence["LinearProbe"]:
    """Fit every probe, reading the data once an epoch for all of them. Returns the probes, fitted.

    Probes may differ in kind, layer, rank and seed. Those that differ in `epochs`, `batch_size`, `learning_rate` or
    `device` take other steps, so they are trained in passes of their own. With `validation`, each probe keeps the
    matrix of its own best epoch; without it, of the last.

    Raises ValueError, before training, when a layer is not in the states, when there are not as many targets as
    sentences, or when a target has another size than its sentence.
    """
    layer = next((probe.layer for probe in probes if probe.layer is not None), None)
    source = as_states(states, layer=layer)
    check_fit(probes, source, targets)
    held_out = None if validation is None else (as_states(validation[0], layer=layer), validation[1])
    if held_out is not None:
        check_fit(probes, *held_out)
    passes: dict[tuple[Any, ...], list[LinearProbe]] = defaultdict(list)
    for probe in probes:
        passes[probe.epochs, probe.batch_size, probe.learning_rate, probe.device].append(probe)
    for together in passes.values():
        train(together, source, targets, held_out, progress=progress)
    return probes


def check_fit(probes: Sequence["LinearProbe"], states: States, targets: Targets) -> None:
    """Refuse states and targets that do not belong together."""
    lengths = np.asarray(states.lengths).tolist()
    if not lengths:
        raise ValueError("no sentences to train on")
    for probe in probes:
        if probe.layer is not None and probe.layer not in states.layers:
            raise ValueError(f"no layer {probe.layer} in the states; they hold layers {list(states.layers)}")
        if probe.rank < 1:
            raise ValueError(f"rank {probe.rank}; expected a whole number from 1")
    for kind in {probe.kind for probe in probes}:
        gold = targets_of(kind, targets)
        if len(gold) != len(lengths):
            raise ValueError(f"{len(gold)} arrays of gold {kind}s for the states of {len(lengths)} sentences")
        for number, (array, words) in enumerate(zip(gold, lengths), start=1):
            if np.shape(array)[0] != words:
                raise ValueError(f"sentence {number} has {words} words, its gold {kind}s shape {np.shape(array)}")


def targets_of(kind: str, targets: Targets) -> Sequence[NDArray[Any]]:
    """The column of the targets that a kind of probe is trained on."""
    return targets.distances if kind == "distance" else targets.depths


def train(
    probes: Sequence["LinearProbe"],
    states: States,
    targets: Targets,
    held_out: tuple[States, Targets] | None,
    *,
    progress: bool,
) -> None:
    """Train probes of one schedule together and hand each its matrix."""
    first = probes[0]
    device = torch.device(first.device)
    maps = Maps(probes, states, device=device)
    lengths = np.asarray(states.lengths)
    steps = first.epochs * -(-len(lengths) // first.batch_size)
    optimiser = torch.optim.Adam(maps.parameters, lr=first.learning_rate, fused=True)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimiser, lambda step: (1 + np.cos(np.pi * step / steps)) / 2)
    order = np.random.default_rng(ORDER_SEED)
    fared = [Progress() for _ in probes]
    with tqdm(total=steps, desc=f"training {len(probes)} probes", disable=not progress, leave=False) as bar:
        for epoch in range(1, first.epochs + 1):
            total = torch.zeros(len(probes), device=device)
            batches = shuffled_batches(lengths, size=first.batch_size, generator=order)
            for batch in read_batches(states, batches, layers=maps.layers, device=device):
                total += maps.step(batch, batch_targets(maps, targets, batch, device), learn=True)
                optimiser.step()
                schedule.step()
                bar.update()
            held_out_losses = None if held_out is None else validate(maps, *held_out, device=device)
            note(fared, maps, epoch, (total / len(lengths)).tolist(), held_out_losses)
    # Maps keeps probes by kind and rank; what was noted follows that order.
    for probe, record in zip([probe for stack in maps.stacks for probe in stack.probes], fared):
        assert record.matrix is not None
        probe.matrix_ = record.matrix
        probe.best_epoch_ = record.epoch
        probe.history_ = record.history
        probe.identity_ = dict(getattr(states, "identity", {}))


def note(
    fared: Sequence[Progress], maps: Maps, epoch: int, training: list[float], validation: list[float] | None
) -> None:
    """Add an epoch to every probe's history, and keep its matrix where it is the best so far."""
    for place, (record, matrix) in enumerate(zip(fared, maps.matrices())):
        entry = {"epoch": float(epoch), "training": training[place]}
        judged = -float(epoch)
        if validation is not None:
            entry["validation"] = judged = validation[place]
        record.history.append(entry)
        if judged < record.best:
            record.best, record.epoch, record.matrix = judged, epoch, matrix


@torch.inference_mode()
def validate(maps: Maps, states: States, targets: Targets, *, device: torch.device) -> list[float]:
    """Mean loss of each probe over the sentences, in the order of the stacks."""
    total = torch.zeros(sum(len(stack.probes) for stack in maps.stacks), device=device)
    batches = ordered_batches(np.asarray(states.lengths), size=VALIDATION_BATCH)
    for batch in read_batches(states, batches, layers=maps.layers, device=device):
        total += maps.step(batch, batch_targets(maps, targets, batch, device), learn=False)
    return (total / len(states.lengths)).tolist()


def batch_targets(maps: Maps, targets: Targets, batch: Batch, device: torch.device) -> dict[str, list[Tensor]]:
    """The gold values of a batch by kind, padded group by group."""
    found = {}
    for kind in {stack.probes[0].kind for stack in maps.stacks}:
        gold = targets_of(kind, targets)
        found[kind] = [
            pad_targets([gold[int(batch.sentences[i])] for i in group.positions], group, device=device)
            for group in batch.groups
        ]
    return found
