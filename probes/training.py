"""Training by epochs: workers that each train some learners from the first step to the last.

Adam treats each number of each probe by itself, so probes do not disturb each other, and the order of the sentences
depends on nothing but their number. A probe trained among others therefore equals the probe trained alone, up to
rounding.
"""

import math
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass, field
from threading import Event
from typing import Any, Protocol, Self

import numpy as np
import torch
from torch import Tensor
from tqdm import tqdm

from treeprobe.errors import TreeprobeError
from treeprobe.probes.data import Batch, Examples, ordered_batches, shuffled_batches

EPOCHS = 5
LEAST_STEPS = 300
ORDER_SEED = 0
VALIDATION_BATCH = 64


class NotFiniteError(TreeprobeError, ValueError):
    """A probe in training whose loss is NaN or infinity."""


class Learner(Protocol):
    """Probes of one learning rate, on one layer or on several, that are trained side by side."""

    layers: tuple[int, ...]

    @classmethod
    def for_layers(cls, probes: Mapping[int, Sequence[Any]], scales: Mapping[int, Tensor]) -> list[Self]:
        """Learners for the probes of each layer, as few as may be, that begin with the probes' initial values.

        Args:
            probes: the probes by layer, all of one learning rate and of this sort.
            scales: divisors of each dimension of a layer's vectors, (dim, 1), by layer.
        """

    @property
    def probes(self) -> Sequence[Any]:
        """The probes, in the order of everything that is noted by probe."""

    def step(self, batch: Batch, *, learn: bool) -> Tensor:
        """Losses summed over a batch, (probes,); with `learn`, the gradients of their means are kept for `update`."""

    def update(self, decay: float) -> None:
        """One step of Adam at `decay` times the learning rate."""

    def learned(self) -> list[Any]:
        """A copy of what each probe has learned."""

    def drop(self, stopped: Sequence[bool]) -> list[Self]:
        """Learners that go on without the stopped probes; they may be several, or none."""


@dataclass(frozen=True)
class Schedule:
    """How long, in what batches and where probes are trained; `steps` are those of an epoch."""

    epochs: int
    batch_size: int
    steps: int
    device: torch.device

    @classmethod
    def of(cls, epochs: int | None, *, sentences: int, batch_size: int, device: str) -> "Schedule":
        """For so many sentences; see `epochs_for`."""
        number = epochs_for(epochs, sentences=sentences, batch_size=batch_size)
        return cls(number, batch_size, math.ceil(sentences / batch_size), torch.device(device))


def epochs_for(epochs: int | None, *, sentences: int, batch_size: int) -> int:
    """The number given; where None, `EPOCHS`, or on a small treebank as many as make `LEAST_STEPS` steps."""
    if epochs is not None:
        return epochs
    return max(EPOCHS, math.ceil(LEAST_STEPS / math.ceil(sentences / batch_size)))


def cosine_decay(done: float) -> float:
    """Factor of the learning rate once a share `done` of the steps is over: half a cosine, from 1 to 0."""
    return (1 + math.cos(math.pi * done)) / 2


@dataclass
class Record:
    """A probe in training: its losses by epoch, and what it had learned by its best epoch so far."""

    probe: Any
    history: list[dict[str, float]] = field(default_factory=list)
    best_loss: float = math.inf
    best_epoch: int = 0
    learned: Any = None

    def note(self, epoch: int, training: float, validation: float | None, learned: Any) -> None:
        """Add an epoch, and keep what was learned where it is the best; without validation, the last is the best.

        Raises:
            NotFiniteError: a loss is NaN or infinity.
        """
        loss = -float(epoch) if validation is None else validation
        if not np.isfinite([training, loss]).all():
            raise NotFiniteError(
                f"epoch {epoch}: the loss of {self.probe} is not finite; do the vectors hold NaN or infinity, "
                "or is the learning rate too large?"
            )
        self.history.append({"epoch": float(epoch), "training": training})
        if validation is not None:
            self.history[-1]["validation"] = validation
        if loss < self.best_loss:
            self.best_loss, self.best_epoch, self.learned = loss, epoch, learned

    @property
    def has_stopped(self) -> bool:
        """Whether the loss has not fallen for as many epochs as the probe has patience."""
        patience = self.probe.patience
        return patience is not None and len(self.history) - self.best_epoch >= patience


