"""Training by epochs: one pass over the data for all learners, divided among threads step by step.

Adam treats each number of each probe by itself, so probes do not disturb each other, and the order of the sentences
depends on nothing but their number. A probe trained among others therefore equals the probe trained alone, up to
rounding.
"""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Protocol, Self

import numpy as np
import torch
from numpy.typing import NDArray
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


Share = list[Learner]
"""Learners that one thread trains."""
OnShares = Callable[[Callable[[Share], Tensor], Sequence[Share]], list[Tensor]]
"""Does the same to every share, each in a thread of its own."""


class Trainer:
    """Trains shares of learners on the same batches. A probe that has stopped leaves its learner."""

    def __init__(self, shares: Sequence[Sequence[Learner]]) -> None:
        self._shares = [list(share) for share in shares]
        self.records = self._running = [Record(probe) for learner in self._learners for probe in learner.probes]

    def train(self, data: Examples, held_out: Examples | None, schedule: Schedule, *, bar: tqdm) -> None:
        """Train until the schedule ends or all probes have stopped.

        Raises:
            NotFiniteError: a loss is NaN or infinity.
        """
        order = np.random.default_rng(ORDER_SEED)
        with _threads(len(self._shares)) as on_shares:
            for epoch in range(1, schedule.epochs + 1):
                batches = shuffled_batches(data.lengths, size=schedule.batch_size, generator=order)
                training = self._train_epoch(epoch, data, batches, schedule, on_shares=on_shares, bar=bar)
                validation = None if held_out is None else self._validate(held_out, schedule.device, on_shares)
                learned = [each for learner in self._learners for each in learner.learned()]
                for place, record in enumerate(self._running):
                    loss = None if validation is None else validation[place]
                    record.note(epoch, training[place], loss, learned[place])
                self._drop_stopped()
                if not self._running:
                    return

    def _train_epoch(
        self,
        epoch: int,
        data: Examples,
        batches: Sequence[NDArray[np.int64]],
        schedule: Schedule,
        *,
        on_shares: OnShares,
        bar: tqdm,
    ) -> list[float]:
        """Mean loss of each probe over the epoch, (probes,)."""
        total = torch.zeros(len(self._running), device=schedule.device)
        read = data.batches(batches, layers=self._layers(), device=schedule.device)
        for step, batch in enumerate(read, start=(epoch - 1) * schedule.steps):
            decay = cosine_decay(step / (schedule.epochs * schedule.steps))
            total += torch.cat(on_shares(partial(_learn, batch=batch, decay=decay), self._shares))
            bar.update()
        return (total / len(data)).tolist()

    def _validate(self, held_out: Examples, device: torch.device, on_shares: OnShares) -> list[float]:
        """Mean loss of each probe on held-out sentences, (probes,)."""
        total = torch.zeros(len(self._running), device=device)
        batches = ordered_batches(held_out.lengths, size=VALIDATION_BATCH)
        for batch in held_out.batches(batches, layers=self._layers(), device=device):
            total += torch.cat(on_shares(partial(_losses, batch=batch), self._shares))
        return (total / len(held_out)).tolist()

    @property
    def _learners(self) -> list[Learner]:
        return [learner for share in self._shares for learner in share]

    def _layers(self) -> list[int]:
        """The layers that are still read."""
        return sorted({layer for learner in self._learners for layer in learner.layers})

    def _drop_stopped(self) -> None:
        stopped = [record.has_stopped for record in self._running]
        if any(stopped):
            records = {record.probe: record for record in self._running}
            flags = iter(stopped)
            left = [[each.drop([next(flags) for _ in each.probes]) for each in share] for share in self._shares]
            shares = [[learner for learners in share for learner in learners] for share in left]
            self._shares = [share for share in shares if share]
            # Learners may have been regrouped, and their probes with them.
            self._running = [records[probe] for learner in self._learners for probe in learner.probes]


def _learn(share: Share, *, batch: Batch, decay: float) -> Tensor:
    """One step of a share; its losses summed over the batch, (probes,)."""
    losses = torch.cat([learner.step(batch, learn=True) for learner in share])
    for learner in share:
        learner.update(decay)
    return losses


@torch.inference_mode()
def _losses(share: Share, *, batch: Batch) -> Tensor:
    """Losses of a share summed over a batch, (probes,)."""
    return torch.cat([learner.step(batch, learn=False) for learner in share])


@contextmanager
def _threads(shares: int) -> Iterator[OnShares]:
    """Threads for so many shares, the caller's among them.

    The matrix products of a batch are too small to be divided among threads themselves, which would wait for each
    other after each of them: so torch has a single thread within each of these.
    """
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        with ThreadPoolExecutor(max(shares - 1, 1), initializer=torch.set_num_threads, initargs=(1,)) as pool:

            def on_shares(work: Callable[[Share], Tensor], given: Sequence[Share]) -> list[Tensor]:
                others = [pool.submit(work, share) for share in given[1:]]
                return [work(given[0]), *(other.result() for other in others)]

            yield on_shares
    finally:
        torch.set_num_threads(threads)


def split_contiguously(loads: Sequence[int], shares: int) -> list[list[int]]:
    """Places of neighbouring items in at most so many shares, their loads about equal; none is left empty."""
    ends = np.cumsum(loads)
    middles = ends - np.asarray(loads) / 2
    owners = (middles / ends[-1] * shares).astype(int)
    return [np.flatnonzero(owners == owner).tolist() for owner in np.unique(owners)]
