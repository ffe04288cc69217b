"""Probes that are trained side by side by one thread: their maps, their optimiser, and how each of them fares."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass, field
from threading import Event

import numpy as np
import torch
from numpy.typing import NDArray
from tqdm import tqdm

from probes.batches import ordered_batches, shuffled_batches
from probes.examples import Examples
from probes.maps import LayerMaps, layer_of, layer_scales
from probes.schedule import Schedule, has_stopped
from probes.trainable import Trainable

ORDER_SEED = 0
VALIDATION_BATCH = 64


@dataclass
class Progress:
    """How a probe has fared: its losses by epoch, and the matrix of its best epoch so far."""

    probe: Trainable
    history: list[dict[str, float]] = field(default_factory=list)
    best: float = float("inf")
    epoch: int = 0
    matrix: NDArray[np.float32] = field(default_factory=lambda: np.empty((0, 0), np.float32))


class Team:
    """Some probes in training. A probe that has stopped leaves the products; the others do not notice."""

    def __init__(
        self, probes: Sequence[Trainable], data: Examples, held_out: Examples | None, *, device: torch.device
    ) -> None:
        self.data, self.held_out, self.device = data, held_out, device
        by_layer: dict[int, list[Trainable]] = {layer_of(probe, data.states): [] for probe in probes}
        for probe in probes:
            by_layer[layer_of(probe, data.states)].append(probe)
        scales = layer_scales(data.states, list(by_layer))
        self.maps = [LayerMaps(*each, scale.to(device)) for each, scale in zip(by_layer.items(), scales)]
        self.optimiser = torch.optim.Adam([maps.parameter for maps in self.maps], fused=True)
        self.records = [Progress(probe) for maps in self.maps for probe in maps.probes]
        self.running = self.records

    def train(self, schedule: Schedule, *, bar: tqdm, halted: Event) -> None:
        """Train until the schedule ends, all have stopped, or all are halted.

        Raises ValueError where a loss is not finite.
        """
        order = np.random.default_rng(ORDER_SEED)
        for epoch in range(1, schedule.epochs + 1):
            training = self._learn_once(epoch, schedule, order, bar=bar, halted=halted)
            validation = None if halted.is_set() or self.held_out is None else self._judge(self.held_out)
            if halted.is_set():
                return
            self._close(epoch, training, validation)
            if not self.running:
                return

    def _learn_once(
        self, epoch: int, schedule: Schedule, order: np.random.Generator, *, bar: tqdm, halted: Event
    ) -> list[float]:
        """One epoch of Adam; the mean loss of each probe on the way."""
        batches = shuffled_batches(self.data.lengths, size=schedule.batch_size, generator=order)
        total = torch.zeros(len(self.running), device=self.device)
        for step, (batch, gold) in enumerate(
            self.data.batches(batches, layers=self.layers, device=self.device), start=(epoch - 1) * schedule.steps
        ):
            if halted.is_set():
                break
            total += torch.cat([maps.step(batch, gold, learn=True) for maps in self.maps])
            self.optimiser.param_groups[0]["lr"] = schedule.rate(step)
            self.optimiser.step()
            bar.update()
        return (total / len(self.data)).tolist()

    @torch.inference_mode()
    def _judge(self, held_out: Examples) -> list[float]:
        """The mean loss of each probe on sentences that it does not learn from."""
        total = torch.zeros(len(self.running), device=self.device)
        batches = ordered_batches(held_out.lengths, size=VALIDATION_BATCH)
        for batch, gold in held_out.batches(batches, layers=self.layers, device=self.device):
            total += torch.cat([maps.step(batch, gold, learn=False) for maps in self.maps])
        return (total / len(held_out)).tolist()

    @property
    def layers(self) -> list[int]:
        """The layers that are still read."""
        return [maps.layer for maps in self.maps]

    def _close(self, epoch: int, training: list[float], validation: list[float] | None) -> None:
        """Note every probe's losses over the epoch, keep its matrix where it is the best, let the stopped go."""
        matrices = [matrix for maps in self.maps for matrix in maps.matrices()]
        for place, (record, matrix) in enumerate(zip(self.running, matrices)):
            judged = -float(epoch) if validation is None else validation[place]
            if not np.isfinite([training[place], judged]).all():
                raise ValueError(f"epoch {epoch}: the loss is not finite; do the vectors hold NaN or infinity?")
            record.history.append({"epoch": float(epoch), "training": training[place]})
            if validation is not None:
                record.history[-1]["validation"] = validation[place]
            if judged < record.best:
                record.best, record.epoch, record.matrix = judged, epoch, matrix
        self._drop([has_stopped(epoch, best=one.epoch, patience=one.probe.patience) for one in self.running])

    def _drop(self, stopped: Sequence[bool]) -> None:
        """Take the columns of stopped probes out of the products and out of Adam's memory."""
        if not any(stopped):
            return
        kept, moments = [], []
        flags = iter(stopped)
        for maps in self.maps:
            state = self.optimiser.state[maps.parameter]
            columns = maps.drop([next(flags) for _ in maps.probes])
            if len(columns):
                kept.append(maps)
                moments.append({name: value[:, columns] if value.ndim else value for name, value in state.items()})
        self.running = [record for record, gone in zip(self.running, stopped) if not gone]
        self.maps = kept
        if kept:
            self.optimiser = torch.optim.Adam([maps.parameter for maps in kept], fused=True)
            for maps, state in zip(kept, moments):
                self.optimiser.state[maps.parameter] = {name: value.contiguous() for name, value in state.items()}


def make_teams(
    probes: Sequence[Trainable], data: Examples, held_out: Examples | None, *, device: torch.device
) -> list[Team]:
    """As many teams as there are threads to run them, neighbours in layer together; one on CUDA."""
    ordered = sorted(probes, key=lambda probe: layer_of(probe, data.states))
    teams = 1 if device.type == "cuda" else min(torch.get_num_threads(), len(ordered))
    parts = np.array_split(np.arange(len(ordered)), teams)
    return [Team([ordered[i] for i in part], data, held_out, device=device) for part in parts]


def train_side_by_side(teams: Sequence[Team], schedule: Schedule, *, bar: tqdm) -> None:
    """Train every team in a thread of its own, from the first step to the last; none waits for another.

    The products of a batch are too small to share among threads, which would wait for each other after each: so
    within a team torch has a single thread, until all is done. An error in one team, or an interrupt, halts all.
    """
    halted = Event()
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        with ThreadPoolExecutor(len(teams), initializer=torch.set_num_threads, initargs=(1,)) as pool:
            try:
                for done in as_completed([pool.submit(team.train, schedule, bar=bar, halted=halted) for team in teams]):
                    done.result()
            finally:
                halted.set()
    finally:
        torch.set_num_threads(threads)