class Worker:
    """Trains some learners in a thread of its own. A probe that has stopped leaves its learner."""

    def __init__(self, learners: Sequence[Learner]) -> None:
        self.records = [Record(probe) for learner in learners for probe in learner.probes]
        self._learners, self._running = list(learners), self.records

    def train(
        self,
        data: Examples,
        held_out: Examples | None,
        schedule: Schedule,
        *,
        bar: tqdm,
        halted: Event,
    ) -> None:
        """Train until the schedule ends, all probes have stopped, or `halted` is set.

        Raises:
            NotFiniteError: a loss is NaN or infinity.
        """
        order = np.random.default_rng(ORDER_SEED)
        for epoch in range(1, schedule.epochs + 1):
            training = self._train_epoch(epoch, data, schedule, order, bar=bar, halted=halted)
            validation = None if halted.is_set() or held_out is None else self._validate(held_out, schedule.device)
            if halted.is_set():
                return
            learned = [each for learner in self._learners for each in learner.learned()]
            for place, record in enumerate(self._running):
                record.note(epoch, training[place], None if validation is None else validation[place], learned[place])
            self._drop_stopped()
            if not self._running:
                return

    def _train_epoch(
        self, epoch: int, data: Examples, schedule: Schedule, order: np.random.Generator, *, bar: tqdm, halted: Event
    ) -> list[float]:
        """Mean loss of each probe over the epoch, (probes,)."""
        batches = shuffled_batches(data.lengths, size=schedule.batch_size, generator=order)
        total = torch.zeros(len(self._running), device=schedule.device)
        first_step = (epoch - 1) * schedule.steps
        for step, batch in enumerate(
            data.batches(batches, layers=self._layers(), device=schedule.device), start=first_step
        ):
            if halted.is_set():
                break
            total += torch.cat([learner.step(batch, learn=True) for learner in self._learners])
            for learner in self._learners:
                learner.update(cosine_decay(step / (schedule.epochs * schedule.steps)))
            bar.update()
        return (total / len(data)).tolist()

    @torch.inference_mode()
    def _validate(self, held_out: Examples, device: torch.device) -> list[float]:
        """Mean loss of each probe on held-out sentences, (probes,)."""
        total = torch.zeros(len(self._running), device=device)
        batches = ordered_batches(held_out.lengths, size=VALIDATION_BATCH)
        for batch in held_out.batches(batches, layers=self._layers(), device=device):
            total += torch.cat([learner.step(batch, learn=False) for learner in self._learners])
        return (total / len(held_out)).tolist()

    def _layers(self) -> list[int]:
        """The layers that are still read."""
        return sorted({layer for learner in self._learners for layer in learner.layers})

    def _drop_stopped(self) -> None:
        stopped = [record.has_stopped for record in self._running]
        if any(stopped):
            records = {record.probe: record for record in self._running}
            flags = iter(stopped)
            left = [learner.drop([next(flags) for _ in learner.probes]) for learner in self._learners]
            self._learners = [learner for learners in left for learner in learners]
            # Learners may have been regrouped, and their probes with them.
            self._running = [records[probe] for learner in self._learners for probe in learner.probes]


def train_in_parallel(
    workers: Sequence[Worker], data: Examples, held_out: Examples | None, schedule: Schedule, *, bar: tqdm
) -> None:
    """Train every worker in a thread of its own, from the first step to the last; none waits for another.

    The matrix products of a batch are too small to be shared among threads, which would wait for each other after each
    of them: so torch has a single thread within a worker. An error in one worker, or an interrupt, halts all.
    """
    halted = Event()
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        with ThreadPoolExecutor(len(workers), initializer=torch.set_num_threads, initargs=(1,)) as pool:
            running = [pool.submit(each.train, data, held_out, schedule, bar=bar, halted=halted) for each in workers]
            try:
                for done in as_completed(running):
                    done.result()
            finally:
                halted.set()
    finally:
        torch.set_num_threads(threads)


def split_contiguously(loads: Sequence[int], workers: int) -> list[list[int]]:
    """Places of neighbouring items for at most so many workers, their loads about equal; none is left empty."""
    ends = np.cumsum(loads)
    middles = ends - np.asarray(loads) / 2
    owners = (middles / ends[-1] * workers).astype(int)
    return [np.flatnonzero(owners == owner).tolist() for owner in np.unique(owners)]
