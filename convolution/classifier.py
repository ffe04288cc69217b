"""An image classifier whose trunk mixes positions by convolution, or by attention in the paper's variants."""

from typing import Literal

import torch
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

from .quadratic import QuadraticSelfAttention
from .relative import LearnedSelfAttention

Variant = Literal["convolution", "quadratic", "learned", "learned with content"]
VARIANTS: tuple[Variant, ...] = ("convolution", "quadratic", "learned", "learned with content")

KERNEL = 3
"""Convolutions are 3 × 3, so attention has 9 heads, one for each position of the kernel (Theorem 1)."""


class ResidualBlock(nn.Module):
    """Two 3 × 3 convolutions with batch normalisation around a shortcut (He et al. 2016)."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Conv2d(channels, channels, KERNEL, padding="same", bias=False),
            nn.BatchNorm2d(channels),
            nn.ReLU(),
            nn.Conv2d(channels, channels, KERNEL, padding="same", bias=False),
            nn.BatchNorm2d(channels),
        )

    def forward(self, inputs: Tensor) -> Tensor:
        """(images, channels, rows, columns) -> the same."""
        return torch.relu(inputs + self.layers(inputs))


class AttentionBlock(nn.Module):
    """Attention, then two fully connected layers at each pixel, each around a shortcut and normalised before."""

    def __init__(self, channels: int, attention: QuadraticSelfAttention | LearnedSelfAttention) -> None:
        super().__init__()
        self.attention = attention
        self.norms = nn.ModuleList([nn.GroupNorm(1, channels), nn.GroupNorm(1, channels)])
        self.pixelwise = nn.Sequential(
            nn.Conv2d(channels, 2 * channels, 1), nn.GELU(), nn.Conv2d(2 * channels, channels, 1)
        )

    def forward(self, inputs: Tensor) -> Tensor:
        """(images, channels, rows, columns) -> the same."""
        inputs = inputs + self.attention(self.norms[0](inputs))
        return inputs + self.pixelwise(self.norms[1](inputs))

    @torch.no_grad()
    def maps(self, inputs: Tensor) -> Tensor:
        """(images, heads, rows, columns, rows, columns) the attention that `forward` pays, queries first."""
        if isinstance(self.attention, QuadraticSelfAttention):
            return self.attention.attention(inputs.shape[2:])[None]
        return self.attention.attention(self.norms[0](inputs))


class ImageClassifier(nn.Module):
    """A stem that brings images to `channels` (in patches of `patch` pixels a side), blocks, a mean, a linear layer."""

    def __init__(
        self,
        variant: Variant,
        *,
        image: tuple[int, int, int],
        classes: int,
        channels: int = 32,
        depth: int = 3,
        patch: int = 1,
    ) -> None:
        super().__init__()
        if variant not in VARIANTS:
            raise ValueError(f"variant must be one of {', '.join(VARIANTS)}, found {variant!r}")
        colours, rows, columns = image
        if rows % patch or columns % patch:
            raise ValueError(f"images of {rows} × {columns} pixels cannot be cut in patches of {patch}")
        size = (rows // patch, columns // patch)
        self.stem = nn.Conv2d(colours, channels, patch, stride=patch)
        self.blocks = nn.ModuleList(_block(variant, channels, size) for _ in range(depth))
        self.classify = nn.Linear(channels, classes)

    def forward(self, images: Tensor) -> Tensor:
        """(images, colours, rows, columns) -> (images, classes) logits."""
        hidden = self.stem(images)
        for block in self.blocks:
            hidden = block(hidden)
        return self.classify(hidden.mean((2, 3)))

    @torch.no_grad()
    def maps(self, images: Tensor) -> Tensor:
        """(blocks, heads, rows, columns, rows, columns) attention averaged over images, queries first.

        `ValueError` for a trunk of convolutions, which has no attention.
        """
        hidden, found = self.stem(images), []
        for block in self.blocks:
            if not isinstance(block, AttentionBlock):
                raise ValueError("a trunk of convolutions has no attention to show")
            found.append(block.maps(hidden).mean(0))
            hidden = block(hidden)
        return torch.stack(found)


def count_parameters(model: nn.Module) -> int:
    """How many numbers are learnt."""
    return sum(parameter.numel() for parameter in model.parameters() if parameter.requires_grad)


def count_flops(model: nn.Module, image: tuple[int, int, int]) -> int:
    """Floating-point operations of one image's forward pass: two for each multiply-add of its products.

    Counted from the products that run (PyTorch's `FlopCounterMode`); element-wise work is left out, as is customary.
    """
    was_training = model.training
    with torch.no_grad(), FlopCounterMode(display=False) as counter:
        model.eval()(torch.zeros(1, *image))
    model.train(was_training)
    return int(counter.get_total_flops())


def _block(variant: Variant, channels: int, size: tuple[int, int]) -> nn.Module:
    heads = KERNEL**2
    if variant == "convolution":
        return ResidualBlock(channels)
    if variant == "quadratic":
        return AttentionBlock(channels, QuadraticSelfAttention(channels, channels, heads))
    content = variant == "learned with content"
    return AttentionBlock(channels, LearnedSelfAttention(channels, channels, heads, size=size, content=content))
