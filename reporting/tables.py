"""Tables for readers from the tidy ones: seeds merged, the headline scores of a run, the best head of each relation."""

from collections.abc import Collection
from dataclasses import replace

import numpy as np
import pandas as pd

from treeprobe.reporting.style.names import head_name, metric_name
from treeprobe.signature import Signature

BASELINES = ("chain", "random tree", "random weights", "untransformed", "decay", "random projection", "control")
"""What the column `probe` of the score table calls the baselines."""

_MERGED = {"value": "mean", "low": "mean", "high": "mean", "n": "max"}
_OF_SEEDS = ("seed", "seeds", "seed_sd", "mean_low", "mean_high")
_HEAD_COLUMNS = ("layer", "head", "relation", "direction", "n", "accuracy", "baseline", "offset")


def merge_seeds(scores: pd.DataFrame) -> pd.DataFrame:
    """Average rows of the score table that differ only in their seed.

    The interval is that of the mean over seeds, which the table of an analysis has (`mean_low`, `mean_high`): it says
    how much the mean would move with other sentences. How much a score moves with the seed is `seed_sd`. In tables
    without those columns the ends of the seeds' own intervals are averaged, which is a little too wide.

    Args:
        scores: The score table. One without a column `seed`, or that was merged before, keeps its rows.

    Returns:
        The table without the columns `seed`, `mean_low` and `mean_high`; with `seeds`, how many were averaged (0 for
        what has no seed), and `seed_sd`, the sample standard deviation over them (NaN for fewer than two).
    """
    if "seed" not in scores:
        return scores if "seeds" in scores else scores.assign(seeds=0, seed_sd=np.nan)
    keys = [column for column in scores if column not in (*_MERGED, *_OF_SEEDS)]
    if "mean_low" in scores:
        scores = scores.assign(low=scores["mean_low"], high=scores["mean_high"])
    merged = {column: (column, how) for column, how in _MERGED.items() if column in scores}
    groups = scores.groupby(keys, dropna=False, sort=False, as_index=False)
    return groups.agg(**merged, seeds=("seed", "nunique"), seed_sd=("value", "std"))


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


def best_layer(rows: pd.DataFrame, *, split: str = "dev") -> int | None:
    """The layer whose probes of the largest rank score highest on dev, seeds averaged; the lower layer on a tie.

    The one rule by which tables, figures, reports and comparisons choose a layer.

    Args:
        rows: Rows of the score table: one metric of one kind of probe, trained once for each layer, rank and seed.
        split: The split that chooses.

    Returns:
        The layer, or None where no layer has a score on that split.
    """
    means = layer_means(rows, split=split)
    return None if means.empty else int(means.index[int(means.to_numpy().argmax())])


def headline_table(scores: pd.DataFrame, *, baselines: Collection[str] = BASELINES) -> pd.DataFrame:
    """Each probe and baseline at the layer that is best for it on dev (`best_layer`), by each metric, seeds merged.

    Scores on the sentences that chose the layer are slightly optimistic. Where there are no dev scores, a split can
    only choose for itself, and `chosen_on` says so. Rows of the training split, such as code lengths, are left out, and
    so is what has no score at any layer.

    Args:
        scores: The score table; with a column `trained_on`, probes of different treebanks are kept apart.
        baselines: Probes that are marked as baselines and come last.

    Returns:
        One row for each checkpoint, treebank, split, metric, probe and rank, with layer, value, low, high, n, `seeds`
        and `seed_sd` (see `merge_seeds`), `chosen_on` (the split that chose the layer, None without layers) and
        `baseline` (bool); with `trained_on` and `signature` where the scores have them.
    """
    trained_on = ["trained_on"] if "trained_on" in scores else []
    identity = ["checkpoint", *trained_on, "treebank", "split", "metric", "probe", "rank"]
    known = (*identity, "layer", *_MERGED, *_OF_SEEDS, "resampled", "signature")
    merged = merge_seeds(scores.loc[scores["split"] != "train", [name for name in scores if name in known]])
    probe = ["checkpoint", *trained_on, "metric", "probe", "rank"]
    chosen = [_at_best_layer(rows) for _, rows in merged.groupby(probe, dropna=False, sort=False)]
    best = pd.concat([merged.iloc[:0].assign(chosen_on=None), *chosen]).sort_index()
    best = best.assign(baseline=best["probe"].isin(list(baselines)))
    order = ["checkpoint", *trained_on, "treebank", "split", "metric", "baseline"]
    return best.sort_values(order, kind="stable", ignore_index=True)


def _at_best_layer(rows: pd.DataFrame) -> pd.DataFrame:
    """The rows of one probe and metric at the layer that is best for each treebank and split, with `chosen_on`.

    The dev split of a treebank chooses for its other splits. Where a treebank has none, the dev split of the only other
    treebank does, since the splits of one analysis may bear names of their own; without it, a split chooses for itself.
    """
    if rows["layer"].isna().all():
        return rows.assign(chosen_on=None)
    dev = {str(treebank): own for treebank, own in rows[rows["split"] == "dev"].groupby("treebank")}
    found = [rows.iloc[:0].assign(chosen_on=None)]
    for (treebank, split), own in rows.groupby(["treebank", "split"], sort=False):
        choosing = dev.get(str(treebank)) if treebank in dev or len(dev) != 1 else next(iter(dev.values()))
        chosen_on = str(split) if choosing is None else "dev"
        layer = best_layer(own if choosing is None else choosing, split=chosen_on)
        found.append(_chosen(own[own["layer"] == layer], on=chosen_on))
    return pd.concat(found)


def _chosen(rows: pd.DataFrame, *, on: str) -> pd.DataFrame:
    """Rows of a layer, with the split that chose it, which their signatures say too."""
    if "signature" not in rows:
        return rows.assign(chosen_on=on)
    signatures = [str(replace(Signature.parse(text), chosen=on)) for text in rows["signature"]]
    return rows.assign(chosen_on=on, signature=signatures)


def headline_text(table: pd.DataFrame) -> pd.DataFrame:
    """A headline table formatted for a terminal or a page.

    Args:
        table: As `headline_table` returns it.

    Returns:
        One row for each probe, one column for each metric, such as "0.736 [0.728, 0.744] sd 0.002 (layer 7)": value,
        interval, and standard deviation over seeds where there are several. The split that chose the layer says
        "(layer 7, chosen here)": its score is a little optimistic.
    """
    columns = (table[name] for name in ("value", "low", "high", "seed_sd", "layer"))
    chosen_here = table["chosen_on"] == table["split"]
    cells = table.assign(
        cell=[_score_text(*row) for row in zip(*columns, chosen_here, strict=True)],
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


def _score_text(value: float, low: float, high: float, seed_sd: float, layer: int | None, chosen_here: bool) -> str:
    """A score with its interval and, where it has them, its spread over seeds, its layer and whether it chose that."""
    if np.isnan(value):
        return "–"
    place = "" if layer is None or pd.isna(layer) else f" (layer {int(layer)}{', chosen here' * chosen_here})"
    spread = "" if np.isnan(seed_sd) else f" sd {seed_sd:.3f}"
    return f"{value:.3f} [{low:.3f}, {high:.3f}]{spread}{place}"
