"""Gold trees of equally long sentences as arrays: what scores compare with, worked out once."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from treeprobe.parsing.decoding.spanning import prim
from treeprobe.parsing.scores.rank_correlation import centred_ranks
from treeprobe.parsing.treebanks.treebank import Sentence


@dataclass(frozen=True)
class GoldGroup:
    """The sentences at `members`, all of one length, with the words that are `left_out`, (sentences, words).

    Everything else is computed when it is first asked for, and kept.
    """

    members: NDArray[np.int64]
    sentences: Sequence[Sentence]
    left_out: NDArray[np.bool_]

    @classmethod
    def of(cls, gold: Sequence[Sentence], left_out: Sequence[NDArray[np.bool_]], members: Sequence[int]) -> "GoldGroup":
        """The group of some sentences of a treebank, given each sentence's words left out, (words,)."""
        return cls(np.array(members), [gold[index] for index in members], np.stack([left_out[i] for i in members]))

    @property
    def words(self) -> int:
        """The length of every sentence."""
        return self.left_out.shape[1]

    @cached_property
    def roots(self) -> NDArray[np.int64]:
        """The root of each sentence, (sentences,)."""
        return np.array([sentence.heads.index(-1) for sentence in self.sentences], dtype=np.int64)

    @cached_property
    def tree(self) -> NDArray[np.int64]:
        """Heads of the spanning tree of gold distances among the words that stay, (sentences, words); -1 for none."""
        return prim(np.stack([sentence.distances for sentence in self.sentences]), left_out=self.left_out)

    @cached_property
    def distance_ranks(self) -> NDArray[np.float64]:
        """Centred ranks of each word's gold distances, (sentences, words, words)."""
        return centred_ranks(np.stack([sentence.distances for sentence in self.sentences]))

    @cached_property
    def depth_ranks(self) -> NDArray[np.float64]:
        """Centred ranks of the gold depths, (sentences, words)."""
        return centred_ranks(np.stack([sentence.depths for sentence in self.sentences]))

    def shared_edges(self, heads: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Whether the edge between each word and its head in `tree` is one of the tree `heads`, (sentences, words).

        Where two trees share an edge they may point it either way.
        """
        if not self.words:
            return np.zeros(self.left_out.shape, dtype=bool)
        back = np.take_along_axis(heads, np.maximum(self.tree, 0), axis=1)
        return (self.tree >= 0) & ((heads == self.tree) | (back == np.arange(self.words)))
