"""The linear maps of the probes on a layer side by side, so that all of them share one matrix product."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from probes.batches import Batch
from probes.states import States
from probes.targets import Kind
from probes.trainable import Trainable

SCALE_SENTENCES = 300
OUTLIER = 3.0
TYPICAL_DISTANCE = 4.0


@dataclass(frozen=True)
class Stack:
    """Probes of one layer, kind and rank, whose maps are the neighbouring `columns`, (dim, probes · rank)."""

    probes: tuple[Trainable, ...]
    columns: slice

    @property
    def kind(self) -> Kind:
        """What these probes are trained on."""
        return self.probes[0].kind

    @property
    def rank(self) -> int:
        """Columns of each probe."""
        return self.probes[0].rank


class LayerMaps:
    """The maps of all probes on one layer: one (dim, columns) parameter, and the scale of the layer's vectors.

    A map is trained on vectors divided by their typical size, so that one step size serves models whose activations
    are near 1 and models whose activations are in the hundreds. The division is folded into
    the matrix that a probe keeps, which stays a plain linear map of the vectors as they are.
    """

    def __init__(self, layer: int, probes: Sequence[Trainable], scale: Tensor) -> None:
        self.layer = layer
        self.scale = scale
        self.stacks = stacked(probes)
        first = [first_values(len(scale), probe.rank, seed=probe.seed) for probe in self.probes]
        self.parameter = torch.cat(first, dim=1).to(scale.device)

    @property
    def probes(self) -> list[Trainable]:
        """All probes, stack by stack: the order of their columns and of everything that is noted by probe."""
        return [probe for stack in self.stacks for probe in stack.probes]

    def matrices(self) -> list[NDArray[np.float32]]:
        """B of every probe, (rank, dim), for vectors as they are."""
        parts = (self.parameter / self.scale).split([probe.rank for probe in self.probes], dim=1)
        return [part.T.contiguous().cpu().numpy() for part in parts]

    def drop(self, stopped: Sequence[bool]) -> NDArray[np.int64]:
        """Go on without some of `probes`. Returns the columns that are kept."""
        gone = np.repeat(stopped, [probe.rank for probe in self.probes])
        kept = np.flatnonzero(~gone)
        # Stacks come in the order of their first probes: without some, the others keep theirs.
        self.stacks = stacked([probe for probe, out in zip(self.probes, stopped) if not out])
        self.parameter = self.parameter[:, kept].contiguous()
        return kept

    def step(self, batch: Batch, gold: Mapping[Kind, Any], *, learn: bool) -> Tensor:
        """Losses of every probe summed over a batch, (probes,); with `learn`, gradients of their mean are set."""
        words = batch.layer(self.layer)
        projected = words @ (self.parameter / self.scale)
        pulls = torch.empty_like(projected) if learn else None
        sums = [
            stack.probes[0].objective(
                projected[:, stack.columns],
                gold[stack.kind],
                batch,
                rank=stack.rank,
                pulls=None if pulls is None else pulls[:, stack.columns],
            )
            for stack in self.stacks
        ]
        if pulls is not None:
            self.parameter.grad = (words.T @ pulls).div_(self.scale * len(batch.sentences))
        return torch.cat(sums)


def stacked(probes: Sequence[Trainable]) -> list[Stack]:
    """Stacks of probes alike in kind and rank, one after the other."""
    alike: dict[tuple[Kind, int], list[Trainable]] = defaultdict(list)
    for probe in probes:
        alike[probe.kind, probe.rank].append(probe)
    stacks, taken = [], 0
    for together in alike.values():
        width = sum(probe.rank for probe in together)
        stacks.append(Stack(tuple(together), slice(taken, taken + width)))
        taken += width
    return stacks


def layer_of(probe: Trainable, states: States) -> int:
    """The layer a probe reads: its own, or the only one there is."""
    return int(states.layers[0]) if probe.layer is None else probe.layer


def layer_scales(states: States, layers: Sequence[int]) -> list[Tensor]:
    """What each number of a layer's vectors is divided by, (dim, 1), found on sentences spread through the data.

    It is the median of the numbers' standard deviations; a number that varies more than `OUTLIER` times as much, as
    some do in GPT-2, is brought down to that.
    """
    spread = np.unique(np.linspace(0, len(states.lengths) - 1, SCALE_SENTENCES).astype(np.int64))
    deviations = torch.from_numpy(states.read(spread, layers)).std(dim=1, correction=0)
    typical = deviations.median(dim=1, keepdim=True).values
    # Vectors that hardly ever change still need a divisor that is not zero.
    typical = torch.where(typical > 0, typical, deviations.mean(dim=1, keepdim=True)).clamp_min(1e-12)
    return list(torch.maximum(typical, deviations / OUTLIER)[..., None])


def first_values(dim: int, rank: int, *, seed: int) -> Tensor:
    """A random map under which two vectors of unit variance are a typical tree distance apart, (dim, rank)."""
    generator = torch.Generator().manual_seed(seed)
    spread = (TYPICAL_DISTANCE / (2 * dim * rank)) ** 0.5
    return torch.randn(dim, rank, generator=generator) * spread
