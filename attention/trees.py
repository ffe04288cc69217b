"""Trees from attention: of each head alone, and of an ensemble of heads that track relations."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray

from treeprobe.attention.masks import between_words, sentences_of
from treeprobe.attention.relations import DIRECTIONS, GROUPS, Direction
from treeprobe.extraction import AttentionBatch
from treeprobe.parsing import PunctuationRule, Sentence, Tally, punctuation_masks
from treeprobe.parsing.decoding import arborescence, decode_bulk
from treeprobe.parsing.decoding.spanning import edges_of_heads, prim


@dataclass(frozen=True)
class ChosenHead:
    """A head, (block, head) from 0, and the direction in which it attends along edges."""

    block: int
    head: int
    direction: Direction

    def __str__(self) -> str:
        return f"{self.block + 1}-{self.head + 1} {self.direction}"


def chosen_heads(
    best: pd.DataFrame, *, relations: Sequence[str] | None = None, level: float = 0.05
) -> list[ChosenHead]:
    """The heads of a `best_heads` table that beat the fixed offset, each once, in the table's order.

    Args:
        best: the table.
        relations: those whose best heads are taken; all of them where None.
        level: significance level; heads with p below it are taken.
    """
    rows = best[(best["p"] < level) & (best["relation"].isin(best["relation"] if relations is None else relations))]
    return list(
        dict.fromkeys(
            ChosenHead(int(layer) - 1, int(head) - 1, direction)
            for layer, head, direction in zip(rows["layer"], rows["head"], rows["direction"])
        )
    )


def head_tree_tallies(
    batches: Iterable[AttentionBatch], sentences: Sequence[Sentence], *, punctuation: PunctuationRule = "auto"
) -> list[list[Tally]]:
    """UUAS of every head's maximum spanning tree.

    A pair of words is weighted by the greater of its two attention weights; punctuation is left out of both trees.

    Args:
        batches: `stream_attention(encoder, words, level="words")` of the sentences' words.
        sentences: the sentences with their trees, numbered as in the stream.
        punctuation: which words are punctuation.

    Returns:
        `tallies[block][head]`, counted by group of sentences.

    Raises:
        ValueError: there are no batches, or attention and sentences do not match.
    """
    correct: NDArray[np.float64] | None = None
    edges = np.zeros(GROUPS)
    masks = punctuation_masks(sentences, punctuation)
    for batch in batches:
        between = between_words(batch)
        both = torch.maximum(between, between.transpose(-1, -2)).cpu().numpy()
        layers, _, heads = both.shape[:3]
        correct = np.zeros((GROUPS, layers, heads)) if correct is None else correct
        for row, (index, sentence) in enumerate(zip(batch.indices, sentences_of(batch, sentences))):
            kept = np.flatnonzero(~masks[int(index)])
            if len(kept) < 2:
                continue
            gold = _edge_numbers(edges_of_heads(prim(sentence.distances[None, kept[:, None], kept])))
            weights = both[:, row][..., kept[:, None], kept].reshape(layers * heads, len(kept), len(kept))
            found = _edge_numbers(edges_of_heads(prim(1.0 - weights)))
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
        tallies: as `head_tree_tallies` returns them.

    Returns:
        The tally, and two heads, (block, head) from 0: the first was chosen on the odd groups and scored on the even
        ones, the second vice versa.
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


def ensemble_trees(
    batches: Iterable[AttentionBatch],
    sentences: Sequence[Sentence],
    heads: Sequence[ChosenHead],
    *,
    gold_roots: bool = False,
) -> dict[int, NDArray[np.int64]]:
    """Directed trees of several heads together: the maximum arborescence of their mean attention.

    Args:
        batches: `stream_attention(encoder, words, level="words")` of the sentences' words.
        sentences: the sentences with their trees, numbered as in the stream.
        heads: the heads, with the direction of each.
        gold_roots: give the decoder the gold root (Ravishankar et al. 2021); otherwise it chooses the root that makes
            the best tree.

    Returns:
        Sentence number -> heads of its words, (words,), the root's -1.

    Raises:
        ValueError: no heads are given, or attention and sentences do not match.
    """
    if not heads:
        raise ValueError("no heads were chosen; expected at least one (no head beats its baseline?)")
    trees: dict[int, NDArray[np.int64]] = {}
    for batch in batches:
        scores, gold = _ensemble_scores(batch, heads), sentences_of(batch, sentences)
        roots = [_gold_root_scores(sentence) for sentence in gold] if gold_roots else None
        found = decode_bulk(scores, decoder=arborescence, roots=roots)
        trees |= {int(index): tree for index, tree in zip(batch.indices, found)}
    return trees


def _edge_numbers(edges: NDArray[np.int64]) -> NDArray[np.int64]:
    """A number for each edge, (trees, edges), of the edges of trees over the same words, (trees, edges, 2)."""
    return edges[..., 0] * (edges.shape[1] + 1) + edges[..., 1]


def _ensemble_scores(batch: AttentionBatch, heads: Sequence[ChosenHead]) -> list[NDArray[np.float64]]:
    """Arc scores of each sentence, (words, words), rows are heads: the mean over the chosen attention heads.

    Attention from dependents to heads is transposed (Limisiewicz et al. 2020, sections 4 and 5).
    """
    between = between_words(batch)
    total = torch.zeros_like(between[0, :, 0])
    for chosen in heads:
        attention = between[chosen.block, :, chosen.head]
        total += attention.transpose(-1, -2) if chosen.direction == DIRECTIONS[0] else attention
    means = total.cpu().double().numpy() / len(heads)
    return [scores[:length, :length] for scores, length in zip(means, batch.lengths)]


def _gold_root_scores(sentence: Sentence) -> NDArray[np.float64]:
    """(words,) root scores that leave the decoder no root but the gold one: it exceeds all arcs of any tree."""
    scores = np.zeros(len(sentence))
    scores[sentence.heads.index(-1)] = len(sentence)
    return scores
