"""The linear maps of many probes side by side, so that all probes on a layer share one matrix product."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from probes.batches import Batch, Group
from probes.states import States

if TYPE_CHECKING:
    from probes.structural import LinearProbe

SCALE_SENTENCES = 1000
TYPICAL_DISTANCE = 4.0


@dataclass(frozen=True)
class Stack:
    """Probes of one kind and rank; `places` says where each map stands: (layer's place, columns)."""

    probes: tuple["LinearProbe", ...]
    places: tuple[tuple[int, slice], ...]


class Maps:
    """The maps of all probes: for each layer a (dim, columns) parameter, and the scale of that layer's vectors.

    A map is trained on vectors divided by their standard deviation, number by number, so that one step size serves
    models whose activations are near 1 and models whose activations are in the hundreds. The division is folded into
    the matrix that a probe keeps, which stays a plain linear map of the vectors as they are.
    """

    def __init__(self, probes: Sequence["LinearProbe"], states: States, *, device: torch.device) -> None:
        self.layers = sorted({layer_of(probe, states) for probe in probes})
        self.scales = [scale.to(device) for scale in layer_scales(states, self.layers)]
        alike: dict[tuple[str, int], list[LinearProbe]] = defaultdict(list)
        for probe in probes:
            alike[probe.kind, probe.rank].append(probe)
        columns: list[list[Tensor]] = [[] for _ in self.layers]
        self.stacks = []
        for together in alike.values():
            places = []
            for probe in together:
                layer = self.layers.index(layer_of(probe, states))
                start = sum(part.shape[1] for part in columns[layer])
                columns[layer].append(first_values(states.dim, probe.rank, seed=probe.seed))
                places.append((layer, slice(start, start + probe.rank)))
            self.stacks.append(Stack(tuple(together), tuple(places)))
        self.parameters = [torch.cat(parts, dim=1).to(device) for parts in columns]

    def matrices(self) -> list[NDArray[np.float32]]:
        """B of each probe, (rank, dim), for vectors as they are, in the order of the stacks."""
        return [
            (self.parameters[layer][:, columns] / self.scales[layer][:, None]).T.contiguous().cpu().numpy()
            for stack in self.stacks
            for layer, columns in stack.places
        ]

    def step(self, batch: Batch, targets: dict[str, list[Tensor]], *, learn: bool) -> Tensor:
        """Losses of every probe summed over a batch, (probes,); with `learn`, gradients of their mean are set."""
        scaled = [words / scale for words, scale in zip(batch.words, self.scales)]
        projected = [words @ parameter for words, parameter in zip(scaled, self.parameters)]
        pulls = [torch.empty_like(each) for each in projected] if learn else projected
        sums = []
        for stack in self.stacks:
            packed = torch.stack([projected[layer][:, columns] for layer, columns in stack.places])
            gradient = torch.empty_like(packed)
            losses = stack_losses(stack, packed, batch.groups, targets[stack.probes[0].kind], gradient)
            sums.append(losses)
            if learn:
                for (layer, columns), pull in zip(stack.places, gradient):
                    pulls[layer][:, columns] = pull
        if learn:
            for parameter, words, pull in zip(self.parameters, scaled, pulls):
                parameter.grad = (words.T @ pull).div_(len(batch.sentences))
        return torch.cat(sums)


def stack_losses(
    stack: Stack, packed: Tensor, groups: Sequence[Group], targets: Sequence[Tensor], gradient: Tensor
) -> Tensor:
    """Summed losses of a stack's probes, (probes,); the gradient at the packed words is written into `gradient`."""
    total = torch.zeros(len(packed), device=packed.device)
    for group, target in zip(groups, targets):
        padded = packed[:, group.index] * group.mask[..., None]
        loss = stack.probes[0].objective(padded, target, group)
        total += loss.sums
        real = group.mask.bool()
        gradient[:, group.index[real]] = loss.gradient[:, real]
    return total


def layer_of(probe: "LinearProbe", states: States) -> int:
    """The layer a probe reads: its own, or the only one there is."""
    return int(states.layers[0]) if probe.layer is None else probe.layer


def layer_scales(states: States, layers: Sequence[int]) -> list[Tensor]:
    """Standard deviation of each number of a layer's vectors, (dim,), over sentences spread through the data."""
    spread = np.unique(np.linspace(0, len(states.lengths) - 1, SCALE_SENTENCES).astype(np.int64))
    scales = torch.from_numpy(states.read(spread, layers)).double().std(dim=1).float()
    # A number that never changes tells nothing of a sentence; its scale must only not be zero.
    typical = scales.median(dim=1, keepdim=True).values.clamp_min(torch.finfo(torch.float32).tiny)
    return list(torch.where(scales > 1e-6 * typical, scales, typical))


def first_values(dim: int, rank: int, *, seed: int) -> Tensor:
    """A random map under which two vectors of unit variance are a typical tree distance apart, (dim, rank)."""
    generator = torch.Generator().manual_seed(seed)
    spread = (TYPICAL_DISTANCE / (2 * dim * rank)) ** 0.5
    return torch.randn(dim, rank, generator=generator) * spread
