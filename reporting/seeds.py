"""Probes that differ in nothing but their seed, told as one."""

import pandas as pd

MERGED = {"value": "mean", "low": "min", "high": "max", "n": "max"}


def merge_seeds(scores: pd.DataFrame) -> pd.DataFrame:
    """Rows of the score table that differ in nothing but their seed as one: the mean value, within the widest interval.

    The interval reaches from the lowest end of theirs to the highest: it says what other sentences and other seeds may
    bring. `treeprobe.probes.over_seeds` says how uncertain the mean of the seeds is. The rows need not have the column
    `seed`.
    """
    keys = [column for column in scores if column not in (*MERGED, "seed")]
    merged = {column: how for column, how in MERGED.items() if column in scores}
    return scores.groupby(keys, dropna=False, sort=False, as_index=False).agg(merged)
