"""Whether models are right where their trees have what a minimal pair turns on: by checkpoint, layer and step."""

import math
from collections.abc import Hashable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from treeprobe.pipeline.report.heads import place_of
from treeprobe.pipeline.report.results import Results
from treeprobe.pipeline.results.choices import by_metric
from treeprobe.pipeline.results.finished import Finished
from treeprobe.reporting import association_by_layer, new_figure
from treeprobe.reporting.html import Cell, Picture, Section, Table, picture

MOST_OPEN = 4
"""Checkpoints whose layers are drawn."""
_SIZE = (5.2, 3.2)
_COLUMNS = [
    "checkpoint",
    "pairs of",
    "pairs",
    "layer",
    "edges found",
    "right where found",
    "right where not",
    "odds ratio",
    "odds ratio beside covariates",
    "gain over covariates (nats)",
]


def association_section(results: Results) -> Section | None:
    """A row for each checkpoint and source of pairs, and odds ratios by layer and by training step."""
    joined = [one for one in results.of("behaviour") if one.record["details"].get("items") is not None]
    tables = {place_of(one): one.table("association", texts=("source",)) for one in joined}
    if not tables:
        return None
    rows = [row for one in joined for row in _rows(place_of(one), tables[place_of(one)], _layer(one))]
    table = Table("Choices where the recovered tree has the edges in question, and where it has not", _COLUMNS, rows)
    pictures = [*_steps(joined, tables), *_layers(tables)]
    text = (
        "Item by item: whether the tree recovered from a minimal pair’s sentence has the gold edges between the word "
        "that differs and the word that decides, and whether the model chose right. The table is of the layer that "
        "recovers trees best on dev. Beside covariates: in a logistic regression with the sentence’s length, the "
        "distance, attractors, frequencies; the gain is in log loss on pairs that were held out, where what is not "
        "above 0 adds nothing to the covariates. Intervals are 95 %, of each layer by itself."
    )
    return Section("association", "Found and chosen", text, [table], pictures, folded=len(tables) > MOST_OPEN)


def _layer(one: Finished) -> int | None:
    """The layer that recovers trees best on dev."""
    found: int | None = one.record["details"]["items"]["layer"]
    return found


def _rows(name: str, association: pd.DataFrame, layer: int | None) -> list[list[Cell]]:
    """A row for each source of pairs of one analysis, at one layer."""
    rows = []
    for source, block in association[association["layer"] == layer].groupby("source", sort=False):
        found = by_metric(block.rename(columns={"measure": "metric"}))
        shares = [found[one]["value"] for one in ("linked", "right_linked", "right_unlinked")]
        pairs = int(block["n"].iloc[0])
        rows.append(
            [
                Cell(name),
                Cell(str(source)),
                Cell(f"{pairs:,}", number=pairs),
                Cell(str(layer), number=layer),
                *(Cell("–") if math.isnan(one) else Cell(f"{one:.3f}", number=one) for one in shares),
                _interval(found["log_odds_ratio"], digits=2, odds=True),
                _interval(found["adjusted_log_odds_ratio"], digits=2, odds=True),
                _interval(found["gain"], digits=4),
            ]
        )
    return rows


def _interval(row: Mapping[Hashable, Any], *, digits: int, odds: bool = False) -> Cell:
    """A value with its interval; a log odds ratio as a ratio."""
    values = np.array([row["value"], row["low"], row["high"]], dtype=float)
    if np.isnan(values[0]):
        return Cell("–")
    value, low, high = np.exp(values) if odds else values
    return Cell(f"{value:.{digits}f} ({low:.{digits}f} to {high:.{digits}f})", number=float(value))


def _layers(tables: Mapping[str, pd.DataFrame]) -> list[Picture]:
    """Odds ratios by layer, of the first checkpoints and every source that has some."""
    return [
        _picture(block, f"Odds of a right choice by layer: {name}, {source}", along="layer")
        for name, table in list(tables.items())[:MOST_OPEN]
        for source, block in table.groupby("source", sort=False)
        if _has_odds(block)
    ]


def _steps(joined: Sequence[Finished], tables: Mapping[str, pd.DataFrame]) -> list[Picture]:
    """Odds ratios over the steps of each training run, each step at its own best layer."""
    parts = []
    for one in joined:
        if one.record.get("step") is not None and _layer(one) is not None:
            rows = tables[place_of(one)]
            parts.append(
                rows[rows["layer"] == _layer(one)].assign(
                    family=str(one.record.get("family")), treebank=one.treebank, step=int(one.record["step"])
                )
            )
    if not parts:
        return []
    return [
        _picture(block, f"Odds of a right choice over training: {family} on {bank}, {source}", along="step")
        for (family, bank, source), block in pd.concat(parts).groupby(["family", "treebank", "source"], sort=False)
        if block["step"].nunique() > 1 and _has_odds(block)
    ]


def _has_odds(block: pd.DataFrame) -> bool:
    """Whether there is an odds ratio to draw."""
    return bool(block.loc[block["measure"] == "log_odds_ratio", "value"].notna().any())


def _picture(block: pd.DataFrame, title: str, *, along: str) -> Picture:
    """One figure, described by its numbers."""
    figure, axes = new_figure(_SIZE)
    association_by_layer(block, axes, along=along)
    shown = block[block["measure"].isin(["log_odds_ratio", "adjusted_log_odds_ratio"])]
    description = shown[[along, "measure", "value", "low", "high"]].round(2).to_string(index=False)
    return picture(figure, title=title, description=description)
