"""Whether predicted distances show a given tree, for many padded sentences at once."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from treeprobe.interventions.intervention import InterventionError
from treeprobe.parsing import tree_depths, tree_distances
from treeprobe.parsing.trees.heads import check_heads


@dataclass(frozen=True)
class AskedTrees:
    """Trees of sentences, padded to the longest."""

    heads: Tensor
    """(sentences, words), 0 at roots and padding."""
    order: Tensor
    """(sentences, words) words from the root down, padding last."""
    distances: Tensor
    """(sentences, words, words) float32 tree distances, 0 at padding."""
    mask: Tensor
    """(sentences, words) bool, true where a word is."""

    @classmethod
    def of(cls, trees: Sequence[Any], *, device: torch.device) -> "AskedTrees":
        """Pad some trees. Raises InterventionError where one is no tree."""
        shape = (len(trees), max(map(len, trees), default=0))
        heads, mask = np.zeros(shape, np.int64), np.zeros(shape, bool)
        order = np.tile(np.arange(shape[1]), (shape[0], 1))
        distances = np.zeros((*shape, shape[1]), np.float32)
        for row, tree in enumerate(trees):
            words = len(tree)
            try:
                checked = check_heads(tree)
            except ValueError as error:
                raise InterventionError(f"tree {row + 1} of those asked for: {error}") from error
            heads[row, :words], mask[row, :words] = np.maximum(checked, 0), True
            order[row, :words] = np.argsort(tree_depths(checked), kind="stable")
            distances[row, :words, :words] = tree_distances(checked)
        return cls(*(torch.from_numpy(one).to(device) for one in (heads, order, distances, mask)))

    def __getitem__(self, rows: Tensor) -> "AskedTrees":
        """Some of the sentences."""
        return AskedTrees(self.heads[rows], self.order[rows], self.distances[rows], self.mask[rows])

    @property
    def pairs(self) -> Tensor:
        """(sentences, words, words) bool, true for two words of the sentence."""
        return self.mask[:, :, None] & self.mask[:, None, :]

    @property
    def pair_weights(self) -> Tensor:
        """(sentences, words, words) that average over a sentence's pairs."""
        return self.pairs / self.mask.sum(1)[:, None, None] ** 2

    def seen(self, distances: Tensor, *, margin: float = 0.0, slack: float = 0.0) -> Tensor:
        """(sentences,) whether the tree is the minimum spanning tree of (sentences, probes, words, words) distances.

        It is the only one just when every pair of words beside its edges is farther apart than each edge on the path
        between them (the cycle property); here by more than `margin`, and by the share `slack` of that edge.
        """
        longest = self._longest_edges(distances)
        free = (distances > longest * (1 + slack) + margin) | (self.distances <= 1)[:, None] | ~self.pairs[:, None]
        return free.all(-1).all(-1).all(-1)

    def _longest_edges(self, distances: Tensor) -> Tensor:
        """The greatest distance along an edge of the path between two words, in the shape of the distances."""
        rows, found = torch.arange(len(distances), device=distances.device), torch.zeros_like(distances)
        # Words enter from the root down: to a word that is in already, the path goes over the head.
        for word in self.order.T[1:]:
            head = self.heads[rows, word]
            path = torch.maximum(found[rows, :, head], distances[rows, :, word, head][..., None])
            found[rows, :, word] = path
            found[rows, :, :, word] = path
            found[rows, :, word, word] = 0
        return found


def padded(values: Tensor, lengths: Sequence[int]) -> Tensor:
    """Words back to back as (sentences, longest, ...), zero at padding."""
    return torch.nn.utils.rnn.pad_sequence(list(values.split(list(lengths))), batch_first=True)
