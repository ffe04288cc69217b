"""Attention by relative offset: sums along the diagonals of square matrices."""

import torch
from torch import Tensor


def diagonal_sums(square: Tensor) -> Tensor:
    """(..., size, size) -> (..., 2·size − 1): sums along diagonals, from offset −(size − 1) to size − 1.

    An offset is column minus row: key minus query, where the matrix is attention.
    """
    size = square.shape[-1]
    # With the rows in reverse and `size` zeros after each, cutting the whole into rows one place shorter moves each
    # row one place to the right of the one above it, and every diagonal into a column.
    flat = torch.nn.functional.pad(square.flip(-2), (0, size)).flatten(-2)
    return flat[..., : size * (2 * size - 1)].unflatten(-1, (size, 2 * size - 1)).sum(-2)
