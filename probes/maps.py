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
        self.layers = sorted({layer_of(probe, states) for probe in probes})
        self.scales = [scale.to(device) for scale in layer_scales(states, self.layers)]
        alike: dict[tuple[Kind, int], list[Trainable]] = defaultdict(list)
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

    def step(self, batch: Batch, targets: Mapping[Kind, list[Tensor]], *, learn: bool) -> Tensor:
        """Losses of every probe summed over a batch, (probes,); with `learn`, gradients of their mean are set."""
        projected = [
            words @ (parameter / scale) for words, parameter, scale in zip(batch.words, self.parameters, self.scales)
        ]
        pulls = [torch.empty_like(each) for each in projected] if learn else None
        sums = [stack_losses(stack, projected, batch.groups, targets[stack.kind], pulls) for stack in self.stacks]
        if pulls is not None:
            for parameter, scale, words, pull in zip(self.parameters, self.scales, batch.words, pulls):
                parameter.grad = (words.T @ pull).div_(scale * len(batch.sentences))
        return torch.cat(sums)


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
