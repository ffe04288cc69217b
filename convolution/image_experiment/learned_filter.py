"""Heads that learn a known convolution: their centres walk to the positions of its kernel.

Theorem 1 of Cordonnier, Loukas & Jaggi (2020) says that K × K heads can be a convolution; here they become one by
gradient descent, from its inputs and outputs alone. Nothing tells a head which position of the kernel is its own.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from treeprobe.convolution.image_experiment.quadratic_attention import (
    Borders,
    QuadraticSelfAttention,
    check_convolution,
)
from treeprobe.devices import seeded

FILTERS: Mapping[str, tuple[tuple[int, int, int], ...]] = {
    "vertical edges": ((-1, 0, 1), (-2, 0, 2), (-1, 0, 1)),
    "horizontal edges": ((-1, -2, -1), (0, 0, 0), (1, 2, 1)),
    "outline": ((0, 1, 0), (1, -4, 1), (0, 1, 0)),
    "emboss": ((-2, -1, 0), (-1, 1, 1), (0, 1, 2)),
    "falling lines": ((2, -1, -1), (-1, 2, -1), (-1, -1, 2)),
    "rising lines": ((-1, -1, 2), (-1, 2, -1), (2, -1, -1)),
    "sharpen": ((0, -1, 0), (-1, 5, -1), (0, -1, 0)),
}
"""Filters of image processing, 3 × 3: Sobel's two, Laplace's, and four more."""

ROOM = 2
"""Positions beyond the kernel that a head can attend to on each side, so that it may begin outside."""


@dataclass(frozen=True)
class FilterTraining:
    """How heads learn: Adam, its rate rising over the first steps and annealed to zero along a half cosine."""

    steps: int = 1000
    batch_size: int = 32
    learning_rate: float = 0.05
    sharpness_rate: float = 0.2
    """Learning rate of α, which has far to go."""
    spread: float = 0.7
    """Standard deviation of the first centres around the query, in positions."""
    sharpness: float = 0.3
    """α at first: a head sees several positions at once, and so has a slope to follow."""
    every: int = 10
    """Steps between the centres that are kept."""
    seed: int = 1


@dataclass(frozen=True)
class FilterRun:
    """Heads on their way to a convolution; arrays begin before the first step."""

    steps: NDArray[np.int64]
    """(kept,) the step after which centres were kept."""
    centres: NDArray[np.float64]
    """(kept, heads, axes) the mean shift of each head's attention from the query, in positions."""
    errors: NDArray[np.float64]
    """(kept,) share of the convolution's variance that is not reproduced, on inputs held out."""
    layer: QuadraticSelfAttention
    """The trained layer."""
    kernel: tuple[int, ...]
    """Size of the convolution's kernel."""

    @property
    def places(self) -> list[tuple[int, ...]]:
        """The place of the kernel that each head ends at, from its middle, rounded to a whole position."""
        return [tuple(int(step) for step in centre) for centre in np.rint(self.centres[-1])]

    @property
    def taken(self) -> int:
        """How many places of the kernel some head ends at; all of them, where each has its own."""
        half = [side // 2 for side in self.kernel]
        inside = [place for place in self.places if all(abs(step) <= reach for step, reach in zip(place, half))]
        return len(set(inside))


def filter_bank() -> nn.Conv2d:
    """The filters of `FILTERS` as one convolution of a grey image, without bias: as many channels as there are."""
    kernels = torch.tensor(list(FILTERS.values()), dtype=torch.float32)[:, None]
    bank = nn.Conv2d(1, len(kernels), 3, bias=False)
    with torch.no_grad():
        bank.weight.copy_(kernels)
    return bank


def learn_convolution(
    convolution: nn.Conv1d | nn.Conv2d, inputs: Tensor, *, training: FilterTraining | None = None
) -> FilterRun:
    """Train as many heads as the kernel has places to do what the convolution does, away from borders.

    Inputs are standardised, and so is each channel of what the convolution makes of them. A quarter of the inputs is
    held out, on which errors are measured. The caller's random state is left as it was.

    Args:
        convolution: odd kernel, stride 1, no dilation; its bias is left out.
        inputs: (inputs, in_channels, length) for a Conv1d, (inputs, in_channels, rows, columns) for a Conv2d.
        training: how; the default `FilterTraining()` where None.

    Raises:
        ValueError: a convolution that the theorem does not cover or with dilation, inputs of another shape or too small
            for the kernel and the room around it, or fewer than 4 of them.
    """
    options = training or FilterTraining()
    kernel = _checked(convolution, inputs)
    wanted, inputs = _standardised(convolution, inputs)
    held = len(inputs) // 4
    crop = tuple(side // 2 + ROOM for side in kernel)
    with seeded(torch, options.seed):
        layer = QuadraticSelfAttention(
            inputs.shape[1],
            wanted.shape[1],
            int(np.prod(kernel)),
            axes=1 if len(kernel) == 1 else 2,
            bias=False,
            borders=Borders((0,) * len(kernel), crop),
            alpha=options.sharpness,
        )
        with torch.no_grad():
            layer.centres.copy_(options.spread * torch.randn_like(layer.centres))
            layer.value.zero_()  # no head is for anything yet
        optimizer, schedule = _optimizer(layer, options)
        steps, centres, errors = [0], [mean_shifts(layer)], [_error(layer, inputs[:held], wanted[:held])]
        for step in range(1, options.steps + 1):
            chosen = torch.randint(held, len(inputs), (options.batch_size,))
            loss = nn.functional.mse_loss(layer(inputs[chosen]), wanted[chosen])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
            if step % options.every == 0 or step == options.steps:
                steps.append(step)
                centres.append(mean_shifts(layer))
                errors.append(_error(layer, inputs[:held], wanted[:held]))
    return FilterRun(np.array(steps), np.stack(centres), np.array(errors), layer, kernel)


@torch.no_grad()
def mean_shifts(layer: QuadraticSelfAttention) -> NDArray[np.float64]:
    """(heads, axes): where each head attends on average, from a query in the middle of the grid it can see.

    For small α this is Δ, and for large α the whole position nearest to it.
    """
    reach = [side + ROOM for side in layer.borders.crop]
    attention = layer.attention([2 * side + 1 for side in reach])
    middle: tuple[Any, ...] = tuple(side // 2 for side in attention.shape[1 : 1 + layer.axes])
    attention = attention[(slice(None), *middle)]
    shifts = []
    for axis, side in enumerate(reach):
        others = tuple(other + 1 for other in range(layer.axes) if other != axis)
        along = attention.sum(others) if others else attention
        shifts.append(along.double() @ torch.arange(-side, side + 1, dtype=torch.float64))
    return torch.stack(shifts, dim=-1).numpy()


def _checked(convolution: nn.Module, inputs: Tensor) -> tuple[int, ...]:
    """The size of the kernel. Raises as `learn_convolution` does."""
    check_convolution(convolution)
    assert isinstance(convolution, nn.Conv1d | nn.Conv2d)
    kernel = tuple(convolution.kernel_size)
    if any(step != 1 for step in convolution.dilation):
        raise ValueError(f"heads learn kernels without gaps; found dilation {convolution.dilation}")
    least = tuple(side + 2 * ROOM for side in kernel)
    channels = convolution.in_channels
    sizes = tuple(inputs.shape[2:])
    if inputs.dim() != len(kernel) + 2 or inputs.shape[1] != channels or any(s < k for s, k in zip(sizes, least)):
        raise ValueError(
            f"expected inputs of {channels} channels with at least {least} positions; found shape {tuple(inputs.shape)}"
        )
    if len(inputs) < 4:
        raise ValueError(f"{len(inputs)} inputs; expected at least 4, a quarter of them to be held out")
    return kernel


@torch.no_grad()
def _standardised(convolution: nn.Conv1d | nn.Conv2d, inputs: Tensor) -> tuple[Tensor, Tensor]:
    """What the convolution makes of the inputs, away from borders, and the inputs; both of variance 1."""
    inputs = (inputs - inputs.mean()) / inputs.std().clamp(min=1e-12)
    weight = convolution.weight
    flat = isinstance(convolution, nn.Conv1d)
    wanted = nn.functional.conv1d(inputs, weight) if flat else nn.functional.conv2d(inputs, weight)
    inside: tuple[Any, ...] = (..., *(slice(ROOM, size - ROOM) for size in wanted.shape[2:]))
    wanted = wanted[inside]
    spread = wanted.std([0, *range(2, wanted.dim())], keepdim=True)
    return wanted / spread.clamp(min=1e-12), inputs


@torch.no_grad()
def _error(layer: QuadraticSelfAttention, inputs: Tensor, wanted: Tensor) -> float:
    """The share of the variance of what is wanted that the layer does not reproduce."""
    return float(((layer(inputs) - wanted) ** 2).sum() / (wanted - wanted.mean()).square().sum())


def _optimizer(
    layer: QuadraticSelfAttention, options: FilterTraining
) -> tuple[torch.optim.Optimizer, torch.optim.lr_scheduler.LRScheduler]:
    rates = [(layer.centres, options.learning_rate), (layer.value, options.learning_rate)]
    groups = [{"params": [one], "lr": rate} for one, rate in (*rates, (layer.alpha, options.sharpness_rate))]
    optimizer = torch.optim.Adam(groups)

    def rate(step: int) -> float:
        return min(1.0, step / 50) * (1 + float(np.cos(np.pi * min(step / options.steps, 1.0)))) / 2

    return optimizer, torch.optim.lr_scheduler.LambdaLR(optimizer, rate)
