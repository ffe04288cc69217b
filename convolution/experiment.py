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

from treeprobe.convolution.classifier import VARIANTS, ImageClassifier, Variant, count_flops, count_parameters
from treeprobe.convolution.images import Images
from treeprobe.convolution.quadratic import QuadraticSelfAttention

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
class ImageRun:
    """One variant, trained."""

    variant: Variant
    images: str
    accuracy: float
    """On the test images, after the last epoch."""
    parameters: int
    flops: int
    history: pd.DataFrame
    """One row an epoch: epoch (0 before training), loss, accuracy."""
    centres: NDArray[np.float64] | None
    """(epochs + 1, layers, heads, 2) where each head attends, in (rows, columns) from the query; None without heads."""
    attention: NDArray[np.float64] | None
    """(layers, heads, rows, columns) the middle pixel's attention, averaged over test images; None without heads."""
    model: ImageClassifier


def run_experiment(
    images: Images,
    *,
    variants: Iterable[Variant] = VARIANTS,
    epochs: int = 20,
    batch_size: int = 64,
    learning_rate: float = 5e-3,
    channels: int = 32,
    depth: int = 3,
    patch: int = 1,
    seed: int = 0,
    progress: bool = False,
) -> list[ImageRun]:
    """Train every variant with the same depth, width, images, order and schedule (AdamW, cosine to zero)."""
    return [
        train_variant(
            variant,
            images,
            epochs=epochs,
            batch_size=batch_size,
            learning_rate=learning_rate,
            channels=channels,
            depth=depth,
            patch=patch,
            seed=seed,
            progress=progress,
        )
        for variant in variants
    ]


def train_variant(
    variant: Variant,
    images: Images,
    *,
    epochs: int,
    batch_size: int,
    learning_rate: float,
    channels: int,
    depth: int,
    patch: int,
    seed: int,
    progress: bool,
) -> ImageRun:
    """Train and test one variant; the caller's random state is left as it was."""
    shape: Any = tuple(images.train.shape[1:])
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = ImageClassifier(
            variant, image=shape, classes=images.classes, channels=channels, depth=depth, patch=patch
        )
        optimiser = torch.optim.AdamW(model.parameters(), lr=learning_rate)
        steps = epochs * -(-len(images.train) // batch_size)
        schedule = torch.optim.lr_scheduler.LambdaLR(optimiser, lambda step: (1 + np.cos(np.pi * step / steps)) / 2)
        rows, centres = [(0, np.nan, accuracy(model, images))], [head_centres(model, images.test[:SHOWN])]
        for epoch in tqdm(range(1, epochs + 1), desc=variant, disable=not progress, leave=False):
            loss = _train_epoch(model, images, optimiser, schedule, batch_size)
            rows.append((epoch, loss, accuracy(model, images)))
            centres.append(head_centres(model, images.test[:SHOWN]))
    history = pd.DataFrame(rows, columns=["epoch", "loss", "accuracy"])
    attends = variant != "convolution"
    return ImageRun(
        variant,
        images.name,
        float(history.accuracy.iloc[-1]),
        count_parameters(model),
        count_flops(model, shape),
        history,
        np.stack([c for c in centres if c is not None]) if attends else None,
        middle_attention(model, images.test[:SHOWN]) if attends else None,
        model,
    )


@torch.no_grad()
def accuracy(model: ImageClassifier, images: Images) -> float:
    """The share of test images whose class comes first."""
    model.eval()
    guesses = torch.cat([model(part).argmax(1) for part in images.test.split(TEST_BATCH)])
    return float((guesses == images.test_classes).float().mean())


@torch.no_grad()
def head_centres(model: ImageClassifier, images: Tensor) -> NDArray[np.float64] | None:
    """(layers, heads, 2): Δ of quadratic heads; for learned ones the middle pixel's mean shift of attention."""
    model.eval()
    layers = model.attention_layers
    if not layers:
        return None
    centres: list[Tensor] = [layer.centres for layer in layers if isinstance(layer, QuadraticSelfAttention)]
    if centres:
        return torch.stack(centres).double().numpy()
    attention = middle_attention(model, images)
    rows, columns = attention.shape[2:]
    down, across = np.arange(rows) - rows // 2, np.arange(columns) - columns // 2
    return np.stack([attention.sum(3) @ down, attention.sum(2) @ across], axis=-1)


def middle_attention(model: ImageClassifier, images: Tensor) -> NDArray[np.float64]:
    """(layers, heads, rows, columns): the attention of the pixel in the middle, averaged over images."""
    model.eval()
    maps = model.maps(images)
    return maps[:, :, maps.shape[2] // 2, maps.shape[3] // 2].double().numpy()


def experiment_table(runs: Sequence[ImageRun]) -> pd.DataFrame:
    """The paper's Table 1 in these runs' numbers, with the paper's own beside: one row a model."""
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


def _train_epoch(
    model: ImageClassifier,
    images: Images,
    optimiser: torch.optim.Optimizer,
    schedule: torch.optim.lr_scheduler.LRScheduler,
    batch_size: int,
) -> float:
    """The mean loss over one pass in a random order."""
    model.train()
    total = 0.0
    for chosen in torch.randperm(len(images.train)).split(batch_size):
        loss = nn.functional.cross_entropy(model(images.train[chosen]), images.train_classes[chosen])
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        schedule.step()
        total += float(loss.detach()) * len(chosen)
    return total / len(images.train)
