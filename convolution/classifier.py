"""An image classifier whose trunk mixes positions by convolution, or by attention in the paper's variants."""

from typing import Literal

import torch
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

from treeprobe.convolution.quadratic import QuadraticSelfAttention
from treeprobe.convolution.relative import LearnedSelfAttention

Variant = Literal["convolution", "quadratic", "learned", "learned with content"]
VARIANTS: tuple[Variant, ...] = ("convolution", "quadratic", "learned", "learned with content")

Attention = QuadraticSelfAttention | LearnedSelfAttention

KERNEL = 3
"""Convolutions are 3 × 3, so attention has 9 heads, one for each position of the kernel (Theorem 1)."""


class ResidualBlock(nn.Module):
    """Two layers that mix positions, with batch normalisation, around a shortcut (He et al. 2016)."""

    def __init__(self, channels: int, first: nn.Module, second: nn.Module) -> None:
        super().__init__()
        self.layers = nn.Sequential(first, nn.BatchNorm2d(channels), nn.ReLU(), second, nn.BatchNorm2d(channels))

    def forward(self, inputs: Tensor) -> Tensor:
        """(images, channels, rows, columns) -> the same."""
        return torch.relu(inputs + self.layers(inputs))


class ImageClassifier(nn.Module):
    """A stem that brings images to `channels` (in patches of `patch` pixels a side), blocks, a mean, a linear layer.

    Variants differ in nothing but the layers that mix positions, two in each of `depth` blocks.
    """

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
        self.blocks = nn.Sequential(
            *(
                ResidualBlock(channels, *(_mixing_layer(variant, channels, size) for _ in range(2)))
                for _ in range(depth)
            )
        )
        self.classify = nn.Linear(channels, classes)

    def forward(self, images: Tensor) -> Tensor:
        """(images, colours, rows, columns) -> (images, classes) logits."""
        return self.classify(self.blocks(self.stem(images)).mean((2, 3)))

    @property
    def attention_layers(self) -> list[Attention]:
        """The layers that mix positions by attention, in the order of the forward pass; none among convolutions."""
        return [layer for layer in self.blocks.modules() if isinstance(layer, Attention)]

    @torch.no_grad()
    def maps(self, images: Tensor) -> Tensor:
        """(layers, heads, rows, columns, rows, columns) attention averaged over images, queries first.

        `ValueError` for a trunk of convolutions, which has no attention.
        """
        layers, read = self.attention_layers, []
        if not layers:
            raise ValueError("a trunk of convolutions has no attention to show")
        hooks = [layer.register_forward_pre_hook(lambda _, inputs: read.append(inputs[0])) for layer in layers]
        try:
            self(images)
        finally:
            for hook in hooks:
                hook.remove()
        return torch.stack([_attention_of(layer, inputs).mean(0) for layer, inputs in zip(layers, read)])


def count_parameters(model: nn.Module) -> int:
    """How many numbers are learned."""
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


def _attention_of(layer: Attention, inputs: Tensor) -> Tensor:
    """(images or 1, heads, rows, columns, rows, columns)"""
    if isinstance(layer, QuadraticSelfAttention):
        return layer.attention(inputs.shape[2:])[None]
    return layer.attention(inputs)


def _mixing_layer(variant: Variant, channels: int, size: tuple[int, int]) -> nn.Module:
    """The layer of a variant that mixes positions, channels to as many channels."""
    # No biases: the normalisation that follows takes the mean away.
    heads = KERNEL**2
    if variant == "convolution":
        return nn.Conv2d(channels, channels, KERNEL, padding="same", bias=False)
    if variant == "quadratic":
        return QuadraticSelfAttention(channels, channels, heads, bias=False)
    content = variant == "learned with content"
    return LearnedSelfAttention(channels, channels, heads, size=size, content=content, bias=False)
