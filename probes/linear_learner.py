"""Training of linear maps: those of every layer side by side, in a few operations a step."""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol, Self

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from treeprobe.probes.data import Batch
from treeprobe.probes.initial import initial_map
from treeprobe.probes.parted_words import PartedWords
from treeprobe.probes.precision import Precision
from treeprobe.probes.targets import Quantity


class Linear(Protocol):
    """What is read of a linear probe (`structural.LinearProbe`) to train its map."""

    kind: str
    quantities: tuple[Quantity, ...]
    rank: int
    seed: int
    learning_rate: float
    precision: Precision
    loss: Callable[..., Tensor]


@dataclass(frozen=True)
class _Stack:
    """Probes of one class and rank that every layer has, and the neighbouring `columns` of their maps."""

    probe: type[Linear]
    rank: int
    columns: slice

    def loss(self, projected: Tensor, batch: Batch, grad: Tensor | None) -> Tensor:
        """Losses of these probes, (layers, probes), given all probes' projections; their gradient goes to `grad`."""
        gold = batch.gold[self.probe.quantities[0]]
        ours = None if grad is None else grad[..., self.columns]
        return self.probe.loss(projected[..., self.columns], gold, batch, rank=self.rank, grad=ours)


class LinearLearner:
    """The maps of linear probes on several layers side by side, as one (layers, dim, columns) parameter.

    All layers have probes of the same classes and ranks, so that a step is a few operations on all layers at once: each
    of them costs more to begin than to do on the few words of a batch.

    A map is trained on vectors divided by their scale, so that one learning rate serves models whose activations are
    near 1 and models whose activations are in the hundreds. The division is folded into the matrix that a probe keeps,
    which stays a plain linear map of the vectors as they are. The maps, the losses and Adam's memory are in float32,
    whatever format the products are computed in.
    """

    @classmethod
    def for_layers(cls, probes: Mapping[int, Sequence[Linear]], scales: Mapping[int, Tensor]) -> list[Self]:
        """A learner for all layers that have probes of the same classes and ranks; see `training.Learner`."""
        learners = []
        for together in _alike_layers({layer: _stacked(on_layer) for layer, on_layer in probes.items()}):
            scale = torch.stack([scales[layer] for layer in together])
            first = [
                torch.cat([initial_map(scale.shape[1], probe.rank, seed=probe.seed) for probe in on_layer], dim=1)
                for on_layer in together.values()
            ]
            learners.append(cls(together, torch.stack(first).to(scale.device), scale))
        return learners

    def __init__(self, probes: Mapping[int, Sequence[Linear]], parameter: Tensor, scale: Tensor) -> None:
        """Begin with these maps, (layers, dim, columns), for vectors divided by `scale`, (layers, dim, 1)."""
        self.layers = tuple(probes)
        self.probes = [probe for on_layer in probes.values() for probe in on_layer]
        self._by_layer = probes
        self._precision = self.probes[0].precision
        self._stacks = _stacks(next(iter(probes.values())))
        self._scale, self._parameter = scale, parameter
        self._prices = _prices(probes).to(parameter.device)
        self._priced = bool(self._prices.any())
        self._optimiser = torch.optim.Adam([parameter], fused=True)

    def step(self, batch: Batch, *, learn: bool) -> Tensor:
        """Losses summed over a batch, (probes,); with `learn`, the gradients of their means are kept for `update`."""
        words = PartedWords.of(batch, self.layers)
        projected = words.project(self._parameter / self._scale, precision=self._precision)
        grad = torch.empty_like(projected) if learn else None
        losses = [stack.loss(projected, batch, grad) for stack in self._stacks]
        if grad is not None:
            gradient = words.gradient(grad, precision=self._precision)
            gradient.div_(self._scale * len(batch.sentences))
            self._parameter.grad = gradient.addcmul_(self._prices, self._parameter) if self._priced else gradient
        return torch.cat(losses, dim=1).flatten()

    def update(self, decay: float) -> None:
        """One step of Adam at `decay` times the learning rate."""
        self._optimiser.param_groups[0]["lr"] = self.probes[0].learning_rate * decay
        self._optimiser.step()

    def learned(self) -> list[NDArray[np.float32]]:
        """B of every probe, (rank, dim), for vectors as they are."""
        maps = (self._parameter / self._scale).mT.cpu().numpy()
        return [
            np.ascontiguousarray(on_layer[columns])
            for on_layer, probes in zip(maps, self._by_layer.values())
            for columns in _columns(probes)
        ]

    def drop(self, stopped: Sequence[bool]) -> list[Self]:
        """Learners for the layers that still have probes of the same classes and ranks, Adam's memory with them."""
        gone = {probe for probe, out in zip(self.probes, stopped) if out}
        left = {layer: [each for each in probes if each not in gone] for layer, probes in self._by_layer.items()}
        return [self._only(together) for together in _alike_layers({k: v for k, v in left.items() if v})]

    def _only(self, probes: Mapping[int, Sequence[Linear]]) -> Self:
        """A learner for some of the probes, which goes on where this one is."""
        rows = [self.layers.index(layer) for layer in probes]
        kept = [
            np.flatnonzero(np.repeat([each in on_layer for each in before], [each.rank for each in before]))
            for before, on_layer in ((self._by_layer[layer], probes[layer]) for layer in probes)
        ]

        def taken(values: Tensor) -> Tensor:
            return torch.stack([values[row][:, columns] for row, columns in zip(rows, kept)])

        other = type(self)(probes, taken(self._parameter), self._scale[rows])
        other._optimiser.state[other._parameter] = {
            name: taken(value) if value.ndim else value.clone()
            for name, value in self._optimiser.state[self._parameter].items()
        }
        return other


def _stacked(probes: Sequence[Linear]) -> list[Linear]:
    """The probes in an order in which those of one class and rank are neighbours."""
    alike: dict[tuple[str, int], list[Linear]] = defaultdict(list)
    for probe in probes:
        alike[probe.kind, probe.rank].append(probe)
    return [probe for together in alike.values() for probe in together]


def _alike_layers(probes: Mapping[int, Sequence[Linear]]) -> list[dict[int, Sequence[Linear]]]:
    """The layers parted into those that have probes of the same classes and ranks in the same order."""
    alike: dict[tuple[tuple[str, int], ...], dict[int, Sequence[Linear]]] = defaultdict(dict)
    for layer, on_layer in probes.items():
        alike[tuple((probe.kind, probe.rank) for probe in on_layer)][layer] = on_layer
    return list(alike.values())


def _columns(probes: Sequence[Linear]) -> list[slice]:
    """The columns of each probe's map, side by side."""
    ends = np.cumsum([probe.rank for probe in probes]).tolist()
    return [slice(end - probe.rank, end) for end, probe in zip(ends, probes)]


def _prices(probes: Mapping[int, Sequence[Linear]]) -> Tensor:
    """What each number of a map pays for its size: the slope of strength · ‖B‖², (layers, 1, columns)."""
    slopes = [
        [2 * getattr(one, "strength", 0.0) for one in on_layer for _ in range(one.rank)] for on_layer in probes.values()
    ]
    return torch.tensor(slopes)[:, None]


def _stacks(probes: Sequence[Linear]) -> list[_Stack]:
    """The stacks of a layer whose probes of one class and rank are neighbours."""
    alike: dict[tuple[type[Linear], int], list[slice]] = defaultdict(list)
    for probe, columns in zip(probes, _columns(probes)):
        alike[type(probe), probe.rank].append(columns)
    return [_Stack(kind, rank, slice(found[0].start, found[-1].stop)) for (kind, rank), found in alike.items()]
