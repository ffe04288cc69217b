"""The tables of scores that a terminal shows when an analysis ends: first what one looks at first, in 80 columns."""

import math
import textwrap
from collections.abc import Sequence

import pandas as pd

from treeprobe.pipeline.results.findings import Closing
from treeprobe.pipeline.results.scores import (
    CHAIN,
    CHOSEN_ON,
    CONTROL,
    HEADLINE_METRICS,
    RANDOM_WEIGHTS,
    UNTRANSFORMED,
    best_layer,
    without_tree_probes,
)
from treeprobe.reporting import merge_seeds, metric_name

WIDTH = 80
"""Columns of the narrowest terminal that the tables are made for."""

METRIC_LEGENDS = {
    "uuas": "UUAS: share of the gold edges that are in the recovered trees.",
    "dspr": "DSpr.: rank correlation of predicted and gold distances between words.",
    "root_accuracy": "Root accuracy: share of the sentences whose shallowest word is the root.",
    "nspr": "NSpr.: rank correlation of predicted and gold depths.",
}
CHAIN_LEGEND = "Chain: every word is attached to the one before it."
UNTRANSFORMED_LEGEND = "Untransformed: distances of the states themselves, without a probe."
LEGEND = "±: half the width of the 95 % interval, resampling {resampled}."
SEEDS_LEGEND = "Scores are means over {seeds} seeds; sd: standard deviation over seeds."
BEST_LEGEND = "*: the best layer by UUAS on dev, which chose epochs too: scores there are a little optimistic."
RANK_LEGEND = "Probes of rank {rank}, the largest."
SELECTIVITY_LEGEND = "Selectivity: the score less that of the same probe on control trees."

FEW_SENTENCES = 500
"""Of fewer sentences, intervals of scores hold the truth too rarely where the sentences come from a few documents."""
FEW_LEGEND = "Of fewer than {few} sentences from a few documents, intervals are too narrow."

PROBES, SELECTIVITY, SPREAD = "probes", "selectivity", "sd over seeds"
"""What the first column calls the trained probes, and the rows of their selectivity and of their spread."""

_SELECTIVITY_PREFIX = "selectivity_"


def closing_table(scores: pd.DataFrame) -> Closing:
    """Scores by split: the best layer, its selectivity, layer 0, the chain, baselines at their best; in full, all.

    Several seeds are reported as their mean, see `reporting.merge_seeds`, and their spread. The layers that are shown
    and marked are those that `scores.best_layer` chooses; of several ranks the largest is shown. The scores of controls
    are left to the file, and probes of labelled trees have a table of their own (`labelled_table`).
    """
    scores = without_tree_probes(scores)
    rows = _closing_rows(scores)
    first = _first_rows(rows)
    layers = set(first["layer"].dropna())
    return Closing(
        text=_text(first, _compression_rows(scores, layers=layers), ranks=rows["rank"]),
        full=_text(rows, _compression_rows(scores), ranks=rows["rank"]),
        rows=_as_scores(rows),
    )


def split_title(split: str, treebank: str) -> str:
    """`dev (en_ewt)`, or `dev` alone for a treebank of that name."""
    return split if treebank == split else f"{split} ({treebank})"


def _closing_rows(scores: pd.DataFrame) -> pd.DataFrame:
    """Scores, selectivities and spreads, seeds merged: the score table's columns, `name` of the row, and `best`.

    Where there are several seeds, rows called `SPREAD` have the standard deviation over them as
    their value. `best` marks the layer of the trained probes, and of each baseline with layers, that does best on dev.
    """
    headline = scores["metric"].isin(HEADLINE_METRICS) & (scores["probe"] != CONTROL)
    selectivity = scores["metric"].str.startswith(_SELECTIVITY_PREFIX)
    rows = merge_seeds(scores[headline | selectivity])
    gained = rows["metric"].str.startswith(_SELECTIVITY_PREFIX)
    trained = rows["probe"].isin(["distance", "depth"])
    layered = {name: best_layer(scores, probe=name) for name in (RANDOM_WEIGHTS, UNTRANSFORMED)}
    best = {PROBES: best_layer(scores), **layered}
    named = rows.assign(
        name=rows["probe"].mask(trained, PROBES).mask(gained, SELECTIVITY),
        metric=rows["metric"].str.removeprefix(_SELECTIVITY_PREFIX),
    )
    spread = named[(named["name"] == PROBES) & named["seed_sd"].notna()]
    spread = spread.assign(name=SPREAD, value=spread["seed_sd"])
    named = pd.concat([named[~gained], spread, named[gained]], ignore_index=True)
    chosen = named["name"].replace([SELECTIVITY, SPREAD], PROBES).map(best)
    largest = named["rank"].isna() | (named["rank"] == named["rank"].max())
    return named.assign(best=(named["layer"].notna() & (named["layer"] == chosen) & largest).fillna(False).astype(bool))


def _as_scores(rows: pd.DataFrame) -> pd.DataFrame:
    """The rows in the words of the score table, whose columns have the spread already."""
    gained = rows["name"] == SELECTIVITY
    named = rows.assign(metric=rows["metric"].mask(gained, _SELECTIVITY_PREFIX + rows["metric"]))
    return named[rows["name"] != SPREAD].drop(columns="name")


