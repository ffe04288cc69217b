"""The image experiment of Cordonnier et al. (2020), section 4: convolution and attention trained side by side."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from tqdm import tqdm

from treeprobe.convolution.image_experiment.classifier import (
    VARIANTS,
    ImageClassifier,
    Trunk,
    Variant,
    count_flops,
    count_parameters,
)
from treeprobe.convolution.image_experiment.images import Images
from treeprobe.convolution.image_experiment.quadratic_attention import QuadraticSelfAttention
from treeprobe.devices import seeded

PUBLISHED: tuple[tuple[Variant, float, float, float], ...] = (
    ("convolution", 0.938, 11.2e6, 1.1e9),  # ResNet18
    ("quadratic", 0.938, 12.1e6, 6.2e9),
    ("learned", 0.918, 12.3e6, 6.2e9),
    ("learned with content", 0.871, 29.5e6, 15e9),
)
"""Table 1 of the paper, CIFAR-10: variant, accuracy, parameters, FLOPs."""

TEST_BATCH = 256
SHOWN = 64
"""Test images over which attention maps and centres are averaged."""


@dataclass(frozen=True)
class TrainingOptions:
    """How every variant is trained: AdamW, the learning rate annealed to zero along a half cosine."""

    epochs: int = 20
    batch_size: int = 64
    learning_rate: float = 5e-3
    seed: int = 0
    """Seed of the initial weights and of the order of the images."""


@dataclass(frozen=True)
class ImageRun:
    """One trained variant."""

    variant: Variant
    images: str
    """Name of the data set."""
    accuracy: float
    """On the test images, after the last epoch."""
    parameters: int
    flops: int
    """Of one image's forward pass."""
    history: pd.DataFrame
    """One row per epoch: epoch (0 before training), loss, accuracy."""
    centres: NDArray[np.float64] | None
    """(epochs + 1, layers, heads, 2) where each head attends, in (rows, columns) from the query; None without heads."""
    attention: NDArray[np.float64] | None
    """(layers, heads, rows, columns) mean attention of the middle position over test images; None without heads."""
    model: ImageClassifier


def run_experiment(
    images: Images,
    *,
    variants: Iterable[Variant] = VARIANTS,
    trunk: Trunk | None = None,
    training: TrainingOptions | None = None,
    progress: bool = False,
) -> list[ImageRun]:
    """Train every variant with the same trunk, images, order of images and schedule.

    The caller's random state is left as it was.

    Args:
        images: training and test images.
        variants: those to train, in this order.
        trunk: size of the trunk; the default `Trunk()` where None.
        training: epochs, batches, learning rate, seed; the default `TrainingOptions()` where None.
        progress: whether to show a progress bar.

    Returns:
        A run per variant.
    """
    options = training or TrainingOptions()
    return [_train(variant, images, trunk or Trunk(), options, progress=progress) for variant in variants]


def experiment_table(runs: Sequence[ImageRun]) -> pd.DataFrame:
    """These runs' numbers beside those of the paper's Table 1, one row per model.

    Returns:
        Columns source, images, variant, accuracy, parameters, flops.
    """
    rows = [
        {
            "source": "here",
            "images": run.images,
            "variant": run.variant,
            "accuracy": run.accuracy,
            "parameters": run.parameters,
            "flops": run.flops,
        }
        for run in runs
    ]
    rows += [
        {
            "source": "Cordonnier et al. (2020)",
            "images": "CIFAR-10",
            "variant": variant,
            "accuracy": score,
            "parameters": round(parameters),
            "flops": round(flops),
        }
        for variant, score, parameters, flops in PUBLISHED
    ]
    return pd.DataFrame(rows)


def _train(variant: Variant, images: Images, trunk: Trunk, options: TrainingOptions, *, progress: bool) -> ImageRun:
    """Train and test one variant; the caller's random state is left as it was."""
    shape: Any = tuple(images.train.shape[1:])
    shown = images.test[:SHOWN]
    with seeded(torch, options.seed):
        model = ImageClassifier(variant, trunk, image=shape, classes=images.classes)
        optimizer = torch.optim.AdamW(model.parameters(), lr=options.learning_rate)
        steps = options.epochs * -(-len(images.train) // options.batch_size)
        schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: (1 + np.cos(np.pi * step / steps)) / 2)
        rows, centres = [(0, np.nan, _accuracy(model, images))], [_head_centres(model, shown)]
        for epoch in tqdm(range(1, options.epochs + 1), desc=variant, disable=not progress, leave=False):
            loss = _train_epoch(model, images, optimizer, schedule, options.batch_size)
            rows.append((epoch, loss, _accuracy(model, images)))
            centres.append(_head_centres(model, shown))
    history = pd.DataFrame(rows, columns=["epoch", "loss", "accuracy"])
    return ImageRun(
        variant=variant,
        images=images.name,
        accuracy=float(history["accuracy"].iloc[-1]),
        parameters=count_parameters(model),
        flops=count_flops(model, shape),
        history=history,
        centres=np.stack([found for found in centres if found is not None]) if model.attention_layers else None,
        attention=_middle_attention(model, shown) if model.attention_layers else None,
        model=model,
    )


def _train_epoch(
    model: ImageClassifier,
    images: Images,
    optimizer: torch.optim.Optimizer,
    schedule: torch.optim.lr_scheduler.LRScheduler,
    batch_size: int,
) -> float:
    """The mean loss over one pass through the training images in random order."""
    model.train()
    total = 0.0
    for chosen in torch.randperm(len(images.train)).split(batch_size):
        loss = nn.functional.cross_entropy(model(images.train[chosen]), images.train_classes[chosen])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
        total += float(loss.detach()) * len(chosen)
    return total / len(images.train)


@torch.no_grad()
def _accuracy(model: ImageClassifier, images: Images) -> float:
    """The share of test images whose likeliest class is the true one."""
    model.eval()
    predicted = torch.cat([model(part).argmax(1) for part in images.test.split(TEST_BATCH)])
    return float((predicted == images.test_classes).float().mean())


@torch.no_grad()
def _head_centres(model: ImageClassifier, images: Tensor) -> NDArray[np.float64] | None:
    """(layers, heads, 2): Δ of quadratic heads; of learned ones the mean shift of the middle position's attention."""
    model.eval()
    layers = model.attention_layers
    if not layers:
        return None
    centres: list[Tensor] = [layer.centres for layer in layers if isinstance(layer, QuadraticSelfAttention)]
    if centres:
        return torch.stack(centres).double().numpy()
    attention = _middle_attention(model, images)
    rows, columns = attention.shape[2:]
    down, across = np.arange(rows) - rows // 2, np.arange(columns) - columns // 2
    return np.stack([attention.sum(3) @ down, attention.sum(2) @ across], axis=-1)


def _middle_attention(model: ImageClassifier, images: Tensor) -> NDArray[np.float64]:
    """(layers, heads, rows, columns): the attention of the position in the middle, averaged over images."""
    model.eval()
    maps = model.attention_maps(images)
    return maps[:, :, maps.shape[2] // 2, maps.shape[3] // 2].double().numpy()
