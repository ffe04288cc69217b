"""Recovered trees beside the gold ones, as sentences that CoNLL-U can hold."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from treeprobe.parsing import PunctuationRule, Sentence, Treebank, punctuation_mask
from treeprobe.parsing.decoding import complete_tree


def annotate_predictions(
    bank: Treebank,
    distances: Sequence[NDArray[Any]],
    depths: Sequence[NDArray[Any]],
    *,
    punctuation: PunctuationRule,
) -> list[Sentence]:
    """The sentences with recovered heads, the gold head and relation kept in MISC as GoldHead and GoldDeprel.

    A probe names no relations, so a recovered edge is `root` at the root, `punct` at punctuation and `dep` elsewhere.
    """
    return [
        annotate(sentence, predicted, depth, left_out=punctuation_mask(sentence, punctuation))
        for sentence, predicted, depth in zip(bank, distances, depths)
    ]


def annotate(
    sentence: Sentence, distances: NDArray[Any], depths: NDArray[Any], *, left_out: NDArray[np.bool_]
) -> Sentence:
    """One sentence with its recovered tree in place of the gold one."""
    heads = tuple(int(head) for head in complete_tree(distances, depths, left_out=left_out))
    misc = tuple(
        "|".join([f"GoldDeprel={relation}", f"GoldHead={head + 1}", *([] if cell == "_" else [cell])])
        for relation, head, cell in zip(sentence.relations, sentence.heads, sentence.misc)
    )
    return replace(sentence, heads=heads, relations=recovered_relations(heads, left_out), misc=misc)


def recovered_relations(heads: Sequence[int], left_out: NDArray[np.bool_]) -> tuple[str, ...]:
    """The relations of a recovered tree, as far as a probe knows them: `root`, `punct` for marks, `dep`."""
    return tuple("root" if head < 0 else "punct" if mark else "dep" for head, mark in zip(heads, left_out.tolist()))
