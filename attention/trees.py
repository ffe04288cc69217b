"""Trees from attention: of each head alone, and of the heads that are best at single relations."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray

from attention.masks import between_words, sentences_of
from attention.relations import DIRECTIONS, GROUPS, Direction
from extraction import AttentionBatch
from parsing import Sentence, Tally, punctuation_mask
from parsing.decoding import arborescence, decode_bulk
from parsing.decoding.spanning import edges_of_heads, prim
from parsing.punctuation import PunctuationRule


@dataclass(frozen=True)
class ChosenHead:
    """A head, layer and head from 0, and which end of an edge it looks from."""

    layer: int
    head: int
    direction: Direction

    def __str__(self) -> str:
        return f"{self.layer + 1}-{self.head + 1} {self.direction}"


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
    """UUAS of the spanning tree of every head, `tallies[layer][head]`, counted by group of sentences.

    The tree is the maximum spanning tree of the greater of a pair's two weights, punctuation left out of both trees.
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
    by_layer = correct.transpose(1, 2, 0)
    return [[Tally("uuas", head, edges, strata) for head in layer] for layer in by_layer]


def edge_numbers(edges: NDArray[np.int64]) -> NDArray[np.int64]:
    """One number an edge, (trees, edges), of the edges of trees over the same words, (trees, edges, 2)."""
    return edges[..., 0] * (edges.shape[1] + 1) + edges[..., 1]


def ensemble_scores(
    batches: Iterable[AttentionBatch], heads: Sequence[ChosenHead]
) -> Iterator[tuple[int, NDArray[np.float64]]]:
    """Each sentence's number and its scores of arcs, (words, words), row the head: the mean over the chosen heads.

    A head that looks from dependents gives its transposed attention (Limisiewicz et al. 2020, section 4).

    Raises:
        ValueError: no heads are chosen.
    """
    if not heads:
        raise ValueError("no heads were chosen; expected at least one (no head beats its baseline?)")
    for batch in batches:
        words = between_words(batch)
        total = torch.zeros_like(words[0, :, 0])
        for one in heads:
            attention = words[one.layer, :, one.head]
            total += attention.transpose(-1, -2) if one.direction == DIRECTIONS[0] else attention
        for index, length, scores in zip(batch.indices, batch.lengths, total.double().numpy() / len(heads)):
            yield int(index), scores[:length, :length]


def ensemble_trees(
    batches: Iterable[AttentionBatch],
    sentences: Sequence[Sentence],
    heads: Sequence[ChosenHead],
    *,
    gold_roots: bool = False,
) -> dict[int, NDArray[np.int64]]:
    """Directed trees of the chosen heads together: sentence number -> heads of its words, the root's -1.

    The tree is the maximum arborescence of the mean scores. `gold_roots` gives the decoder the root, as in Ravishankar
    et al. (2021, section 3.2); without it the word that gains most as root is the root.
    """
    scored = dict(ensemble_scores(batches, heads))
    roots = [np.eye(len(matrix))[sentences[index].heads.index(-1)] * len(matrix) for index, matrix in scored.items()]
    trees = decode_bulk(list(scored.values()), decoder=arborescence, roots=roots if gold_roots else None)
    return dict(zip(scored, trees))
