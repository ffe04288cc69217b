"""Attention by relative offset: sums along the diagonals of square matrices."""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor


def diagonal_sums(square: Tensor) -> Tensor:
    """Sums along the diagonals of square matrices.

    An offset is column minus row: key minus query, where the matrix is attention.

    Args:
        square: (..., size, size).

    Returns:
        (..., 2·size − 1), from offset −(size − 1) to size − 1.
    """
    size = square.shape[-1]
    # With the rows in reverse and `size` zeros after each, cutting the whole into rows one place shorter moves each
    # row one place to the right of the one above it, and every diagonal into a column.
    flat = torch.nn.functional.pad(square.flip(-2), (0, size)).flatten(-2)
    return flat[..., : size * (2 * size - 1)].unflatten(-1, (size, 2 * size - 1)).sum(-2)


class OffsetSums:
    """Sums by offset over square matrices of any sizes; memory depends on the largest size alone.

    They are kept where the matrices are, on a card too, until `values` asks for them.
    """

    def __init__(self, *shape: int) -> None:
        self._sums = torch.zeros((*shape, 1), dtype=torch.float64)

    @property
    def values(self) -> NDArray[np.float64]:
        """(..., 2·span + 1), from offset −span to span, where span is the largest size so far less one."""
        return self._sums.cpu().numpy()

    @property
    def span(self) -> int:
        """The farthest offset so far."""
        return self._sums.shape[-1] // 2

    def add(self, square: Tensor) -> None:
        """Add the matrices (..., size, size), of the shape before it that the sums were made with."""
        sums = diagonal_sums(square.double())
        margin = self.span - sums.shape[-1] // 2
        self._sums = torch.nn.functional.pad(self._sums.to(sums.device), (max(-margin, 0),) * 2)
        margin = max(margin, 0)
        self._sums[..., margin : self._sums.shape[-1] - margin] += sums
