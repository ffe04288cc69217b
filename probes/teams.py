"""Probes that are trained side by side by one thread: their learners, and how each of them fares."""

from collections import defaultdict
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass, field
from threading import Event
from typing import Any

import numpy as np
import torch
from tqdm import tqdm

from treeprobe.errors import TreeprobeError
from treeprobe.probes.batches import ordered_batches, shuffled_batches
from treeprobe.probes.examples import Examples
from treeprobe.probes.maps import layer_scales
from treeprobe.probes.schedule import Schedule, has_stopped
from treeprobe.probes.trainable import Learner, Trainable, layer_of

ORDER_SEED = 0
VALIDATION_BATCH = 64


class NotFiniteError(TreeprobeError, ValueError):
    """A probe in training whose loss is NaN or infinity."""


@dataclass
class Progress:
    """How a probe has fared: its losses by epoch, and what it had learned by its best epoch so far."""

    probe: Trainable
    history: list[dict[str, float]] = field(default_factory=list)
    best_loss: float = float("inf")
    best_epoch: int = 0
    learned: Any = None


class Team:
    """Some probes in training. A probe that has stopped leaves its learner; the others do not notice."""

    def __init__(
        self, probes: Sequence[Trainable], data: Examples, held_out: Examples | None, *, device: torch.device
    ) -> None:
        self.data, self.held_out, self.device = data, held_out, device
        alike: dict[tuple[int, type[Learner], float], list[Trainable]] = defaultdict(list)
        for probe in probes:
            alike[layer_of(probe, data.states), probe.learner, probe.learning_rate].append(probe)
        layers = list(dict.fromkeys(layer for layer, _, _ in alike))
        scales = dict(zip(layers, layer_scales(data.states, layers)))
        self.learners = [
            learner(layer, together, scales[layer].to(device)) for (layer, learner, _), together in alike.items()
        ]
        self.records = [Progress(probe) for learner in self.learners for probe in learner.probes]
        self.running = self.records

    def train(self, schedule: Schedule, *, bar: tqdm, halted: Event) -> None:
        """Train until the schedule ends, all have stopped, or all are halted.

        Raises NotFiniteError where a loss is not finite.
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
            total += torch.cat([learner.step(batch, gold, learn=True) for learner in self.learners])
            for learner in self.learners:
                learner.move(schedule.share(step))
            bar.update()
        return (total / len(self.data)).tolist()

    @torch.inference_mode()
    def _judge(self, held_out: Examples) -> list[float]:
        """The mean loss of each probe on sentences that it does not learn from."""
        total = torch.zeros(len(self.running), device=self.device)
        batches = ordered_batches(held_out.lengths, size=VALIDATION_BATCH)
        for batch, gold in held_out.batches(batches, layers=self.layers, device=self.device):
            total += torch.cat([learner.step(batch, gold, learn=False) for learner in self.learners])
        return (total / len(held_out)).tolist()

    @property
    def layers(self) -> list[int]:
        """The layers that are still read."""
        return list(dict.fromkeys(learner.layer for learner in self.learners))

    def _close(self, epoch: int, training: list[float], validation: list[float] | None) -> None:
        """Note every probe's losses, keep what it has learned where this is its best epoch, let the stopped go."""
        learned = [each for learner in self.learners for each in learner.learned()]
        for place, record in enumerate(self.running):
            # Without validation every epoch counts as better than the one before: the last is kept, and none stops.
            judged = -float(epoch) if validation is None else validation[place]
            if not np.isfinite([training[place], judged]).all():
                raise NotFiniteError(
                    f"epoch {epoch}: the loss of {record.probe} is not finite; do the vectors hold NaN or infinity, "
                    "or is the learning rate too large?"
                )
            record.history.append({"epoch": float(epoch), "training": training[place]})
            if validation is not None:
                record.history[-1]["validation"] = validation[place]
            if judged < record.best_loss:
                record.best_loss, record.best_epoch, record.learned = judged, epoch, learned[place]
        self._drop([has_stopped(epoch, best=one.best_epoch, patience=one.probe.patience) for one in self.running])

    def _drop(self, stopped: Sequence[bool]) -> None:
        if any(stopped):
            flags = iter(stopped)
            left = [learner.drop([next(flags) for _ in learner.probes]) for learner in self.learners]
            self.learners = [learner for learner in left if learner is not None]
            self.running = [record for record, gone in zip(self.running, stopped) if not gone]


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
