"""Theorem 1 of Cordonnier, Loukas & Jaggi (2020), executable: a convolution is multi-head self-attention.

A head with the quadratic relative encoding (eq. 9) scores a key at shift δ from its query with −α‖δ − Δ‖² (Lemma 2), so
for large α it attends to one relative position Δ. With one head for each kernel position, and the kernel's weights as
the heads' values, the layer is the convolution (Lemma 1).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product
from typing import Literal

import torch
from torch import Tensor, nn

ALPHA = 50.0
"""exp(−50) ≈ 2e-22: the attention beside the centre is below float64's resolution of the attention at it."""


@dataclass(frozen=True)
class Borders:
    """What a layer does at the borders of its input; widths are in positions, one for each axis.

    Keys are the input padded by `padding` on both sides; queries are the positions of that padded grid at least `crop`
    from its border.
    """

    padding: tuple[int, ...]
    crop: tuple[int, ...]
    padding_mode: Literal["zeros", "reflect", "replicate", "circular"] = "zeros"

    @classmethod
    def bare(cls, axes: int) -> "Borders":
        """No padding: every position of the input is a query and a key, as self-attention usually has it."""
        return cls((0,) * axes, (0,) * axes)


class QuadraticSelfAttention(nn.Module):
    """Multi-head self-attention over a sequence or an image whose scores are −α‖δ − Δ‖² (eq. 9), δ from query to key.

    Without padding, a head whose centre falls outside the input attends to the nearest position that exists, so that
    the layer of a convolution equals the convolution with replicated borders.

    Args:
        in_channels, out_channels, heads: sizes of the layer.
        axes: 1 for sequences, 2 for images.
        bias: whether a bias is added to the output.
        borders: padding and cropping; `Borders.bare` where None.
        alpha: initial α of every head.

    Parameters:
        centres (heads, axes): Δ of each head, in positions.
        alpha (heads,): α of each head; far from borders a head's attention is a Gaussian of variance 1 / (2α).
        value (heads, in_channels, out_channels): the product of a head's value matrix and its part of the output
            matrix, the W^(h) of the proof of Lemma 1.
        bias (out_channels,): b_out, or None.

    Raises:
        ValueError: axes other than 1 and 2, or a size below 1.
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        heads: int,
        *,
        axes: Literal[1, 2] = 2,
        bias: bool = True,
        borders: Borders | None = None,
        alpha: float = 1.0,
    ) -> None:
        super().__init__()
        if axes not in (1, 2):
            raise ValueError(f"axes must be 1 or 2, found {axes!r}")
        if min(in_channels, out_channels, heads) < 1:
            raise ValueError(
                f"in_channels, out_channels and heads must be at least 1, found {(in_channels, out_channels, heads)}"
            )
        self.axes = axes
        self.borders = borders or Borders.bare(axes)
        # N(0, 2I), as in the paper; its code draws them with a standard deviation of 2.
        self.centres = nn.Parameter(2**0.5 * torch.randn(heads, axes))
        self.alpha = nn.Parameter(torch.full((heads,), float(alpha)))
        self.value = nn.Parameter(torch.randn(heads, in_channels, out_channels) * (heads * in_channels) ** -0.5)
        self.bias = nn.Parameter(torch.zeros(out_channels)) if bias else None

    @classmethod
    def from_convolution(cls, convolution: nn.Conv1d | nn.Conv2d, *, alpha: float = ALPHA) -> "QuadraticSelfAttention":
        """The self-attention layer that equals a convolution, with one head for each kernel position.

        Odd kernels, stride 1, any dilation, any `padding` (a number, "same", "valid") in any `padding_mode`. With
        finite `alpha` the two differ by no more than `error_bound`.

        Raises:
            ValueError: an even kernel, a stride, groups, something that is not a Conv1d or Conv2d, or an `alpha` that
                is not positive.
        """
        check_convolution(convolution)
        if not alpha > 0:
            raise ValueError(f"alpha must be positive, so that heads attend to their centres; found {alpha}")
        kernel, dilation = convolution.kernel_size, convolution.dilation
        reach = tuple(d * (k // 2) for k, d in zip(kernel, dilation))
        weight = convolution.weight
        layer = cls(
            convolution.in_channels,
            convolution.out_channels,
            weight[0, 0].numel(),
            axes=1 if isinstance(convolution, nn.Conv1d) else 2,
            bias=convolution.bias is not None,
            borders=Borders(_padding(convolution, reach), reach, convolution.padding_mode),
            alpha=alpha,
        ).to(weight)
        shifts = product(*(range(-r, r + 1, d) for r, d in zip(reach, dilation)))
        with torch.no_grad():
            layer.centres.copy_(torch.tensor(list(shifts)))
            layer.value.copy_(weight.flatten(2).permute(2, 1, 0))
            if layer.bias is not None and convolution.bias is not None:
                layer.bias.copy_(convolution.bias)
        return layer

    def forward(self, inputs: Tensor) -> Tensor:
        """(batch, in_channels, *sizes) -> (batch, out_channels, *sizes of the queries).

        Raises:
            ValueError: inputs of another shape, or shorter than the kernel where borders need more.
        """
        channels = self.value.shape[1]
        if inputs.dim() != self.axes + 2 or inputs.shape[1] != channels:
            sizes = "length" if self.axes == 1 else "rows, columns"
            raise ValueError(f"expected (batch, {channels} channels, {sizes}), found shape {tuple(inputs.shape)}")
        keys = self._padded(inputs)
        attention = self.attention(keys.shape[2:])
        queries = attention.shape[1 : 1 + self.axes]
        attention = attention.flatten(1 + self.axes).flatten(1, self.axes)
        attended = torch.einsum("hqk,bck->bhqc", attention, keys.flatten(2))
        outputs = torch.einsum("bhqc,hco->boq", attended, self.value).unflatten(2, queries)
        return outputs if self.bias is None else outputs + self.bias.view(-1, *(1,) * self.axes)

    def attention(self, sizes: Sequence[int]) -> Tensor:
        """Attention probabilities over a padded grid of `sizes` keys.

        A head's scores are a sum over axes and its keys fill a box, so the softmax over all keys is the product of
        one softmax for each axis.

        Returns:
            (heads, *queries, *keys).

        Raises:
            ValueError: an axis shorter than the kernel.
        """
        per_axis = []
        for axis, (size, crop) in enumerate(zip(sizes, self.borders.crop)):
            if size - 2 * crop < 1:
                raise ValueError(
                    f"the padded input has {size} positions along axis {axis}, shorter than the kernel: "
                    f"expected at least {2 * crop + 1}"
                )
            position = torch.arange(size, dtype=self.centres.dtype, device=self.centres.device)
            shift = position - position[crop : size - crop, None]
            score = -self.alpha.view(-1, 1, 1) * (shift - self.centres[:, axis].view(-1, 1, 1)) ** 2
            per_axis.append(score.softmax(dim=-1))
        if self.axes == 1:
            return per_axis[0]
        return torch.einsum("hqk,hrl->hqrkl", *per_axis)

    def extra_repr(self) -> str:
        """Sizes and borders, in the style of torch's own modules."""
        heads, in_channels, out_channels = self.value.shape
        shown = f"{in_channels}, {out_channels}, heads={heads}, axes={self.axes}"
        padding, mode = self.borders.padding, self.borders.padding_mode
        return f"{shown}, padding={padding}, padding_mode={mode}" if any(padding) else shown

    def error_bound(self, inputs: Tensor) -> float:
        """How far a layer from `from_convolution` can be from its convolution on these inputs, at any output.

        A head whose centre is a key gives it all but 1 − 1/θ(α)^axes of its attention, θ(α) = Σₙ exp(−αn²). What it
        misplaces comes from and goes to values of at most max|x|: 2 · misplaced · max|x| · Σ|W|, summed over heads and
        input channels.
        """
        with torch.no_grad():
            steps = torch.arange(1, 1000, dtype=torch.float64)
            beside = 2 * torch.exp(-self.alpha.double()[:, None] * steps**2).sum(1)
            misplaced = -torch.expm1(-self.axes * torch.log1p(beside))
            weight = torch.einsum("h,hco->o", misplaced, self.value.double().abs())
            return float(2 * inputs.abs().max() * weight.max())

    def _padded(self, inputs: Tensor) -> Tensor:
        """The input with its padding; `ValueError` where it is too short to be reflected or wrapped around."""
        mode = self.borders.padding_mode
        widths = [width for side in reversed(self.borders.padding) for width in (side, side)]
        if not any(widths):
            return inputs
        # A reflection leaves out the border itself, a circle wraps around once.
        spare = {"reflect": 1, "circular": 0}.get(mode)
        for axis, (size, side) in enumerate(zip(inputs.shape[2:], self.borders.padding)):
            if spare is not None and side + spare > size:
                raise ValueError(
                    f"the input has {size} positions along axis {axis}, shorter than the kernel: {mode} "
                    f"borders of {side} expect at least {side + spare}"
                )
        return nn.functional.pad(inputs, widths, mode="constant" if mode == "zeros" else mode)


def _padding(convolution: nn.Conv1d | nn.Conv2d, reach: tuple[int, ...]) -> tuple[int, ...]:
    """The width of a convolution's padding along each axis, however it was given."""
    if convolution.padding == "same":
        return reach
    if convolution.padding == "valid":
        return (0,) * len(reach)
    return tuple(int(side) for side in convolution.padding)


def check_convolution(convolution: nn.Module) -> None:
    """Refuse what the construction does not cover, all of it in one message."""
    if not isinstance(convolution, nn.Conv1d | nn.Conv2d) or convolution.transposed:
        raise ValueError(f"expected a Conv1d or Conv2d, found {type(convolution).__name__}")
    found = []
    if any(side % 2 == 0 for side in convolution.kernel_size):
        found.append(f"kernel size {convolution.kernel_size}")
    if any(step != 1 for step in convolution.stride):
        found.append(f"stride {convolution.stride}")
    if convolution.groups != 1:
        found.append(f"{convolution.groups} groups")
    if found:
        raise ValueError(
            f"the construction covers odd kernels, stride 1 and one group, with any dilation and padding; found "
            f"{', '.join(found)}"
        )
