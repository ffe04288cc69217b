"""Do a word and its translation have like states? Word retrieval, where sentences are parallel word by word."""

from collections.abc import Sequence
from itertools import permutations
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from treeprobe.parsing import Treebank
from treeprobe.parsing.treebanks import Split
from treeprobe.pipeline.languages.spaces import Languages
from treeprobe.probes.states import States, evenly_spaced

MOST_WORDS = 1000
"""Words that are looked for at most, and among which."""


def parallel(banks: Sequence[Treebank]) -> bool:
    """Whether every sentence has the same tree in each, and so as many words: a text and its translation by words."""
    first, *others = ([sentence.heads for sentence in bank] for bank in banks)
    return all(heads == first for heads in others)


def retrieval_table(languages: Languages, split: Split) -> pd.DataFrame:
    """By layer and direction, how many words find their translation as the nearest of all words by cosine.

    One word of each form in the source language, at most `MOST_WORDS`, the first that has it; those forms' translations
    at the same places are what is searched, so that chance is 1 / words. In `centred`, the mean of each language's
    vectors is taken off first: what it gains was a shift of one language against the other (Libovický et al. 2020).

    Columns: probe, source, target, layer, words, accuracy, centred, chance. No rows where the split is not parallel.
    """
    rows: list[dict[str, Any]] = []
    read = {name: languages.some(split, (name,)) for name in languages.names}
    if parallel([bank for _, bank in read.values()]):
        for source, target in permutations(languages.names, 2):
            places = first_places(read[source][1], read[target][1])
            for layer in read[source][0].layers:
                ours, theirs = (_at(read[name][0], places, layer) for name in (source, target))
                row = {"probe": languages.probe, "source": source, "target": target, "layer": layer}
                row |= {"words": len(places), "accuracy": retrieved(ours, theirs)}
                row |= {"centred": retrieved(ours - ours.mean(axis=0), theirs - theirs.mean(axis=0))}
                rows.append(row | {"chance": 1 / len(places)})
    names = ["probe", "source", "target", "layer", "words", "accuracy", "centred", "chance"]
    return pd.DataFrame(rows, columns=names)


def retrieved(source: NDArray[Any], target: NDArray[Any]) -> float:
    """Share of the rows of `source` whose nearest row of `target` by cosine is the one of the same number.

    Where several are equally near, the row's own counts by its share among them.
    """
    ours, theirs = (rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-12) for rows in (source, target))
    cosines = ours @ theirs.T
    nearest = cosines >= cosines.max(axis=1, keepdims=True) - 1e-6
    return float((np.diag(nearest) / nearest.sum(axis=1)).mean())


def first_places(source: Treebank, target: Treebank) -> list[tuple[int, int]]:
    """Sentence and word where each form of the source and each of the target that translates it stands first."""
    seen: tuple[set[str], set[str]] = set(), set()
    places = []
    for number, (ours, theirs) in enumerate(zip(source, target, strict=True)):
        for word, forms in enumerate(zip(ours.words, theirs.words, strict=True)):
            if all(form.lower() not in known for form, known in zip(forms, seen, strict=True)):
                places.append((number, word))
                for form, known in zip(forms, seen, strict=True):
                    known.add(form.lower())
    return [places[row] for row in evenly_spaced(len(places), most=min(len(places), MOST_WORDS))]


def _at(states: States, places: Sequence[tuple[int, int]], layer: int) -> NDArray[Any]:
    """The vectors of some words, (words, dim)."""
    return np.stack([states.read([sentence], [layer])[0][word] for sentence, word in places])
