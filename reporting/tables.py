"""Tables for people, from the tidy ones: the headline of a run, and the best head of each relation."""

from collections.abc import Collection

import numpy as np
import pandas as pd

from treeprobe.reporting.style.names import metric_name

BASELINES = ("chain", "random tree", "random weights", "decay", "random projection", "control")
MERGED = {"value": "mean", "low": "min", "high": "max", "n": "max"}
HEAD_COLUMNS = ("layer", "head", "relation", "direction", "n", "accuracy", "baseline", "offset")


def merge_seeds(scores: pd.DataFrame) -> pd.DataFrame:
    """Rows of the score table that differ in nothing but their seed as one: the mean value, within the widest interval.

    The interval reaches from the lowest end of theirs to the highest: it says what other sentences and other seeds may
    bring. `treeprobe.probes.over_seeds` says how uncertain the mean of the seeds is. The rows need not have the column
    `seed`.
    """
    keys = [column for column in scores if column not in (*MERGED, "seed")]
    merged = {column: how for column, how in MERGED.items() if column in scores}
    return scores.groupby(keys, dropna=False, sort=False, as_index=False).agg(merged)


def headline_table(scores: pd.DataFrame, *, baselines: Collection[str] = BASELINES) -> pd.DataFrame:
    """The best layer of each probe and metric with its interval, and every baseline at its best.

    Takes the score table; gives one row for each checkpoint, treebank, split, metric, probe and rank, with the columns
    layer, value, low, high, n and `baseline` (bool). Several seeds count by their mean value, within the widest of
    their intervals. Choosing the best of many layers favours them a little: choose on dev, report on test.
    """
    identity = ["checkpoint", "treebank", "split", "metric", "probe", "rank"]
    merged = merge_seeds(scores[[*identity, "layer", "value", "low", "high", "n"]])
    ordered = merged.sort_values("value", ascending=False, kind="stable")
    best = ordered.groupby(identity, dropna=False, sort=False).head(1).sort_index()
    best = best.assign(baseline=best["probe"].isin(list(baselines)))
    return best.sort_values(["checkpoint", "treebank", "split", "metric", "baseline"], kind="stable", ignore_index=True)


def headline_text(table: pd.DataFrame) -> pd.DataFrame:
    """The headline as words for a terminal or a page: one row a probe, one column a metric, "0.736 [0.728, 0.744]"."""
    cells = table.assign(
        cell=[
            interval_text(*row) for row in zip(table["value"], table["low"], table["high"], table["layer"], strict=True)
        ],
        metric=[metric_name(metric) for metric in table["metric"]],
        rank=table["rank"].astype("Int64").astype("string").fillna(""),
    )
    index = [name for name in ("checkpoint", "treebank", "split", "probe", "rank") if name in cells]
    return cells.pivot(index=index, columns="metric", values="cell").fillna("").reset_index().rename_axis(columns=None)


def best_heads(relations: pd.DataFrame) -> pd.DataFrame:
    """The head that tracks each relation best, in the layout of Clark et al. (2019), Table 1.

    `relations` has one row for each layer, head, relation and direction (layer and head from 1): n, accuracy, and the
    accuracy of the best fixed offset, `baseline` at `offset`. Gives relation, head ("3-9"), direction,
    accuracy, baseline, offset, and n, most frequent first. Raises ValueError when a column is missing.
    """
    if absent := set(HEAD_COLUMNS) - set(relations.columns):
        raise ValueError(f"expected columns {list(HEAD_COLUMNS)}; {sorted(absent)} not among {list(relations.columns)}")
    ordered = relations.sort_values("accuracy", ascending=False, kind="stable")
    best = ordered.groupby("relation", sort=False).head(1).sort_values("n", ascending=False, kind="stable")
    names = [f"{int(layer)}-{int(head)}" for layer, head in zip(best["layer"], best["head"], strict=True)]
    columns = ["relation", "head", "direction", "accuracy", "baseline", "offset", "n"]
    return best.assign(head=names)[columns].reset_index(drop=True)


def interval_text(value: float, low: float, high: float, layer: int | None = None) -> str:
    """A score with its interval, and its layer when it has one: "0.736 [0.728, 0.744] (layer 3)"."""
    if np.isnan(value):
        return "–"
    place = "" if layer is None or pd.isna(layer) else f" (layer {int(layer)})"
    return f"{value:.3f} [{low:.3f}, {high:.3f}]{place}"
