"""Recovered trees beside the gold ones: as sentences for CoNLL-U, and at every layer for the report's explorer."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from treeprobe.parsing import PunctuationRule, Sentence, Treebank, punctuation_masks
from treeprobe.parsing.decoding import complete_tree, minimum_spanning_edges

SAMPLE_LENGTHS = range(4, 41)
"""Lengths that are quick to read."""


def annotate_predictions(
    bank: Treebank,
    distances: Sequence[NDArray[Any]],
    depths: Sequence[NDArray[Any]],
    *,
    punctuation: PunctuationRule,
) -> list[Sentence]:
    """The sentences with recovered heads, the gold head and relation kept in MISC as GoldHead and GoldDeprel.

    Structural probes predict no relations, so a recovered edge is `root` at the root, `punct` at punctuation and `dep`
    elsewhere.

    Args:
        distances, depths: predictions of a distance and a depth probe, (words, words) and (words,) for each sentence.
    """
    return [
        _annotated(sentence, predicted, depth, left_out=mask)
        for sentence, predicted, depth, mask in zip(bank, distances, depths, punctuation_masks(bank, punctuation))
    ]


def _annotated(
    sentence: Sentence, distances: NDArray[Any], depths: NDArray[Any], *, left_out: NDArray[np.bool_]
) -> Sentence:
    heads = tuple(_heads_of(distances, depths, left_out))
    misc = tuple(
        "|".join([f"GoldDeprel={relation}", f"GoldHead={head + 1}", *([] if cell == "_" else [cell])])
        for relation, head, cell in zip(sentence.relations, sentence.heads, sentence.misc)
    )
    return replace(sentence, heads=heads, relations=recovered_relations(heads, left_out), misc=misc)


def recovered_relations(heads: Sequence[int], left_out: NDArray[np.bool_]) -> tuple[str, ...]:
    """The relations of a recovered tree, as far as a structural probe can tell: `root`, `punct`, and `dep`."""
    return tuple("root" if head < 0 else "punct" if mark else "dep" for head, mark in zip(heads, left_out.tolist()))


@dataclass(frozen=True)
class SampleTrees:
    """Sentences of a split with what a distance and a depth probe predict of them at every layer.

    `predictions` maps (kind of probe, layer) to one array for each of `sentences`.
    """

    treebank: str
    split: str
    sentences: Sequence[Sentence]
    rank: int
    predictions: Mapping[tuple[str, int], Sequence[NDArray[Any]]]

    def write(self, path: Path, *, punctuation: PunctuationRule) -> None:
        """Write gold trees and recovered heads as JSON."""
        masks = punctuation_masks(self.sentences, punctuation)
        layers = sorted({layer for _, layer in self.predictions})
        record = {
            "treebank": self.treebank,
            "split": self.split,
            "rank": self.rank,
            "sentences": [_gold_tree(sentence, mask) for sentence, mask in zip(self.sentences, masks)],
            "layers": layers,
            "recovered": [
                [
                    _heads_of(distances, depths, mask)
                    for distances, depths, mask in zip(
                        self.predictions["distance", layer], self.predictions["depth", layer], masks
                    )
                ]
                for layer in layers
            ],
        }
        path.write_text(json.dumps(record, ensure_ascii=False), encoding="utf-8")


def sample_numbers(bank: Treebank, count: int) -> list[int]:
    """Up to `count` sentences of readable length, spread evenly over the treebank; the same for every checkpoint."""
    readable = [number for number, sentence in enumerate(bank) if len(sentence) in SAMPLE_LENGTHS]
    readable = readable or [number for number, sentence in enumerate(bank) if len(sentence) > 1]
    places = np.linspace(0, len(readable) - 1, min(count, len(readable))).round().astype(int)
    return [readable[place] for place in dict.fromkeys(places.tolist())]


def _gold_tree(sentence: Sentence, left_out: NDArray[np.bool_]) -> dict[str, Any]:
    """A sentence with its gold tree, and the edges that UUAS counts: those of the tree without punctuation."""
    words = np.flatnonzero(~left_out)
    edges = words[minimum_spanning_edges(sentence.distances[np.ix_(words, words)])]
    return {
        "identifier": sentence.identifier,
        "words": list(sentence.words),
        "heads": list(sentence.heads),
        "relations": list(sentence.relations),
        "scored": (~left_out).tolist(),
        "edges": [[int(a), int(b)] for a, b in edges],
    }


def _heads_of(distances: NDArray[Any], depths: NDArray[Any], left_out: NDArray[np.bool_]) -> list[int]:
    """The heads of the complete tree that the predictions make."""
    return [int(head) for head in complete_tree(distances, depths, left_out=left_out)]
