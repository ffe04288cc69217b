"""Sentences that show what a head tracks."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from treeprobe.attention.masks import between_words, sentences_of
from treeprobe.attention.relations import DIRECTIONS, most_attended
from treeprobe.extraction import AttentionBatch
from treeprobe.parsing import Sentence, universal_relation

LENGTHS = range(5, 16)
"""Words of a sentence that reads well in a figure."""
LONGEST_WORD = 14
"""Characters of its longest word: web addresses would leave no room for the lines."""


@dataclass(frozen=True)
class HeadExample:
    """A head on a sentence; block and head from 0."""

    relation: str
    block: int
    head: int
    sentence: int
    words: tuple[str, ...]
    attention: NDArray[np.float64]
    """(words, words) between words, rows query."""
    pairs: NDArray[np.int64]
    """(pairs, 2) query and key of the relation's edges."""


def example_sentences(sentences: Sequence[Sentence], *, most: int = 400) -> NDArray[np.int64]:
    """Numbers of the first `most` sentences that read well in a figure; of the shortest where there is none."""
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
    """For each row of a `best_heads` table the sentence where its head shows the relation's edges most clearly.

    A right edge counts its attention and a wrong one -1; the first of equals is shown. Relations that no sentence has
    are left out.
    """
    rows = [
        (str(relation), int(layer) - 1, int(head) - 1, direction == DIRECTIONS[0])
        for relation, layer, head, direction in best[["relation", "layer", "head", "direction"]].to_numpy()
    ]
    found: dict[int, tuple[float, HeadExample]] = {}
    for batch in batches:
        words = between_words(batch)
        attended = most_attended(words)
        for row, (index, sentence) in enumerate(zip(batch.indices, sentences_of(batch, sentences))):
            for place, (relation, block, head, to_head) in enumerate(rows):
                pairs = relation_pairs(sentence, relation, to_head=to_head)
                if not len(pairs):
                    continue
                right = attended[block, row, head].numpy()[pairs[:, 0]] == pairs[:, 1]
                seen = words[block, row, head].numpy()[pairs[:, 0], pairs[:, 1]]
                worth = float(np.where(right, seen, -1.0).sum())
                if place not in found or worth > found[place][0]:
                    weights = words[block, row, head, : len(sentence), : len(sentence)].double().numpy().copy()
                    shown = HeadExample(relation, block, head, int(index), sentence.words, weights, pairs)
                    found[place] = (worth, shown)
    return [found[place][1] for place in sorted(found)]


def relation_pairs(sentence: Sentence, relation: str, *, to_head: bool) -> NDArray[np.int64]:
    """(pairs, 2) the words of each edge of a relation, the attending word first."""
    pairs = [
        (dependent, head) if to_head else (head, dependent)
        for dependent, (head, name) in enumerate(zip(sentence.heads, sentence.relations))
        if head >= 0 and universal_relation(name) == relation
    ]
    return np.array(pairs, dtype=np.int64).reshape(-1, 2)
