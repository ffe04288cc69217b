"""Tables for readers from the tidy ones: seeds merged, the headline scores of a run, the best head of each relation."""

from collections.abc import Collection

import numpy as np
import pandas as pd

from treeprobe.reporting.style.names import head_name, metric_name

BASELINES = ("chain", "random tree", "random weights", "decay", "random projection", "control")
"""What the column `probe` of the score table calls the baselines."""

_MERGED = {"value": "mean", "low": "min", "high": "max", "n": "max"}
_HEAD_COLUMNS = ("layer", "head", "relation", "direction", "n", "accuracy", "baseline", "offset")


def merge_seeds(scores: pd.DataFrame) -> pd.DataFrame:
    """Merge rows of the score table that differ only in their seed.

    The merged value is the mean; its interval extends from the lowest to the highest end of theirs, so it covers the
    variation over both sentences and seeds. `treeprobe.probes.over_seeds` estimates the uncertainty of the mean alone.

    Args:
        scores: The score table, with or without a column `seed`.

    Returns:
        The table without the column `seed`.
    """
    keys = [column for column in scores if column not in (*_MERGED, "seed")]
    merged = {column: how for column, how in _MERGED.items() if column in scores}
    return scores.groupby(keys, dropna=False, sort=False, as_index=False).agg(merged)


def headline_table(scores: pd.DataFrame, *, baselines: Collection[str] = BASELINES) -> pd.DataFrame:
    """The best layer of each probe and baseline by each metric, seeds merged.

    The maximum over many layers is slightly optimistic: choose the layer on dev, report it on test.

    Args:
        scores: The score table.
        baselines: Probes that are marked as baselines and come last.

    Returns:
        One row for each checkpoint, treebank, split, metric, probe and rank, with layer, value, low, high, n and
        `baseline` (bool).
    """
    identity = ["checkpoint", "treebank", "split", "metric", "probe", "rank"]
    merged = merge_seeds(scores[[*identity, "layer", "value", "low", "high", "n"]])
    ordered = merged.sort_values("value", ascending=False, kind="stable")
    best = ordered.groupby(identity, dropna=False, sort=False).head(1).sort_index()
    best = best.assign(baseline=best["probe"].isin(list(baselines)))
    return best.sort_values(["checkpoint", "treebank", "split", "metric", "baseline"], kind="stable", ignore_index=True)


def headline_text(table: pd.DataFrame) -> pd.DataFrame:
    """A headline table formatted for a terminal or a page.

    Args:
        table: As `headline_table` returns it.

    Returns:
        One row for each probe, one column for each metric, with cells such as "0.736 [0.728, 0.744] (layer 7)".
    """
    columns = (table[name] for name in ("value", "low", "high", "layer"))
    cells = table.assign(
        cell=[_score_text(*row) for row in zip(*columns, strict=True)],
        metric=[metric_name(metric) for metric in table["metric"]],
        rank=table["rank"].astype("Int64").astype("string").fillna(""),
    )
    index = [name for name in ("checkpoint", "treebank", "split", "probe", "rank") if name in cells]
    return cells.pivot(index=index, columns="metric", values="cell").fillna("").reset_index().rename_axis(columns=None)


def best_heads(relations: pd.DataFrame) -> pd.DataFrame:
    """The most accurate head for each relation, in the layout of Clark et al. (2019), Table 1.

    Args:
        relations: One row for each layer, head (both from 1), relation and direction, with n, accuracy, and the
            accuracy of the best fixed offset, `baseline`, at `offset`.

    Returns:
        Relation, head ("3-9"), direction, accuracy, baseline, offset and n, most frequent relation first.

    Raises:
        ValueError: A column is missing.
    """
    if absent := set(_HEAD_COLUMNS) - set(relations.columns):
        raise ValueError(f"expected columns {list(_HEAD_COLUMNS)}; {sorted(absent)} not in {list(relations.columns)}")
    ordered = relations.sort_values("accuracy", ascending=False, kind="stable")
    best = ordered.groupby("relation", sort=False).head(1).sort_values("n", ascending=False, kind="stable")
    names = [head_name(int(layer) - 1, int(head) - 1) for layer, head in zip(best["layer"], best["head"], strict=True)]
    columns = ["relation", "head", "direction", "accuracy", "baseline", "offset", "n"]
    return best.assign(head=names)[columns].reset_index(drop=True)


def _score_text(value: float, low: float, high: float, layer: int | None) -> str:
    """A score with its interval and, where it has one, its layer."""
    if np.isnan(value):
        return "–"
    place = "" if layer is None or pd.isna(layer) else f" (layer {int(layer)})"
    return f"{value:.3f} [{low:.3f}, {high:.3f}]{place}"
