"""The linear maps of the probes on a layer side by side, so that all of them share one matrix product."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol, Self

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from treeprobe.probes.batches import Batch
from treeprobe.probes.states import States, evenly_spaced
from treeprobe.probes.targets import BatchGold, Kind
from treeprobe.probes.trainable import Trainable

SCALE_SENTENCES = 300  # sentences whose vectors are measured for their scale
OUTLIER = 3.0  # standard deviations, in their median, beyond which a number of the vectors is brought down
TYPICAL_DISTANCE = 4.0  # edges between two words, where maps begin


class Linear(Trainable, Protocol):
    """A linear map: what it is trained on, and the loss at projected words."""

    @property
    def kind(self) -> Kind:
        """Which gold values it is trained on."""

    def objective(self, projected: Tensor, gold: Any, batch: Batch, *, rank: int, pulls: Tensor | None) -> Tensor:
        """Losses of probes side by side, (probes,); their gradient goes to `pulls`. See `objectives`."""


@dataclass(frozen=True)
class Stack:
    """Probes of one layer, kind and rank, whose maps are the neighbouring `columns`, (dim, probes · rank)."""

    probes: tuple[Linear, ...]
    columns: slice

    def losses(self, projected: Tensor, gold: BatchGold, batch: Batch, pulls: Tensor | None) -> Tensor:
        """Losses of these probes at all probes' projected words; their gradient goes to their columns of `pulls`."""
        first = self.probes[0]
        ours = None if pulls is None else pulls[:, self.columns]
        return first.objective(projected[:, self.columns], gold[first.kind], batch, rank=first.rank, pulls=ours)


class LayerMaps:
    """The maps of all linear probes on one layer: one (dim, columns) parameter, and the scale of the vectors.

    A map is trained on vectors divided by their typical size, so that one step size serves models whose activations
    are near 1 and models whose activations are in the hundreds. The division is folded into
    the matrix that a probe keeps, which stays a plain linear map of the vectors as they are.
    """

    def __init__(self, layer: int, probes: Sequence[Linear], scale: Tensor) -> None:
        self.layer = layer
        self.scale = scale
        self.stacks = stacked(probes)
        first = [first_values(len(scale), probe.rank, seed=probe.seed) for probe in self.probes]
        self.parameter = torch.cat(first, dim=1).to(scale.device)
        self.optimiser = torch.optim.Adam([self.parameter], fused=True)

    @property
    def probes(self) -> list[Linear]:
        """All probes, stack by stack: the order of their columns and of everything that is noted by probe."""
        return [probe for stack in self.stacks for probe in stack.probes]

    def step(self, batch: Batch, gold: BatchGold, *, learn: bool) -> Tensor:
        """Losses of every probe summed over a batch, (probes,); with `learn`, gradients of their mean are left."""
        words = batch.layer(self.layer)
        projected = words @ (self.parameter / self.scale)
        pulls = torch.empty_like(projected) if learn else None
        sums = [stack.losses(projected, gold, batch, pulls) for stack in self.stacks]
        if pulls is not None:
            self.parameter.grad = (words.T @ pulls).div_(self.scale * len(batch.sentences))
        return torch.cat(sums)

    def move(self, share: float) -> None:
        """One step of Adam."""
        self.optimiser.param_groups[0]["lr"] = self.probes[0].learning_rate * share
        self.optimiser.step()

    def learned(self) -> list[NDArray[np.float32]]:
        """B of every probe, (rank, dim), for vectors as they are."""
        parts = (self.parameter / self.scale).split([probe.rank for probe in self.probes], dim=1)
        return [part.T.contiguous().cpu().numpy() for part in parts]

    def drop(self, stopped: Sequence[bool]) -> Self | None:
        """Take the columns of stopped probes out of the product and out of Adam's memory."""
        kept = np.flatnonzero(~np.repeat(stopped, [probe.rank for probe in self.probes]))
        if not len(kept):
            return None
        # Stacks come in the order of their first probes: without some, the others keep theirs.
        self.stacks = stacked([probe for probe, out in zip(self.probes, stopped) if not out])
        state = self.optimiser.state[self.parameter]
        self.parameter = self.parameter[:, kept].contiguous()
        self.optimiser = torch.optim.Adam([self.parameter], fused=True)
        self.optimiser.state[self.parameter] = {
            name: value[:, kept].contiguous() if value.ndim else value for name, value in state.items()
        }
        return self


def stacked(probes: Sequence[Linear]) -> list[Stack]:
    """Stacks of probes alike in kind and rank, one after the other."""
    alike: dict[tuple[Kind, int], list[Linear]] = defaultdict(list)
    for probe in probes:
        alike[probe.kind, probe.rank].append(probe)
    stacks, taken = [], 0
    for together in alike.values():
        width = sum(probe.rank for probe in together)
        stacks.append(Stack(tuple(together), slice(taken, taken + width)))
        taken += width
    return stacks


def layer_scales(states: States, layers: Sequence[int]) -> list[Tensor]:
    """What each number of a layer's vectors is divided by, (dim, 1), found on sentences spread through the data.

    It is the median of the numbers' standard deviations; a number that varies more than `OUTLIER` times as much, as
    some do in GPT-2, is brought down to that.
    """
    sample = evenly_spaced(len(states.lengths), most=SCALE_SENTENCES)
    deviations = torch.from_numpy(states.read(sample, layers)).std(dim=1, correction=0)
    typical = deviations.median(dim=1, keepdim=True).values
    # Vectors that hardly ever change still need a divisor that is not zero.
    typical = torch.where(typical > 0, typical, deviations.mean(dim=1, keepdim=True)).clamp_min(1e-12)
    return list(torch.maximum(typical, deviations / OUTLIER)[..., None])


def first_values(dim: int, rank: int, *, seed: int) -> Tensor:
    """A random map under which two vectors of unit variance are a typical tree distance apart, (dim, rank)."""
    generator = torch.Generator().manual_seed(seed)
    spread = (TYPICAL_DISTANCE / (2 * dim * rank)) ** 0.5
    return torch.randn(dim, rank, generator=generator) * spread
