"""The trees of a sentence's prefixes where no word's vector depends on what follows it."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from treeprobe.parsing.decoding.direction import complete_tree


def prefix_trees(
    distances: NDArray[Any], depths: NDArray[Any], *, left_out: NDArray[np.bool_] | None = None
) -> list[NDArray[np.int64]]:
    """The tree over the first word, the first two, and so on to all, from the predictions among these words alone.

    They are what a reader knew at each word only where the prediction for two words comes from what stands up to the
    later of them: from a causal model's states, or from states read prefix by prefix.

    Args:
        distances: Predicted distances, (words, words).
        depths: Predicted depths, (words,).
        left_out: Whether each word is left out, as punctuation is, (words,); see `complete_tree`.

    Returns:
        The heads of each prefix, words counted from 0; -1 for the root. The last is `complete_tree` of the sentence.

    Raises:
        DistanceError: If the distances are not symmetric, finite and non-negative.
    """
    return [
        complete_tree(
            distances[:count, :count], depths[:count], left_out=None if left_out is None else left_out[:count]
        )
        for count in range(1, len(distances) + 1)
    ]
