"""Checks of distances, and groups of sentences that are decoded together."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from treeprobe.errors import TreeprobeError

# Relative to the largest distance, so that matrices computed in half precision or as differences of squares pass.
TOLERANCE = 1e-4

# Bounds the matrix entries in a group of sentences, and so memory (about 64 MB in double precision).
_GROUP_ENTRIES = 8_000_000


class DistanceError(TreeprobeError, ValueError):
    """A matrix that does not hold distances between words."""


def check_distances(distances: NDArray[Any], *, name: str = "distances") -> NDArray[np.float64]:
    """Check that a matrix is square, symmetric, finite and non-negative.

    Args:
        distances: The matrix, (words, words).
        name: What the error calls it.

    Returns:
        The matrix in float64.

    Raises:
        DistanceError: If it is not. Asymmetry and negative values below 1e-4 of the largest distance are tolerated, as
            rounding leads to them.
    """
    array = np.asarray(distances, dtype=np.float64)
    if array.ndim != 2 or array.shape[0] != array.shape[1]:
        raise DistanceError(f"{name} have shape {array.shape}; expected (words, words)")
    if not array.size:
        return array
    if not np.isfinite(array).all():
        row, column = (int(k) for k in np.argwhere(~np.isfinite(array))[0])
        raise DistanceError(
            f"{name} between words {row + 1} and {column + 1} are {array[row, column]}; expected finite numbers"
        )
    slack = TOLERANCE * np.abs(array).max()
    if array.min() < -slack:
        row, column = (int(k) for k in np.argwhere(array < -slack)[0])
        raise DistanceError(
            f"{name} between words {row + 1} and {column + 1} are {array[row, column]:.4g}; expected no value below 0"
        )
    if np.abs(array - array.T).max() > slack:
        row, column = (int(k) for k in np.unravel_index(np.abs(array - array.T).argmax(), array.shape))
        raise DistanceError(
            f"{name} are not symmetric: {array[row, column]:.4g} from word {row + 1} to word {column + 1}, "
            f"{array[column, row]:.4g} back"
        )
    return array


def check_distances_bulk(distances: Sequence[NDArray[Any]], names: Sequence[str]) -> None:
    """`check_distances` for many sentences, equally long ones together.

    Args:
        distances: One matrix for each sentence, (words, words).
        names: What the error calls each sentence.

    Raises:
        DistanceError: For the first sentence whose matrix does not pass.
    """
    suspects = [i for i, array in enumerate(distances) if np.ndim(array) != 2 or len(set(np.shape(array))) != 1]
    square = sorted(set(range(len(distances))) - set(suspects))
    for group in groups_of_one_length([len(distances[index]) for index in square]):
        members = [square[place] for place in group]
        stack = np.stack([distances[index] for index in members])
        if stack.size:
            slack = TOLERANCE * np.abs(stack).max(axis=(1, 2))
            asymmetry = np.abs(stack - stack.transpose(0, 2, 1)).max(axis=(1, 2))
            # Positive conditions, so that nan, which compares false with everything, does not pass.
            sound = np.isfinite(slack) & (asymmetry <= slack) & (stack.min(axis=(1, 2)) >= -slack)
            suspects += [members[place] for place in np.flatnonzero(~sound)]
    for index in sorted(suspects):
        check_distances(distances[index], name=f"{names[index]}: distances")


def groups_of_one_length(lengths: Sequence[int]) -> Iterator[list[int]]:
    """Positions of equally long sentences, in groups small enough for their matrices to be stacked in memory."""
    by_length: dict[int, list[int]] = defaultdict(list)
    for index, length in enumerate(lengths):
        by_length[length].append(index)
    for length, indices in by_length.items():
        size = max(1, _GROUP_ENTRIES // max(1, length * length))
        for start in range(0, len(indices), size):
            yield indices[start : start + size]
