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


def layer_means(rows: pd.DataFrame, *, split: str = "dev") -> "pd.Series[float]":
    """The score of each layer's probes of the largest rank on a split, seeds averaged; layers without a score left out.

    Args:
        rows: As `best_layer` takes them.
        split: The split that is scored.

    Returns:
        Scores, indexed by layer in ascending order.
    """
    own = rows[(rows["split"] == split) & rows["layer"].notna()]
    return own[own["rank"].isna() | (own["rank"] == own["rank"].max())].groupby("layer")["value"].mean().dropna()


def best_layer(rows: pd.DataFrame) -> int | None:
    """The layer whose probes of the largest rank score highest on dev, seeds averaged; the lower layer on a tie.

    The one rule by which tables, figures, reports and comparisons choose a layer.

    Args:
        rows: Rows of the score table: one metric of one kind of probe, trained once for each layer, rank and seed.

    Returns:
        The layer, or None where no layer has a score on dev.
    """
    means = layer_means(rows)
    return None if means.empty else int(means.index[int(means.to_numpy().argmax())])


def headline_table(scores: pd.DataFrame, *, baselines: Collection[str] = BASELINES) -> pd.DataFrame:
    """Each probe and baseline at the layer that is best for it on dev (`best_layer`), by each metric, seeds merged.

    The score of a layer on the sentences that chose it is slightly optimistic; on test it is not. Rows of the training
    split, such as code lengths, are left out, and so is what has no score on dev at any layer.

    Args:
        scores: The score table; with a column `trained_on`, probes of different treebanks are kept apart.
        baselines: Probes that are marked as baselines and come last.

    Returns:
        One row for each checkpoint, treebank, split, metric, probe and rank, with layer, value, low, high, n and
        `baseline` (bool); with `trained_on` where the table has it.

    Raises:
        ValueError: A probe has scores by layer but none on dev, so that no layer can be chosen.
    """
    probe = ["checkpoint", *(["trained_on"] if "trained_on" in scores else []), "metric", "probe", "rank"]
    columns = [*probe, "treebank", "split", "layer", "value", "low", "high", "n"]
    reported = scores[scores["split"] != "train"]
    merged = merge_seeds(reported[[*columns, *(["seed"] if "seed" in scores else [])]])[columns]
    chosen = [_at_best_layer(rows) for _, rows in merged.groupby(probe, dropna=False, sort=False)]
    best = pd.concat([merged.iloc[:0], *chosen]).sort_index()
    best = best.assign(baseline=best["probe"].isin(list(baselines)))
    order = [*probe[:-3], "treebank", "split", "metric"]
    best = best[[*order, "probe", "rank", "layer", "value", "low", "high", "n", "baseline"]]
    return best.sort_values([*order, "baseline"], kind="stable", ignore_index=True)


def _at_best_layer(rows: pd.DataFrame) -> pd.DataFrame:
    """The rows of one probe and metric, at the layer that is best on dev; all of them where they have no layers.

    The splits of a treebank go together. A split of another name, whose treebank has no dev rows, goes by the dev rows
    of the only treebank that has them.

    Raises:
        ValueError: There are no such dev rows.
    """
    if rows["layer"].isna().all():
        return rows
    on_dev = set(rows.loc[rows["split"] == "dev", "treebank"])
    found = [rows.iloc[:0]]
    for treebank, own in rows.groupby("treebank", sort=False):
        if treebank not in on_dev and len(on_dev) != 1:
            first = own.iloc[0]
            raise ValueError(
                f"{first['checkpoint']}: {first['metric']} of the probe {first['probe']!r} on {first['split']} of "
                f"{treebank}, but on no dev split; expected its dev rows too, by which a layer is chosen"
            )
        layer = best_layer(own if treebank in on_dev else rows[rows["split"] == "dev"])
        found.append(own[own["layer"].isna()] if layer is None else own[own["layer"] == layer])
    return pd.concat(found)


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
    index = [name for name in ("checkpoint", "trained_on", "treebank", "split", "probe", "rank") if name in cells]
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
