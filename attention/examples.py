"""Sentences that show what a head tracks."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from treeprobe.attention.masks import between_words, sentences_of
from treeprobe.attention.relations import DIRECTIONS, most_attended
from treeprobe.extraction import AttentionBatch
from treeprobe.parsing import Sentence, labelled_edges

LENGTHS = range(5, 16)
"""Words in a sentence that reads well in a figure."""
LONGEST_WORD = 14
"""Characters in its longest word: web addresses would leave no room for the lines."""


@dataclass(frozen=True)
class HeadExample:
    """A head on a sentence; block and head from 0."""

    relation: str
    block: int
    head: int
    sentence: int
    """Its number among the sentences searched, from 0."""
    words: tuple[str, ...]
    attention: NDArray[np.float64]
    """(words, words) between words; rows are queries."""
    pairs: NDArray[np.int64]
    """(pairs, 2) query and key of the relation's edges."""


def example_sentences(sentences: Sequence[Sentence], *, most: int = 400) -> NDArray[np.int64]:
    """Indices of the first `most` sentences that read well in a figure; of the shortest where there are none."""
    fitting = [
        number
        for number, sentence in enumerate(sentences)
        if len(sentence) in LENGTHS and max(map(len, sentence.words)) <= LONGEST_WORD
    ]
    by_length = sorted(range(len(sentences)), key=lambda number: len(sentences[number]))
    return np.array((fitting or by_length)[:most], dtype=np.int64)


def best_head_sentences(
    batches: Iterable[AttentionBatch], sentences: Sequence[Sentence], best: pd.DataFrame
) -> list[HeadExample]:
    """For each row of a `best_heads` table, the sentence in which its head shows the relation's edges most clearly.

    An edge found scores its attention weight, an edge missed -1; of equal sentences the first is shown. Relations that
    no sentence has are left out.

    Args:
        batches: `stream_attention(encoder, words, level="words")` of the sentences' words.
        sentences: the sentences with their trees, numbered as in the stream.
        best: rows with relation, layer and head (from 1), direction.

    Returns:
        Examples in the order of the rows.

    Raises:
        ValueError: attention and sentences do not match.
    """
    rows = [
        (str(relation), int(layer) - 1, int(head) - 1, direction == DIRECTIONS[0])
        for relation, layer, head, direction in best[["relation", "layer", "head", "direction"]].to_numpy()
    ]
    found: dict[int, tuple[float, HeadExample]] = {}
    for batch in batches:
        between = between_words(batch)
        attended, between = most_attended(between).cpu(), between.cpu()
        for row, (index, sentence) in enumerate(zip(batch.indices, sentences_of(batch, sentences))):
            for place, (relation, block, head, to_head) in enumerate(rows):
                pairs = _relation_pairs(sentence, relation, to_head=to_head)
                if not len(pairs):
                    continue
                query, key = pairs.T
                hits = attended[block, row, head].numpy()[query] == key
                score = float(np.where(hits, between[block, row, head].numpy()[query, key], -1.0).sum())
                if place not in found or score > found[place][0]:
                    weights = between[block, row, head, : len(sentence), : len(sentence)].double().numpy().copy()
                    example = HeadExample(relation, block, head, int(index), sentence.words, weights, pairs)
                    found[place] = (score, example)
    return [found[place][1] for place in sorted(found)]


def _relation_pairs(sentence: Sentence, relation: str, *, to_head: bool) -> NDArray[np.int64]:
    """(pairs, 2) the words of each edge of a relation, the query first."""
    pairs = [
        (dependent, head) if to_head else (head, dependent)
        for dependent, head, name in labelled_edges(sentence)
        if name == relation
    ]
    return np.array(pairs, dtype=np.int64).reshape(-1, 2)
