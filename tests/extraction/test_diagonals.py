"""Sums along diagonals beside torch's own diagonals."""

import pytest
import torch

from treeprobe.extraction.diagonals import diagonal_sums


@pytest.mark.parametrize("size", [1, 2, 5])
def test_sums_along_diagonals_are_sums_along_diagonals(size: int) -> None:
    square = torch.rand(2, 3, size, size)
    expected = torch.stack([square.diagonal(k, -2, -1).sum(-1) for k in range(1 - size, size)], -1)
    torch.testing.assert_close(diagonal_sums(square), expected)
