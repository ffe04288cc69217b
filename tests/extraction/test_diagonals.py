"""Sums along diagonals beside torch's own diagonals."""

import pytest
import torch

from treeprobe.extraction.diagonals import OffsetSums, diagonal_sums


@pytest.mark.parametrize("size", [1, 2, 5])
def test_sums_along_diagonals_are_sums_along_diagonals(size: int) -> None:
    square = torch.rand(2, 3, size, size)
    expected = torch.stack([square.diagonal(k, -2, -1).sum(-1) for k in range(1 - size, size)], -1)
    torch.testing.assert_close(diagonal_sums(square), expected)


def test_sums_by_offset_grow_with_the_matrices_and_keep_what_they_have() -> None:
    generator = torch.Generator().manual_seed(0)
    squares = [torch.rand(2, size, size, generator=generator) for size in (2, 4, 1, 3)]
    sums = OffsetSums(2)
    for square in squares:
        sums.add(square)
    expected = [sum(square.diagonal(k, -2, -1).sum(-1) for square in squares) for k in range(-3, 4)]
    assert sums.span == 3
    torch.testing.assert_close(torch.from_numpy(sums.values).float(), torch.stack(expected, -1))
