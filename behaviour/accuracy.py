"""How often a model is right on minimal pairs, with intervals, by construction, distance and attractors."""

from collections.abc import Iterator, Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import binomtest

from treeprobe.behaviour.pairs import MinimalPair
from treeprobe.parsing.scores.breakdown import length_classes
from treeprobe.parsing.scores.intervals import Score, Tally, micro, score_all
from treeprobe.parsing.treebanks import document_numbers

DISTANCES = (1, 2, 3, 4, 6, 11)
"""Distances are binned; each number is the smallest of a bin."""

CHANCE = 0.5
_RIGHT = "_right"


def accuracy_table(table: pd.DataFrame, pairs: Sequence[MinimalPair]) -> pd.DataFrame:
    """Share of the pairs that are right, by source and category, of each comparison and of the frequency baseline.

    Intervals resample documents where ten or more are known, and sentences otherwise, so that pairs of one sentence
    stay together; where all pairs are right, or none, they are exact binomial intervals of as many documents or
    sentences.

    Args:
        table: what `score_pairs` returns of the pairs; those that it left out count nowhere.

    Returns:
        one row each with columns source, by (all, construction, attractors or distance), category, metric (sentence,
        target or frequency), value, low, high (the 95 % interval), n (pairs) and resampled. Sources and constructions
        come in the order of the pairs.
    """
    metrics = [name.removesuffix(_RIGHT) for name in table.columns if name.endswith(_RIGHT)]
    rows = []
    for source in table["source"].unique():
        here = ((table["source"] == source) & (table["left_out"] == "")).to_numpy()
        if not here.any():
            continue
        clusters, documents = pair_clusters([pair for pair, keep in zip(pairs, here) if keep])
        for by, category, chosen in _categories(table[here]):
            tallies = [_tally(metric, table[here], chosen, clusters, documents) for metric in metrics]
            for tally, score in zip(tallies, score_all(tallies)):
                if tally.n:
                    low, high = _interval(tally, score)
                    rows.append((source, by, category, score.metric, score.value, low, high, score.n, score.resampled))
    columns = ["source", "by", "category", "metric", "value", "low", "high", "n", "resampled"]
    return pd.DataFrame(rows, columns=columns)


def _interval(tally: Tally, score: Score) -> tuple[float, float]:
    """The score's interval; the exact one for binomials (Clopper & Pearson 1934) where all pairs are right, or none.

    All samples of such pairs are alike, so that resampling would find an interval without width, of three pairs too.
    """
    if score.value not in (0.0, 1.0):
        return score.low, score.high
    counted = tally.denominators > 0
    units = int(counted.sum())
    if score.resampled == "documents" and tally.documents is not None:
        units = len(np.unique(tally.documents[counted]))
    found = binomtest(units if score.value else 0, units).proportion_ci()
    return float(found.low), float(found.high)


def _categories(table: pd.DataFrame) -> Iterator[tuple[str, str, NDArray[np.bool_]]]:
    """Every category with the rows that are in it."""
    yield "all", "all", np.ones(len(table), bool)
    for construction in table["construction"].unique():
        yield "construction", str(construction), (table["construction"] == construction).to_numpy()
    counts = table["attractors"]
    for count in sorted(counts.dropna().unique()):
        yield "attractors", str(count), (counts == count).fillna(False).to_numpy(dtype=bool)
    bins = length_classes(table["distance"].astype(float), DISTANCES)
    for name in bins.cat.categories:
        chosen = (bins == name).to_numpy()
        if chosen.any():
            yield "distance", str(name), chosen


def pair_clusters(pairs: Sequence[MinimalPair]) -> tuple[NDArray[np.int64], NDArray[np.int64] | None]:
    """The sentence of each pair, (pairs,), and the document of each sentence, (sentences,), where it is known."""
    numbers: dict[object, int] = {}
    clusters = np.array([numbers.setdefault(pair.good, len(numbers)) for pair in pairs])
    firsts = [pairs[int(np.argmax(clusters == number))].sentence for number in range(len(numbers))]
    trees = [sentence for sentence in firsts if sentence is not None]
    return clusters, document_numbers(trees) if len(trees) == len(firsts) else None


def _tally(
    metric: str,
    table: pd.DataFrame,
    chosen: NDArray[np.bool_],
    clusters: NDArray[np.int64],
    documents: NDArray[np.int64] | None,
) -> Tally:
    """What a comparison counts in each sentence; pairs without the word that it compares do not count."""
    values = table[f"{metric}{_RIGHT}"].to_numpy(dtype=float)
    counted = chosen & ~np.isnan(values)
    size = int(clusters.max()) + 1
    hits = np.bincount(clusters[counted], weights=values[counted], minlength=size)
    return micro(metric, hits, np.bincount(clusters[counted], minlength=size), documents=documents)
