"""The linear maps of many probes side by side, so that all probes on a layer share one matrix product."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from probes.batches import Batch, Group
from probes.objectives import Loss
from probes.states import States
from probes.targets import Kind
from probes.trainable import Trainable

SCALE_SENTENCES = 300
OUTLIER = 3.0
TYPICAL_DISTANCE = 4.0


@dataclass(frozen=True)
class Stack:
    """Probes of one kind and rank; `places` says where each map stands: (layer's place, columns)."""

    probes: tuple[Trainable, ...]
    places: tuple[tuple[int, slice], ...]

    @property
    def kind(self) -> Kind:
        """What these probes are trained on."""
        return self.probes[0].kind

    def objective(self, padded: Tensor, targets: Tensor, group: Group) -> Loss:
        """The loss that these probes share."""
        return self.probes[0].objective(padded, targets, group)


class Maps:
    """The maps of all probes: for each layer a (dim, columns) parameter, and the scale of that layer's vectors.

    A map is trained on vectors divided by their typical size, so that one step size serves models whose activations
    are near 1 and models whose activations are in the hundreds. The division is folded into
    the matrix that a probe keeps, which stays a plain linear map of the vectors as they are.
    """

    def __init__(self, probes: Sequence[Trainable], states: States, *, device: torch.device) -> None:
        self.device = device
        self.layers = sorted({layer_of(probe, states) for probe in probes})
        self.scales = [scale.to(device) for scale in layer_scales(states, self.layers)]
        columns: list[list[Tensor]] = [[] for _ in self.layers]
        self.stacks = stacked([(probe, self.layers.index(layer_of(probe, states))) for probe in probes])
        for probe, (layer, _) in zip(self.probes, self.places):
            columns[layer].append(first_values(states.dim, probe.rank, seed=probe.seed))
        self.parameters = [torch.cat(parts, dim=1).to(device) for parts in columns]

    @property
    def probes(self) -> list[Trainable]:
        """All probes, stack by stack: the order of everything that is noted by probe."""
        return [probe for stack in self.stacks for probe in stack.probes]

    @property
    def places(self) -> list[tuple[int, slice]]:
        """Where each of `probes` stands."""
        return [place for stack in self.stacks for place in stack.places]

    def matrix(self, layer: int, columns: slice) -> NDArray[np.float32]:
        """B of the probe that stands there, (rank, dim), for vectors as they are."""
        return (self.parameters[layer][:, columns] / self.scales[layer]).T.contiguous().cpu().numpy()

    def drop(self, stopped: Sequence[bool]) -> list[tuple[int, list[int]]]:
        """Go on without some of `probes`. Returns where each remaining parameter's numbers come from.

        That is, for each layer that remains, its place among the layers before, and the columns that were kept of it.
        """
        staying = [(probe, place) for probe, place, gone in zip(self.probes, self.places, stopped) if not gone]
        left = sorted({layer for _, (layer, _) in staying})
        kept = [
            (layer, [i for _, (at, columns) in staying if at == layer for i in range(columns.start, columns.stop)])
            for layer in left
        ]
        self.parameters = [self.parameters[layer][:, columns].contiguous() for layer, columns in kept]
        self.layers = [self.layers[layer] for layer in left]
        self.scales = [self.scales[layer] for layer in left]
        self.stacks = stacked([(probe, left.index(layer)) for probe, (layer, _) in staying])
        return kept

    def step(self, batch: Batch, targets: Mapping[Kind, list[Tensor]], *, learn: bool) -> Tensor:
        """Losses of every probe summed over a batch, (probes,); with `learn`, gradients of their mean are set."""
        every = [batch.layer(layer) for layer in self.layers]
        projected = [
            words @ (parameter / scale) for words, parameter, scale in zip(every, self.parameters, self.scales)
        ]
        pulls = [torch.empty_like(each) for each in projected] if learn else None
        sums = [stack_losses(stack, projected, batch.groups, targets[stack.kind], pulls) for stack in self.stacks]
        if pulls is not None:
            for parameter, scale, words, pull in zip(self.parameters, self.scales, every, pulls):
                parameter.grad = (words.T @ pull).div_(scale * len(batch.sentences))
        return torch.cat(sums)


def stacked(probes: Sequence[tuple[Trainable, int]]) -> list[Stack]:
    """Stacks of probes alike in kind and rank, each with its layer's place; columns in the order of the stacks."""
    alike: dict[tuple[Kind, int], list[tuple[Trainable, int]]] = defaultdict(list)
    for probe, layer in probes:
        alike[probe.kind, probe.rank].append((probe, layer))
    taken: dict[int, int] = defaultdict(int)
    stacks = []
    for together in alike.values():
        places = []
        for probe, layer in together:
            places.append((layer, slice(taken[layer], taken[layer] + probe.rank)))
            taken[layer] += probe.rank
        stacks.append(Stack(tuple(probe for probe, _ in together), tuple(places)))
    return stacks


def stack_losses(
    stack: Stack,
    projected: Sequence[Tensor],
    groups: Sequence[Group],
    targets: Sequence[Tensor],
    pulls: Sequence[Tensor] | None,
) -> Tensor:
    """Summed losses of a stack's probes, (probes,); gradients at the projected words are written into `pulls`."""
    total = torch.zeros(len(stack.probes), device=projected[0].device)
    for group, target in zip(groups, targets):
        padded = torch.stack([projected[layer][group.index, columns] for layer, columns in stack.places])
        loss = stack.objective(padded.mul_(group.mask[..., None]), target, group)
        total += loss.sums
        if pulls is not None:
            for (layer, columns), gradient in zip(stack.places, loss.gradient.flatten(1, 2)):
                pulls[layer][group.rows, columns] = gradient[group.real]
    return total


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
