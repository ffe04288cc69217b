"""Heads and relations as tidy tables; layers and heads are counted from 1, as papers write them."""

import numpy as np
import pandas as pd

from treeprobe.attention.baselines import OffsetBaseline
from treeprobe.attention.relations import DIRECTIONS, RelationCounts
from treeprobe.attention.significance import accuracy_intervals, held_out_best, search_p_values


def relation_table(counts: RelationCounts, baseline: OffsetBaseline) -> pd.DataFrame:
    """One row a head, relation and direction.

    Columns: layer, head, relation, direction, n (edges), accuracy, low, high (95 %, of this head alone), baseline
    (share of the best fixed offset), offset (attended minus attending word).
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
            # The baseline of the other direction looks the other way.
            "offset": np.where(direction == 0, 1, -1) * baseline.offsets[relation],
        }
    )
    return table[table["n"] > 0].reset_index(drop=True)


def best_heads(counts: RelationCounts, baseline: OffsetBaseline) -> pd.DataFrame:
    """The best head of every relation and direction, laid out as Table 1 of Clark et al. (2019), frequent ones first.

    Beside the columns of `relation_table` stand name ("3-9"), held_out (the accuracy when each half of the data chooses
    the head for the other half) and p (no better than the baseline, corrected for all heads, directions and relations,
    by `search_p_values`; empty where edges are too few).
    """
    table = relation_table(counts, baseline)
    best = table.loc[table.groupby(["relation", "direction"], sort=False)["accuracy"].idxmax()].copy()
    best.insert(0, "name", best["layer"].astype(str) + "-" + best["head"].astype(str))
    relation = pd.Index(counts.relations).get_indexer(pd.Index(best["relation"]))
    direction = pd.Index(DIRECTIONS).get_indexer(pd.Index(best["direction"]))
    held_out = np.stack([held_out_best(counts, number) for number in range(len(DIRECTIONS))])
    best["held_out"] = held_out[direction, relation]
    p = search_p_values(counts, baseline)
    best["p"] = p[relation, direction, best["layer"].to_numpy() - 1, best["head"].to_numpy() - 1]
    return best.sort_values(["n", "relation"], ascending=[False, True], kind="stable").reset_index(drop=True)
