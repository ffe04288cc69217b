"""The number format of the matrix products of training."""

from collections.abc import Sequence
from typing import Literal

import torch
from torch import Tensor

from treeprobe.processor import warn_where_bfloat16_is_slow

Precision = Literal["float32", "bfloat16"]


def product(first: Tensor, second: Tensor, *, precision: Precision) -> Tensor:
    """The matrix products of two stacks of matrices in float32, computed in `precision`.

    In bfloat16 the factors are rounded to 8 significant bits; PyTorch adds the products up in float32 and rounds the
    sums again.
    """
    if precision == "float32":
        return torch.bmm(first, second)
    return torch.bmm(first.bfloat16(), second.bfloat16()).float()


def check_precision(precision: str, device: str, *, known: Sequence[Precision], what: str) -> None:
    """Refuse a format that is not among those known; say once where bfloat16 is slower than float32.

    Raises:
        ValueError: the format is not known to `what`.
    """
    if precision not in known:
        raise ValueError(f"precision {precision!r} of {what}; expected {' or '.join(known)}")
    if precision == "bfloat16" and torch.device(device).type == "cpu":
        warn_where_bfloat16_is_slow(torch.cpu, work="training")
