"""An image classifier whose trunk mixes positions by convolution or by one of the paper's variants of attention."""

from dataclasses import dataclass
from typing import Literal, get_args

import torch
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

from treeprobe.convolution.image_experiment.learned_attention import LearnedSelfAttention
from treeprobe.convolution.image_experiment.quadratic_attention import QuadraticSelfAttention

Variant = Literal["convolution", "quadratic", "learned", "learned with content"]
VARIANTS: tuple[Variant, ...] = get_args(Variant)

KERNEL = 3
"""Convolutions are 3 × 3, so attention has 9 heads, one for each kernel position (Theorem 1)."""

SelfAttention = QuadraticSelfAttention | LearnedSelfAttention


@dataclass(frozen=True)
class Trunk:
    """The size of a classifier's trunk, the same for every variant."""

    channels: int = 32
    depth: int = 3
    """Residual blocks, each of two layers that mix positions."""
    patch: int = 1
    """Side of the square patches that the stem embeds, in pixels."""


class ImageClassifier(nn.Module):
    """A patch embedding, residual blocks, the mean over positions and a linear classifier.

    Variants differ in the layers that mix positions and in nothing else.

    Args:
        variant: how these layers mix positions.
        trunk: the size of the trunk.
        image: (colours, rows, columns) of an image.
        classes: number of classes.

    Raises:
        ValueError: an unknown variant, or images that cannot be cut into whole patches.
    """

    def __init__(self, variant: Variant, trunk: Trunk, *, image: tuple[int, int, int], classes: int) -> None:
        super().__init__()
        if variant not in VARIANTS:
            raise ValueError(f"variant must be one of {', '.join(VARIANTS)}, found {variant!r}")
        colours, rows, columns = image
        channels, patch = trunk.channels, trunk.patch
        if rows % patch or columns % patch:
            raise ValueError(f"images of {rows} × {columns} pixels cannot be cut into patches of {patch} × {patch}")
        size = (rows // patch, columns // patch)
        self.stem = nn.Conv2d(colours, channels, patch, stride=patch)
        self.blocks = nn.Sequential(
            *(
                _ResidualBlock(channels, *(_mixing_layer(variant, channels, size) for _ in range(2)))
                for _ in range(trunk.depth)
            )
        )
        self.classify = nn.Linear(channels, classes)

    def forward(self, images: Tensor) -> Tensor:
        """(images, colours, rows, columns) -> (images, classes) logits."""
        return self.classify(self.blocks(self.stem(images)).mean((2, 3)))

    @property
    def attention_layers(self) -> list[SelfAttention]:
        """The self-attention layers in the order of the forward pass; none in a trunk of convolutions."""
        return [layer for layer in self.blocks.modules() if isinstance(layer, SelfAttention)]

    @torch.no_grad()
    def attention_maps(self, images: Tensor) -> Tensor:
        """Attention averaged over images.

        Returns:
            (layers, heads, rows, columns, rows, columns): queries first, then keys.

        Raises:
            ValueError: the trunk is made of convolutions, which have no attention.
        """
        layers, inputs = self.attention_layers, []
        if not layers:
            raise ValueError("a trunk of convolutions has no attention to show")
        hooks = [layer.register_forward_pre_hook(lambda _, found: inputs.append(found[0])) for layer in layers]
        try:
            self(images)
        finally:
            for hook in hooks:
                hook.remove()
        return torch.stack([_attention_of(layer, found).mean(0) for layer, found in zip(layers, inputs)])


def count_parameters(model: nn.Module) -> int:
    """The number of trainable parameters."""
    return sum(parameter.numel() for parameter in model.parameters() if parameter.requires_grad)


def count_flops(model: nn.Module, image: tuple[int, int, int]) -> int:
    """Floating-point operations of one image's forward pass, two for each multiply-add.

    Matrix products and convolutions are counted as they run (PyTorch's `FlopCounterMode`); element-wise operations are
    left out, as is customary.
    """
    was_training = model.training
    with torch.no_grad(), FlopCounterMode(display=False) as counter:
        model.eval()(torch.zeros(1, *image))
    model.train(was_training)
    return int(counter.get_total_flops())


class _ResidualBlock(nn.Module):
    """Two layers that mix positions, with batch normalisation, around a shortcut (He et al. 2016)."""

    def __init__(self, channels: int, first: nn.Module, second: nn.Module) -> None:
        super().__init__()
        self.layers = nn.Sequential(first, nn.BatchNorm2d(channels), nn.ReLU(), second, nn.BatchNorm2d(channels))

    def forward(self, inputs: Tensor) -> Tensor:
        """(images, channels, rows, columns) -> the same shape."""
        return torch.relu(inputs + self.layers(inputs))


def _attention_of(layer: SelfAttention, inputs: Tensor) -> Tensor:
    """(images or 1, heads, rows, columns, rows, columns) attention of a layer on its inputs."""
    if isinstance(layer, QuadraticSelfAttention):
        return layer.attention(inputs.shape[2:])[None]
    return layer.attention(inputs)


def _mixing_layer(variant: Variant, channels: int, size: tuple[int, int]) -> nn.Module:
    """A layer that mixes positions as the variant does, from `channels` to `channels`."""
    # No biases: the batch normalisation that follows removes the mean.
    heads = KERNEL**2
    if variant == "convolution":
        return nn.Conv2d(channels, channels, KERNEL, padding="same", bias=False)
    if variant == "quadratic":
        return QuadraticSelfAttention(channels, channels, heads, bias=False)
    content = variant == "learned with content"
    return LearnedSelfAttention(channels, channels, heads, size=size, content=content, bias=False)
