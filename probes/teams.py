"""Probes that are trained side by side by one thread: their maps, their optimiser, and how each of them fares."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from probes.batches import Batch
from probes.maps import Maps, layer_of
from probes.schedule import has_stopped
from probes.states import States
from probes.targets import Kind
from probes.trainable import Trainable

Gold = Mapping[Kind, list[Tensor]]


@dataclass
class Progress:
    """How a probe has fared: its losses by epoch, and the matrix of its best epoch so far."""

    probe: Trainable
    history: list[dict[str, float]] = field(default_factory=list)
    best: float = float("inf")
    epoch: int = 0
    matrix: NDArray[np.float32] = field(default_factory=lambda: np.empty((0, 0), np.float32))


class Team:
    """Some probes in training. A probe that has stopped leaves `maps` and `running`; the others do not notice."""

    def __init__(self, probes: Sequence[Trainable], states: States, *, device: torch.device) -> None:
        self.maps = Maps(probes, states, device=device)
        self.optimiser = torch.optim.Adam(self.maps.parameters, fused=True)
        self.running = [Progress(probe) for probe in self.maps.probes]
        self._begin_epoch()

    def learn(self, batch: Batch, gold: Gold, *, rate: float) -> None:
        """One step of Adam."""
        self._training += self.maps.step(batch, gold, learn=True)
        self.optimiser.param_groups[0]["lr"] = rate
        self.optimiser.step()

    @torch.inference_mode()
    def judge(self, batch: Batch, gold: Gold) -> None:
        """Add the losses on a validation batch."""
        self._validation += self.maps.step(batch, gold, learn=False)

    def close_epoch(self, epoch: int, *, sentences: int, held_out: int | None) -> None:
        """Note every probe's mean losses over the epoch, keep its matrix where it is the best, let the stopped go.

        Raises ValueError where a loss is not finite.
        """
        training = (self._training / sentences).tolist()
        validation = None if held_out is None else (self._validation / held_out).tolist()
        for place, (record, stand) in enumerate(zip(self.running, self.maps.places)):
            judged = -float(epoch) if validation is None else validation[place]
            if not np.isfinite([training[place], judged]).all():
                raise ValueError(f"epoch {epoch}: the loss is not finite; do the vectors hold NaN or infinity?")
            record.history.append({"epoch": float(epoch), "training": training[place]})
            if validation is not None:
                record.history[-1]["validation"] = validation[place]
            if judged < record.best:
                record.best, record.epoch, record.matrix = judged, epoch, self.maps.matrix(*stand)
        self._drop([has_stopped(epoch, best=one.epoch, patience=one.probe.patience) for one in self.running])
        self._begin_epoch()

    def _begin_epoch(self) -> None:
        self._training = torch.zeros(len(self.running), device=self.maps.device)
        self._validation = torch.zeros_like(self._training)

    def _drop(self, stopped: Sequence[bool]) -> None:
        """Take the columns of stopped probes out of the products and out of Adam's memory."""
        if not any(stopped):
            return
        self.running = [record for record, gone in zip(self.running, stopped) if not gone]
        before = self.maps.parameters
        kept = self.maps.drop(stopped)
        if not self.running:
            return
        smaller = torch.optim.Adam(self.maps.parameters, fused=True)
        for parameter, (place, columns) in zip(self.maps.parameters, kept):
            moments = self.optimiser.state[before[place]]
            smaller.state[parameter] = {
                name: value[:, columns].contiguous() if value.ndim else value for name, value in moments.items()
            }
        self.optimiser = smaller


def make_teams(probes: Sequence[Trainable], states: States, *, device: torch.device) -> list[Team]:
    """As many teams as there are threads to run them, neighbours in layer together; one on CUDA."""
    ordered = sorted(probes, key=lambda probe: layer_of(probe, states))
    teams = 1 if device.type == "cuda" else min(torch.get_num_threads(), len(ordered))
    parts = np.array_split(np.arange(len(ordered)), teams)
    return [Team([ordered[i] for i in part], states, device=device) for part in parts]


@contextmanager
def side_by_side(teams: int) -> Iterator[Callable[[Callable[[Team], None], Iterable[Team]], None]]:
    """A way to do something with all teams at once, a thread each.

    The products of a batch are too small to share among threads, which would wait for each other after each: so
    within a team torch has a single thread, until all is done.
    """
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        with ThreadPoolExecutor(teams, initializer=torch.set_num_threads, initargs=(1,)) as pool:

            def at_once(work: Callable[[Team], None], members: Iterable[Team]) -> None:
                for done in [pool.submit(work, team) for team in members]:
                    done.result()

            yield at_once
    finally:
        torch.set_num_threads(threads)