def _first_rows(rows: pd.DataFrame) -> pd.DataFrame:
    """What is read first: the best layer with its spread and selectivity, layer 0; the chain, and baselines' best."""
    own = rows["name"].isin([PROBES, SPREAD, SELECTIVITY])
    largest = rows["rank"].isna() | (rows["rank"] == rows["rank"].max())
    bottom = ((rows["name"] == PROBES) & (rows["layer"] == 0) & largest).fillna(False)
    layered = rows["layer"].notna()
    order = 2 * (~own).astype(int) + (own & ~rows["best"] | ~own & layered).astype(int)
    chosen = rows[(rows["best"] | bottom | ~layered).astype(bool)]
    return chosen.loc[order[chosen.index].sort_values(kind="stable").index]


def _text(shown: pd.DataFrame, compression: pd.DataFrame, *, ranks: "pd.Series[int]") -> str:
    """Some of the rows as a table a split, the compression of the training trees, and what the marks mean.

    `ranks` are those of all rows.
    """
    several = shown["rank"].nunique() > 1
    blocks = []
    # The split that is reported stands first, before the one that chose.
    ordered = shown.sort_values("split", key=lambda splits: splits != "test", kind="stable")
    for split, block in ordered.groupby("split", sort=False):
        metrics = [metric for metric in HEADLINE_METRICS if metric in set(block["metric"])]
        headings = ["", "layer", *(["rank"] if several else []), *map(metric_name, metrics)]
        grouped = block.groupby(["name", "layer", "rank"], sort=False, dropna=False)
        lines = [_line(row, metrics, several=several) for _, row in grouped]
        title = split_title(str(split), block["treebank"].iloc[0])
        chosen = f": the best layer is {CHOSEN_ON[str(split)]}" if block["best"].any() else ""
        blocks.append("\n".join([f"{title}{chosen}", *aligned([headings, *lines])]))
    if not compression.empty:
        blocks.append(_compression_text(compression))
    return "\n\n".join([*blocks, "\n".join(_legend(shown, ranks))])


def _line(row: pd.DataFrame, metrics: Sequence[str], *, several: bool) -> list[str]:
    """The cells of one line; `several`: the rank too."""
    name, layer, rank, best = (row[column].iloc[0] for column in ("name", "layer", "rank", "best"))
    place = "" if pd.isna(layer) else f"{layer:>4}{'*' if best else ''}"
    values = row[["value", "low", "high"]].to_numpy(dtype=float)
    cells = {metric: _cell(str(name), *found) for metric, found in zip(row["metric"], values)}
    ranked = ["" if pd.isna(rank) else str(rank)] if several else []
    return [str(name), place, *ranked, *(cells.get(metric, "") for metric in metrics)]


def _cell(name: str, value: float, low: float, high: float) -> str:
    """A score and half the width of its 95 % interval; a selectivity with its sign; a spread alone."""
    if math.isnan(value):
        return "–"
    shown = {SELECTIVITY: f"{value:+.3f}", SPREAD: f"{value:.3f}"}
    return shown.get(name, f"{value:.3f} ±{(high - low) / 2:.3f}")


def aligned(lines: Sequence[Sequence[str]]) -> list[str]:
    """Lines of cells as text, each cell beginning below its heading."""
    widths = [max(map(len, column)) for column in zip(*lines)]
    return ["  ".join(cell.ljust(width) for cell, width in zip(line, widths)).rstrip() for line in lines]


def _legend(shown: pd.DataFrame, ranks: "pd.Series[int]") -> list[str]:
    """What marks, columns and rows mean; `ranks` are those of all rows, shown or not."""
    marks = [LEGEND.format(resampled=" and ".join(shown["resampled"].dropna().unique()) or "sentences")]
    if (shown["name"] == SPREAD).any():
        marks.append(SEEDS_LEGEND.format(seeds=shown["seeds"].max()))
    if shown["best"].any():
        marks.append(BEST_LEGEND)
    if shown["rank"].nunique() < ranks.nunique():
        marks.append(RANK_LEGEND.format(rank=ranks.max()))
    if (shown["name"] == SELECTIVITY).any():
        marks.append(SELECTIVITY_LEGEND)
    if (shown.loc[shown["metric"] == "root_accuracy", "n"] < FEW_SENTENCES).any():
        marks.append(FEW_LEGEND.format(few=FEW_SENTENCES))
    meanings = [meaning for metric, meaning in METRIC_LEGENDS.items() if metric in set(shown["metric"])]
    chain = [CHAIN_LEGEND] if (shown["name"] == CHAIN).any() else []
    untransformed = [UNTRANSFORMED_LEGEND] if (shown["name"] == UNTRANSFORMED).any() else []
    return [*textwrap.wrap(" ".join(marks), WIDTH), *meanings, *chain, *untransformed]


def _compression_rows(scores: pd.DataFrame, *, layers: set[int] | None = None) -> pd.DataFrame:
    """The rows of compression, of some layers or of all."""
    rows = scores[scores["metric"] == "compression"]
    return rows if layers is None else rows[rows["layer"].isin(list(layers))]


def _compression_text(rows: pd.DataFrame) -> str:
    """How many times shorter than the uniform code the training trees become, by layer and kind of probe."""
    table = rows.pivot_table(index="layer", columns="probe", values="value", aggfunc="first", sort=False)
    lines = [
        [f"layer {layer}", *(f"{value:.2f}" for value in row)] for layer, row in zip(table.index, table.to_numpy())
    ]
    text = "\n".join(aligned([["", *map(str, table.columns)], *lines]))
    return f"train ({rows['treebank'].iloc[0]}): uniform code / online code\n{text}"
