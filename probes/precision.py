"""The number format of the matrix products of training."""

import warnings
from collections.abc import Sequence
from functools import cache
from typing import Literal

import torch
from torch import Tensor

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
    if precision == "bfloat16" and torch.device(device).type == "cpu" and not multiplies_bfloat16():
        _say_slow()


def multiplies_bfloat16() -> bool:
    """Whether the processor has instructions for products in bfloat16; True where PyTorch cannot tell."""
    capabilities: dict[str, object] = getattr(
        torch.cpu, "get_capabilities", dict
    )()  # newer than the oldest PyTorch that is supported
    if capabilities.get("architecture") != "x86_64":
        return True
    return any(capabilities.get(name) for name in ("avx512_bf16", "amx_bf16"))


@cache
def _say_slow() -> None:
    warnings.warn(
        "precision bfloat16: this processor has no instructions for it; training works, and is slower than in float32",
        stacklevel=2,
    )
