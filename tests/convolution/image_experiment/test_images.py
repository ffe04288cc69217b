"""Image data sets, read record by record."""

import numpy as np
import pytest
import torch

from treeprobe.convolution.image_experiment import cifar10, digits
from treeprobe.convolution.image_experiment.images import CIFAR_BATCHES, CIFAR_TEST, ImageError


def write_cifar(folder, *, records=4):
    generator = np.random.default_rng(0)
    for name in (*CIFAR_BATCHES, CIFAR_TEST):
        content = generator.integers(0, 256, (records, 3073), np.uint8)
        content[:, 0] %= 10
        content[:, 0][0] = 9
        content.tofile(folder / name)
    return content


def test_cifar_is_read_record_by_record(tmp_path):
    written = write_cifar(tmp_path)
    images = cifar10(tmp_path)
    assert images.train.shape == (20, 3, 32, 32)
    assert images.test_classes.tolist() == written[:, 0].tolist()
    # Record 1, green, row 2, column 5.
    expected = (written[1, 1 + 1024 + 2 * 32 + 5] / 255 - 0.4822) / 0.2435
    assert images.test[1, 1, 2, 5].item() == pytest.approx(expected, abs=1e-5)
    assert images.classes == 10


def test_damaged_cifar_folders_are_refused(tmp_path):
    with pytest.raises(ImageError, match=r"lacks data_batch_1\.bin"):
        cifar10(tmp_path)
    write_cifar(tmp_path)
    content = (tmp_path / CIFAR_TEST).read_bytes()
    (tmp_path / CIFAR_TEST).write_bytes(content[:-1])
    with pytest.raises(ImageError, match="12291 bytes; expected records of 3073"):
        cifar10(tmp_path)
    (tmp_path / CIFAR_TEST).write_bytes(bytes([200]) + content[1:])
    with pytest.raises(ImageError, match="record 1 has class 200"):
        cifar10(tmp_path)


def test_digits_are_split_with_equal_shares_of_classes():
    images = digits()
    assert len(images.train) + len(images.test) == 1797
    shares = torch.bincount(images.test_classes) / torch.bincount(images.train_classes)
    assert shares.max() - shares.min() < 0.03
