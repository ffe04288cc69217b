"""Item by item: whether the recovered tree has what a minimal pair turns on, and whether the model chose right."""

from collections.abc import Mapping, Sequence
from itertools import pairwise

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from treeprobe.behaviour.accuracy import pair_clusters
from treeprobe.behaviour.association import Items, associations
from treeprobe.behaviour.frequency import WordFrequencies
from treeprobe.behaviour.pairs import MinimalPair

Path = tuple[tuple[int, int], ...]
"""Edges between words, counted from 0, from the target to the controller."""

COLUMNS = ["source", "layer", "measure", "value", "low", "high", "n", "resampled"]


def critical_path(pair: MinimalPair) -> Path:
    """The edges of the good sentence's gold tree that lead from the target to the controller.

    It is one edge where the controller is the target's dependent or head, and two for a copula or an auxiliary, which
    UD hangs from the predicate as it does the subject. Of a sentence without a gold tree it is the edge between the
    two; empty where the target or the controller is not known.
    """
    if pair.controller is None or not pair.targets:
        return ()
    target = min(pair.targets)
    if pair.sentence is None:
        return ((target, pair.controller),)
    up, down = (_to_root(word, pair.sentence.heads) for word in (target, pair.controller))
    shared = len(set(up) & set(down))
    words = up[: len(up) - shared + 1] + down[: len(down) - shared][::-1]
    return tuple(pairwise(words))


def has_path(heads: NDArray[np.int64], path: Path) -> bool:
    """Whether a tree has every edge of a path, in either direction; of an empty path, it has not."""
    return bool(path) and all(heads[a] == b or heads[b] == a for a, b in path)


def covariates_of(
    table: pd.DataFrame, pairs: Sequence[MinimalPair], *, frequencies: WordFrequencies | None = None
) -> pd.DataFrame:
    """What may explain both whether a pair is easy and whether its edge is found, a row a pair.

    Columns: length (log of the sentence's words), distance (in words, and its log), path (edges of the critical path),
    attractors (0 where they are unknown, which another column says), and, where frequencies are known, the log
    frequency of the right target and by how many nats it is more frequent than the wrong one.

    Args:
        table: what `score_pairs` returns of the pairs.
        frequencies: of words in the training text.
    """
    distance = table["distance"].astype(float).fillna(1.0)
    found = pd.DataFrame(
        {
            "length": np.log(table["words"].astype(float)),
            "distance": distance,
            "log_distance": np.log(distance.clip(lower=1.0)),
            "path": [float(len(critical_path(pair))) for pair in pairs],
            "attractors": table["attractors"].astype(float).fillna(0.0),
            "attractors_unknown": table["attractors"].isna().astype(float),
        },
        index=table.index,
    )
    if frequencies is not None:
        found["log_frequency"] = [frequencies.log_probability(pair.good[one] for one in pair.targets) for pair in pairs]
        found["frequency_gain"] = [frequencies.preference(pair) for pair in pairs]
    return found


def association_table(
    table: pd.DataFrame,
    pairs: Sequence[MinimalPair],
    linked: Mapping[int, NDArray[np.float64]],
    *,
    covariates: pd.DataFrame,
    metric: str = "sentence",
) -> pd.DataFrame:
    """The association of what was found with what was chosen, by source of pairs and by layer.

    Args:
        table: what `score_pairs` returns of the pairs.
        linked: of each layer, how much of each pair's critical path its trees have, (pairs,), from 0 to 1, or nan for
            pairs that are not looked at.
        covariates: see `covariates_of`.
        metric: which comparison says whether the model is right.

    Returns:
        one row each with columns source, layer, measure (see `association.associations`), value, low, high (the 95 %
        interval), n (pairs) and resampled.
    """
    rows = []
    right = table[f"{metric}_right"].to_numpy(dtype=float)
    for source in table["source"].unique():
        here = (table["source"] == source).to_numpy() & ~np.isnan(right)
        for layer, found in linked.items():
            chosen = here & ~np.isnan(found)
            if not chosen.any():
                continue
            sentences, documents = pair_clusters([pair for pair, keep in zip(pairs, chosen) if keep])
            columns = {str(name): covariates[name].to_numpy(dtype=float)[chosen] for name in covariates}
            items = Items(found[chosen], right[chosen], columns, sentences, documents)
            unit = items.clusters[1]
            for name, one in associations(items).items():
                rows.append((source, layer, name, one.value, one.low, one.high, one.n, unit))
    return pd.DataFrame(rows, columns=COLUMNS)


def _to_root(word: int, heads: Sequence[int]) -> list[int]:
    """A word, its head, and so on to the root."""
    found = [word]
    while heads[found[-1]] >= 0:
        found.append(heads[found[-1]])
    return found
