"""Trees from attention: of each head alone, and of the heads that are best at single relations."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray

from treeprobe.attention.masks import between_words, sentences_of
from treeprobe.attention.relations import DIRECTIONS, GROUPS, Direction
from treeprobe.extraction import AttentionBatch
from treeprobe.parsing import PunctuationRule, Sentence, Tally, punctuation_mask
from treeprobe.parsing.decoding import arborescence, decode_bulk
from treeprobe.parsing.decoding.spanning import edges_of_heads, prim


@dataclass(frozen=True)
class ChosenHead:
    """A head, block and head from 0, and which end of an edge it looks from."""

    block: int
    head: int
    direction: Direction

    def __str__(self) -> str:
        return f"{self.block + 1}-{self.head + 1} {self.direction}"


def chosen_heads(
    best: pd.DataFrame, *, relations: Sequence[str] | None = None, level: float = 0.05
) -> list[ChosenHead]:
    """The heads of a `best_heads` table that beat the fixed offset (p < `level`), each once, in the table's order."""
    rows = best[(best["p"] < level) & (best["relation"].isin(best["relation"] if relations is None else relations))]
    return list(
        dict.fromkeys(
            ChosenHead(int(layer) - 1, int(head) - 1, direction)
            for layer, head, direction in zip(rows["layer"], rows["head"], rows["direction"])
        )
    )


def head_tree_tallies(
    batches: Iterable[AttentionBatch], sentences: Sequence[Sentence], *, punctuation: PunctuationRule = "xpos"
) -> list[list[Tally]]:
    """UUAS of the spanning tree of every head, `tallies[block][head]`, counted by group of sentences.

    The tree is the maximum spanning tree of the greater of a pair's two weights, punctuation left out of both trees.

    Raises ValueError where there are no batches, or attention and sentences do not fit each other.
    """
    correct: NDArray[np.float64] | None = None
    edges = np.zeros(GROUPS)
    for batch in batches:
        words = between_words(batch)
        both = torch.maximum(words, words.transpose(-1, -2)).numpy()
        layers, _, heads = both.shape[:3]
        correct = np.zeros((GROUPS, layers, heads)) if correct is None else correct
        for row, (index, sentence) in enumerate(zip(batch.indices, sentences_of(batch, sentences))):
            kept = np.flatnonzero(~punctuation_mask(sentence, punctuation))
            if len(kept) < 2:
                continue
            gold = edge_numbers(edges_of_heads(prim(sentence.distances[None, kept[:, None], kept])))
            weights = both[:, row][..., kept[:, None], kept].reshape(layers * heads, len(kept), len(kept))
            found = edge_numbers(edges_of_heads(prim(1.0 - weights)))
            correct[int(index) % GROUPS] += np.isin(found, gold).sum(1).reshape(layers, heads)
            edges[int(index) % GROUPS] += gold.size
    if correct is None:
        raise ValueError("no attention to build trees from; expected at least one batch")
    strata = np.zeros(GROUPS, dtype=np.int64)
    by_block = correct.transpose(1, 2, 0)
    return [[Tally("uuas", head, edges, strata) for head in block] for block in by_block]


def held_out_tally(tallies: Sequence[Sequence[Tally]]) -> tuple[Tally, list[tuple[int, int]]]:
    """UUAS of the best head's tree when each half of the groups of sentences chooses the head for the other half.

    Args:
        tallies: what `head_tree_tallies` returns.

    Returns:
        The tally, and both heads, (block, head) from 0: the first was chosen on the odd groups and scored on the even
        ones, the second the other way round.
    """
    correct = np.array([[tally.numerators for tally in block] for block in tallies])
    heads = []
    numerators = np.zeros(correct.shape[-1])
    for parity in (0, 1):
        chosen_by = correct[..., 1 - parity :: 2].sum(-1)
        block, head = np.unravel_index(int(chosen_by.argmax()), chosen_by.shape)
        heads.append((int(block), int(head)))
        numerators[parity::2] = correct[block, head, parity::2]
    like = tallies[0][0]
    return Tally(like.metric, numerators, like.denominators, like.strata), heads


def edge_numbers(edges: NDArray[np.int64]) -> NDArray[np.int64]:
    """One number an edge, (trees, edges), of the edges of trees over the same words, (trees, edges, 2)."""
    return edges[..., 0] * (edges.shape[1] + 1) + edges[..., 1]


def ensemble_scores(batch: AttentionBatch, heads: Sequence[ChosenHead]) -> list[NDArray[np.float64]]:
    """The scores of arcs of each sentence of a batch, (words, words), row the head: the mean over the chosen heads.

    A head that looks from dependents gives its transposed attention (Limisiewicz et al. 2020, sections 4 and 5).
    """
    words = between_words(batch)
    total = torch.zeros_like(words[0, :, 0])
    for one in heads:
        attention = words[one.block, :, one.head]
        total += attention.transpose(-1, -2) if one.direction == DIRECTIONS[0] else attention
    means = total.double().numpy() / len(heads)
    return [scores[:length, :length] for scores, length in zip(means, batch.lengths)]


def ensemble_trees(
    batches: Iterable[AttentionBatch],
    sentences: Sequence[Sentence],
    heads: Sequence[ChosenHead],
    *,
    gold_roots: bool = False,
) -> dict[int, NDArray[np.int64]]:
    """Directed trees of the chosen heads together: sentence number -> heads of its words, the root's -1.

    The tree is the maximum arborescence of the mean scores. `gold_roots` gives the decoder the root, as in Ravishankar
    et al. (2021); without it the word that gains most as root is the root.

    Raises:
        ValueError: no heads are chosen, or attention and sentences do not fit each other.
    """
    if not heads:
        raise ValueError("no heads were chosen; expected at least one (no head beats its baseline?)")
    trees: dict[int, NDArray[np.int64]] = {}
    for batch in batches:
        scores, gold = ensemble_scores(batch, heads), sentences_of(batch, sentences)
        roots = [root_scores(sentence) for sentence in gold] if gold_roots else None
        found = decode_bulk(scores, decoder=arborescence, roots=roots)
        trees |= {int(index): tree for index, tree in zip(batch.indices, found)}
    return trees


def root_scores(sentence: Sentence) -> NDArray[np.float64]:
    """(words,) scores that leave the decoder no other root than the gold one: more than all arcs of a tree can have."""
    scores = np.zeros(len(sentence))
    scores[sentence.heads.index(-1)] = len(sentence)
    return scores
