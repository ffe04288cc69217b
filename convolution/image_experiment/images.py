"""Small images to classify: scikit-learn's digits, and CIFAR-10 from its binary version."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from sklearn.datasets import load_digits, load_sample_images
from sklearn.model_selection import train_test_split
from torch import Tensor

from treeprobe.errors import TreeprobeError

CIFAR_BATCHES = tuple(f"data_batch_{number}.bin" for number in range(1, 6))
CIFAR_TEST = "test_batch.bin"
CIFAR_RECORD = 1 + 3 * 32 * 32
CIFAR_MEAN, CIFAR_DEVIATION = (0.4914, 0.4822, 0.4465), (0.2470, 0.2435, 0.2616)
"""Mean and standard deviation of the training images, by colour channel."""


class ImageError(TreeprobeError, ValueError):
    """A folder that does not hold the images that it should."""


@dataclass(frozen=True)
class Images:
    """Training and test images with their classes."""

    name: str
    train: Tensor
    """(images, colours, rows, columns) float32."""
    train_classes: Tensor
    """(images,) int64, from 0."""
    test: Tensor
    test_classes: Tensor

    @property
    def classes(self) -> int:
        """The number of classes."""
        return int(max(self.train_classes.max(), self.test_classes.max())) + 1


def digits(*, test_share: float = 0.25, seed: int = 0) -> Images:
    """The 1,797 handwritten digits of 8 × 8 pixels that come with scikit-learn, split by class in equal shares.

    Args:
        test_share: share of the images held out for testing.
        seed: seed of the split.
    """
    data = load_digits()
    pixels = (data.images / 16.0 - 0.5).astype(np.float32)[:, None]
    parts = train_test_split(pixels, data.target, test_size=test_share, random_state=seed, stratify=data.target)
    train, test, train_classes, test_classes = (torch.from_numpy(np.ascontiguousarray(part)) for part in parts)
    return Images("digits", train, train_classes.long(), test, test_classes.long())


def cifar10(folder: str | Path) -> Images:
    """CIFAR-10 (Krizhevsky 2009), normalised by channel.

    Args:
        folder: its binary version, `cifar-10-batches-bin`.

    Raises:
        ImageError: a file is missing, or is not a whole number of records of 3,073 bytes, or holds a class above 9.
    """
    folder = Path(folder)
    missing = [name for name in (*CIFAR_BATCHES, CIFAR_TEST) if not (folder / name).is_file()]
    if missing:
        raise ImageError(
            f"{folder} lacks {', '.join(missing)}; expected cifar-10-batches-bin, the binary version of CIFAR-10"
        )
    pixels, classes = zip(*(_read_cifar_batch(folder / name) for name in CIFAR_BATCHES))
    return Images("CIFAR-10", torch.cat(pixels), torch.cat(classes), *_read_cifar_batch(folder / CIFAR_TEST))


def photographs() -> dict[str, Tensor]:
    """The two photographs that come with scikit-learn, in grey: "china" and "flower", (rows, columns) from 0 to 1."""
    data = load_sample_images()
    grey = [torch.from_numpy(image.mean(2, dtype=np.float32) / 255) for image in data.images]
    return {Path(name).stem: image for name, image in zip(data.filenames, grey)}


def photograph_patches(count: int = 512, *, size: int = 14, seed: int = 0) -> Tensor:
    """Random square patches of `photographs`, (patches, 1, size, size).

    Raises:
        ValueError: patches larger than the photographs.
    """
    pictures = list(photographs().values())
    smallest = min(min(picture.shape) for picture in pictures)
    if not 1 <= size <= smallest:
        raise ValueError(f"patches of {size} pixels; expected from 1 to {smallest}")
    generator = np.random.default_rng(seed)
    patches = []
    for number in generator.integers(len(pictures), size=count):
        picture = pictures[number]
        row, column = (int(generator.integers(side - size + 1)) for side in picture.shape)
        patches.append(picture[row : row + size, column : column + size])
    return torch.stack(patches)[:, None]


def _read_cifar_batch(path: Path) -> tuple[Tensor, Tensor]:
    """Images and classes of one file; a record is a byte of class, then 1,024 bytes each of red, green and blue."""
    content = np.fromfile(path, np.uint8)
    if not len(content) or len(content) % CIFAR_RECORD:
        raise ImageError(f"{path} has {len(content)} bytes; expected records of {CIFAR_RECORD}")
    records = content.reshape(-1, CIFAR_RECORD)
    if records[:, 0].max() > 9:
        place = int(records[:, 0].argmax())
        raise ImageError(f"{path}: record {place + 1} has class {records[place, 0]}; expected 0 to 9")
    pixels = torch.from_numpy(records[:, 1:].reshape(-1, 3, 32, 32).astype(np.float32) / 255)
    mean, deviation = (torch.tensor(v).view(3, 1, 1) for v in (CIFAR_MEAN, CIFAR_DEVIATION))
    return (pixels - mean) / deviation, torch.from_numpy(records[:, 0].astype(np.int64))
