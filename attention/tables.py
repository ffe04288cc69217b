"""Heads and relations as tidy tables, with layers and heads counted from 1."""

import numpy as np
import pandas as pd

from treeprobe.attention.baselines import OffsetBaseline
from treeprobe.attention.relations import DIRECTIONS, RelationCounts
from treeprobe.attention.significance import accuracy_intervals, adjusted_p_values, held_out_accuracy


def relation_table(counts: RelationCounts, baseline: OffsetBaseline) -> pd.DataFrame:
    """The accuracy of every head on every relation, in both directions, beside the fixed offset's.

    Returns:
        One row per head, relation and direction, with columns layer, head, relation, direction, n (edges), accuracy,
        low and high (95 % interval of this head alone), baseline (accuracy of the fixed offset) and offset (attended
        minus attending word). Relations without edges are left out.
    """
    relations, directions, layers, heads = counts.correct.shape[1:]
    relation, direction, layer, head = (place.ravel() for place in np.indices((relations, directions, layers, heads)))
    low, high = accuracy_intervals(counts)
    totals = counts.totals.sum(0)
    with np.errstate(invalid="ignore"):
        offset_accuracy = baseline.correct.sum(0) / totals
    table = pd.DataFrame(
        {
            "layer": layer + 1,
            "head": head + 1,
            "relation": np.array(counts.relations, dtype=object)[relation],
            "direction": np.array(DIRECTIONS, dtype=object)[direction],
            "n": totals[relation],
            "accuracy": counts.accuracy.ravel(),
            "low": low.ravel(),
            "high": high.ravel(),
            "baseline": offset_accuracy[relation],
            # From head to dependent, the offset has the opposite sign.
            "offset": np.where(direction == 0, 1, -1) * baseline.offsets[relation],
        }
    )
    return table[table["n"] > 0].reset_index(drop=True)


def best_heads(counts: RelationCounts, baseline: OffsetBaseline) -> pd.DataFrame:
    """The best head of every relation and direction, as in Table 1 of Clark et al. (2019).

    Returns:
        Rows of `relation_table`, frequent relations first, with further columns name ("3-9"), held_out (the accuracy
        when each half of the data chooses the head for the other half) and p (of "no better than the baseline",
        adjusted for all heads, directions and relations by `adjusted_p_values`; nan where edges are too few).
    """
    table = relation_table(counts, baseline)
    best = table.loc[table.groupby(["relation", "direction"], sort=False)["accuracy"].idxmax()].copy()
    best.insert(0, "name", best["layer"].astype(str) + "-" + best["head"].astype(str))
    relation = pd.Index(counts.relations).get_indexer(pd.Index(best["relation"]))
    direction = pd.Index(DIRECTIONS).get_indexer(pd.Index(best["direction"]))
    held_out = np.stack([held_out_accuracy(counts, number) for number in range(len(DIRECTIONS))])
    best["held_out"] = held_out[direction, relation]
    p = adjusted_p_values(counts, baseline)
    best["p"] = p[relation, direction, best["layer"].to_numpy() - 1, best["head"].to_numpy() - 1]
    return best.sort_values(["n", "relation"], ascending=[False, True], kind="stable").reset_index(drop=True)
