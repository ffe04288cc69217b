"""Maximum arborescences: directed trees with the highest sum of scores, projective or not."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from ufal.chu_liu_edmonds import chu_liu_edmonds

from treeprobe.parsing.decoding.decoder import with_root


def arborescence(scores: NDArray[Any], roots: NDArray[Any], *, single_root: bool = True) -> NDArray[np.int64]:
    """Decoder: the maximum arborescence, by the algorithm of Chu & Liu (1965) and Edmonds (1967).

    Arcs may cross. Which of several trees with the same score is returned is not defined.

    Args:
        scores: Arc scores, (sentences, words, words); see `Decoder`.
        roots: Root scores, (sentences, words).
        single_root: Whether exactly one word is the root, as in Universal Dependencies; otherwise several may be.

    Returns:
        Heads, (sentences, words); -1 for every root.
    """
    heads = np.empty(scores.shape[:2], dtype=np.int64)
    if not scores.shape[1]:
        return heads
    # chu_liu_edmonds expects dependents in rows, and takes scores near 0 for missing arcs.
    present = with_root(scores, roots, single_root=single_root).transpose(0, 2, 1) + 1.0
    for index, matrix in enumerate(np.ascontiguousarray(present)):
        heads[index] = chu_liu_edmonds(matrix)[0][1:]
    return heads - 1
