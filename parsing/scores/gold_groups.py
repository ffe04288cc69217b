"""Gold trees of equally long sentences as arrays, computed once for any number of predictions."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from treeprobe.parsing.decoding.spanning import prim
from treeprobe.parsing.scores.rank_correlation import centred_ranks
from treeprobe.parsing.treebanks.treebank import Sentence
from treeprobe.parsing.trees.heads import tree_depths, tree_distances


@dataclass(frozen=True)
class GoldGroup:
    """Equally long sentences of a treebank; what scores need of their trees is computed on first use and kept.

    Attributes:
        members: Position of each sentence in the treebank, (sentences,).
        heads: Their gold heads, (sentences, words).
        left_out: Whether each word is left out of the trees, as punctuation is, (sentences, words).
    """

    members: NDArray[np.int64]
    heads: NDArray[np.int64]
    left_out: NDArray[np.bool_]

    @classmethod
    def of(cls, gold: Sequence[Sentence], left_out: Sequence[NDArray[np.bool_]], members: Sequence[int]) -> "GoldGroup":
        """The sentences of a treebank at `members`; `left_out` has one mask for each sentence of it, (words,)."""
        heads = np.array([gold[index].heads for index in members], dtype=np.int64)
        return cls(np.array(members), heads, np.stack([left_out[index] for index in members]))

    @property
    def words(self) -> int:
        """The length of every sentence."""
        return self.left_out.shape[1]

    @cached_property
    def roots(self) -> NDArray[np.int64]:
        """The root of each sentence, (sentences,)."""
        return self.heads.argmin(axis=1)

    @cached_property
    def tree(self) -> NDArray[np.int64]:
        """Heads of the spanning tree of gold distances over the words not left out, (sentences, words); -1 for none."""
        return prim(tree_distances(self.heads), left_out=self.left_out)

    @cached_property
    def distance_ranks(self) -> NDArray[np.float64]:
        """Centred ranks of each word's gold distances, (sentences, words, words)."""
        return centred_ranks(tree_distances(self.heads))

    @cached_property
    def depth_ranks(self) -> NDArray[np.float64]:
        """Centred ranks of the gold depths, (sentences, words)."""
        return centred_ranks(np.stack([tree_depths(heads) for heads in self.heads]))

    def shared_edges(self, heads: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Whether the edge between each word and its head in `tree` is an edge of the predicted tree, either way round.

        Args:
            heads: Heads of the predicted trees, (sentences, words).

        Returns:
            One value for each word, (sentences, words); false where `tree` has no head.
        """
        if not self.words:
            return np.zeros(self.left_out.shape, dtype=bool)
        back = np.take_along_axis(heads, np.maximum(self.tree, 0), axis=1)
        return (self.tree >= 0) & ((heads == self.tree) | (back == np.arange(self.words)))
