"""Trees without training, beside the chain."""

from typing import Any

import pandas as pd

from treeprobe.pipeline.analyses.untrained import shown_split
from treeprobe.pipeline.report.heads import place_of
from treeprobe.pipeline.report.results import Results, drawn, said_of_drawn
from treeprobe.pipeline.untrained.table import TEXTS
from treeprobe.reporting import untrained_figure
from treeprobe.reporting.html import Cell, Section, Table, picture

MOST_OPEN = 2
"""Checkpoints whose figures are shown without being asked for."""
_COLUMNS = ["checkpoint", "trees", "setting", "decoder", "UUAS", "interval", "over the chain", "interval of it", "UAS"]
_SPANS = ["checkpoint", "bracketing", "setting", "F1", "interval", "recall"]


def untrained_section(results: Results) -> Section | None:
    """A table of trees, one of bracketings, and a figure for each checkpoint; None where nothing was recovered so."""
    # A setting is empty for baselines, and a file cannot tell what is empty from what is missing.
    empty = {"setting": "", "over": ""}
    found = {place_of(one): one.table("untrained", texts=TEXTS).fillna(empty) for one in results.of("untrained")}
    if not found:
        return None
    trees = [row for name, table in found.items() for row in _rows(name, table, ("uuas", "uas"))]
    spans = [row for name, table in found.items() for row in _rows(name, table, ("bracket_f1", "bracket_recall"))]
    tables = [Table("Trees", _COLUMNS, trees)]
    if spans:
        tables.append(Table("Bracketings against the spans of the gold trees", _SPANS, spans))
    pictures = [
        picture(untrained_figure(table), title=name, description=_text(table)) for name, table in drawn(found).items()
    ]
    text = (
        "Trees of methods that train nothing, scored as the trees of probes are: perturbed masking (Wu et al. 2020), "
        "attention averaged over substitutions (Jian & Reddy 2023), tree projections (Murty et al. 2023), and the "
        "attention of the best single head. Layers, heads and directions are chosen on dev by gold trees. Intervals "
        "are 95 %, differences paired. A binary bracketing cannot have an F1 of 1 where gold trees are flatter."
    ) + said_of_drawn(len(found))
    return Section("untrained", "Trees without training", text, tables, pictures, folded=len(found) > MOST_OPEN)


def _rows(name: str, table: pd.DataFrame, metrics: tuple[str, str]) -> list[list[Cell]]:
    """A line for each kind of trees that has either of two scores."""
    rows = table[(table["split"] == shown_split(table)) & table["chosen"] & table["metric"].isin(metrics)]
    lines = []
    for (trees, setting, decoder), own in rows.groupby(["trees", "setting", "decoder"], sort=False):
        scores = own.set_index("metric").to_dict("index")
        first, second = (scores.get(metric) for metric in metrics)
        about = [Cell(name), Cell(str(trees)), Cell(str(setting))]
        if metrics[0] == "uuas":
            about += [Cell(str(decoder)), _value(first), _interval(first), _difference(first), _interval_of(first)]
        else:
            about += [_value(first), _interval(first)]
        lines.append([*about, _value(second)])
    return lines


def _value(row: dict[Any, Any] | None) -> Cell:
    return Cell("–") if row is None else Cell(f"{row['value']:.3f}", number=row["value"])


def _interval(row: dict[Any, Any] | None) -> Cell:
    return Cell("–" if row is None else f"{row['low']:.3f} to {row['high']:.3f}")


def _difference(row: dict[Any, Any] | None) -> Cell:
    if row is None or pd.isna(row["difference"]):
        return Cell("–")
    return Cell(f"{row['difference']:+.3f}", number=row["difference"])


def _interval_of(row: dict[Any, Any] | None) -> Cell:
    if row is None or pd.isna(row["difference"]):
        return Cell("–")
    return Cell(f"{row['difference_low']:+.3f} to {row['difference_high']:+.3f}")


def _text(table: pd.DataFrame) -> str:
    """Values for readers who cannot see a figure."""
    rows = table[table["split"] == shown_split(table)]
    return rows[["trees", "setting", "decoder", "metric", "value", "low", "high"]].round(3).to_string(index=False)
