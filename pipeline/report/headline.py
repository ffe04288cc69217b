"""What a reader takes along: one sentence, and one table a treebank and split."""

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from treeprobe.pipeline.report.results import BASELINES, METRICS, Results, best_row, probe_rows, structure_rows
from treeprobe.reporting.html import Cell, Section, Table

EXPLANATION = (
    "UUAS is the share of gold edges in the tree that a distance probe recovers, punctuation left out; DSpr. and NSpr. "
    "are rank correlations of distances and depths; root accuracy is how often the shallowest word is the root. Each "
    "cell has its own best layer, chosen on the development sentences, so that its scores there are a little "
    "flattered."
)


def headline_sentence(results: Results) -> str:
    """The one sentence that a reader takes along; empty where there are no structural results."""
    best = best_row(probe_rows(structure_rows(results), "uuas"))
    if best is None:
        return ""
    chain = structure_rows(results, metric="uuas", probe="chain", treebank=best["treebank"])["value"].max()
    found_here = f"its distance probe finds {best['value']:.1%} of the edges of {best['treebank']}"
    if not best["value"] > chain:
        return (
            f"No checkpoint does better than joining each word to the next ({chain:.1%} of the edges): the best is "
            f"{best['checkpoint']}, and {found_here} at layer {int(best['layer'])}."
        )
    return (
        f"{best['checkpoint']} has the most syntax: at layer {int(best['layer'])}, {found_here}, against {chain:.1%} "
        "when each word is joined to the next."
    )


def headline_section(results: Results) -> Section:
    """Best layers of every checkpoint and treebank, baselines below them; on test too, at the layers chosen on dev."""
    dev, test = (structure_rows(results, split=split) for split in ("dev", "test"))
    tables = []
    for bank in dict.fromkeys(dev["treebank"]):
        own = dev[dev["treebank"] == bank]
        chosen = f"{bank}, development sentences: each checkpoint at its best layer [95 % interval]"
        tables.append(headline_table(own, own, caption=chosen))
        scored = test[test["treebank"] == bank]
        if not scored.empty:
            unseen = f"{bank}, test sentences: at the layers that are best on the development sentences"
            tables.append(headline_table(scored, own, caption=unseen))
    return Section("headline", "Headline", EXPLANATION, tables)


def headline_table(scored: pd.DataFrame, chosen_by: pd.DataFrame, *, caption: str) -> Table:
    """One treebank's checkpoints at the layers that are best in `chosen_by`, then its baselines."""
    lines = [
        [
            Cell(name),
            *(
                score_cell(own[own["checkpoint"] == name], chooser[chooser["checkpoint"] == name])
                for metric in METRICS
                for own, chooser in [(probe_rows(scored, metric), probe_rows(chosen_by, metric))]
            ),
        ]
        for name in dict.fromkeys(scored["checkpoint"])
    ]
    mark_best(lines)
    quiet = len(lines)
    for probe, title in BASELINES.items():
        own, chooser = (rows[rows["probe"] == probe] for rows in (scored, chosen_by))
        if not own.empty:
            cells = (score_cell(own[own["metric"] == one], chooser[chooser["metric"] == one]) for one in METRICS)
            several = probe != "chain" and own["checkpoint"].nunique() > 1
            lines.append([Cell(title, "highest of any checkpoint" if several else ""), *cells])
    return Table(caption, ["checkpoint", *METRICS.values()], lines, frozenset(range(quiet, len(lines))))


def score_cell(scored: pd.DataFrame, chosen_by: pd.DataFrame) -> Cell:
    """The value of the best layer with its interval."""
    best = best_row(chosen_by)
    found = None if best is None else best_row(at_setting(scored, best))
    if found is None:
        return Cell("–")
    layer = "" if pd.isna(found["layer"]) else f"layer {int(found['layer'])} "
    note = f"{layer}[{found['low']:.3f}, {found['high']:.3f}]"
    return Cell(f"{found['value']:.3f}", note, round(float(found["value"]), 6))


def at_setting(rows: pd.DataFrame, wanted: "pd.Series[Any]") -> pd.DataFrame:
    """The rows of a checkpoint's layer, or of what has no layer."""
    same_layer = rows["layer"].isna() if pd.isna(wanted["layer"]) else rows["layer"] == wanted["layer"]
    return rows[(rows["checkpoint"] == wanted["checkpoint"]) & same_layer]


def mark_best(lines: list[list[Cell]]) -> None:
    """Make the highest value of each column stand out, where there is something to compare."""
    for column in range(1, len(lines[0]) if len(lines) > 1 else 0):
        numbers = [line[column].number for line in lines]
        if any(number is not None for number in numbers):
            row = int(np.nanargmax([np.nan if number is None else number for number in numbers]))
            lines[row][column] = replace(lines[row][column], best=True)
