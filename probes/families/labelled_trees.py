"""What the families that predict whole trees share: distances under one map, a root, and a relation for each word."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.utils.validation import check_is_fitted
from torch import Tensor

from treeprobe.probes.families.gradient import Parameters
from treeprobe.probes.families.relations import RelationProbe
from treeprobe.probes.losses import squared_distances
from treeprobe.probes.states import Vectors


@dataclass(frozen=True)
class DirectedTree:
    """A predicted tree: heads by word, 0-based with -1 at the root, and the relation of each word to its head."""

    heads: tuple[int, ...]
    relations: tuple[str, ...]


class LabelledTreeProbe(RelationProbe):
    """A probe with a map B, `matrix`, under which distances are the tree's, and that gives every sentence a tree.

    It has no `score`: what it predicts are trees, which `treeprobe.parsing.score_heads` scores.
    """

    def transform(self, states: Vectors) -> list[NDArray[np.float32]]:
        """Project words into the probe's space, one (words, rank) array a sentence."""
        return self._decoded(states, _placed)

    def distances(self, states: Vectors) -> list[NDArray[np.float32]]:
        """Squared distances under B, (words, words) of each sentence, by which words are joined."""
        return self._decoded(states, _distances)

    def parameter_count(self, dim: int) -> int:
        """How many numbers are learned on vectors of width `dim`. Raises NotFittedError before `fit`."""
        check_is_fitted(self, "relations_")
        return super().parameter_count(dim)


def _placed(parameters: Parameters, words: Tensor) -> NDArray[np.float32]:
    return (words @ parameters["matrix"]).numpy()


def _distances(parameters: Parameters, words: Tensor) -> NDArray[np.float32]:
    return squared_distances(words @ parameters["matrix"]).numpy()


def rooted_tree(distances: NDArray[np.float32], root: int) -> NDArray[np.int64]:
    """Heads of the minimum spanning tree, grown from its root (Prim 1957); -1 at the root. Ties go to earlier words."""
    heads = np.full(len(distances), root)
    reach = distances[root].astype(np.float64)
    outside = np.ones(len(distances), dtype=bool)
    outside[root], heads[root] = False, -1
    for _ in range(len(distances) - 1):
        new = int(np.where(outside, reach, np.inf).argmin())
        outside[new] = False
        nearer = outside & (distances[new] < reach)
        heads[nearer], reach[nearer] = new, distances[new][nearer]
    return heads


def path_sums(heads: Sequence[int] | NDArray[np.int64], values: NDArray[np.floating]) -> NDArray[np.float64]:
    """The sum of `values` over the words from each word up to the root, itself included and the root not, (words,)."""
    sums = np.zeros(len(heads))
    for word in range(len(heads)):
        at = word
        while heads[at] >= 0:
            sums[word] += values[at]
            at = int(heads[at])
    return sums
