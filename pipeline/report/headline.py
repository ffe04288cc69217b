"""The result first: one sentence, and one table a treebank and split."""

from collections.abc import Hashable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from treeprobe.pipeline.closing_table import split_title
from treeprobe.pipeline.report.results import BASELINES, METRICS, MOST_LISTED, Results, score_at, scores_at
from treeprobe.pipeline.results.scores import CHOSEN_ON, reported_split
from treeprobe.reporting.html import Cell, Section, Table

EXPLANATION = (
    "UUAS is the share of gold edges in the tree that a distance probe recovers, punctuation left out; DSpr. and NSpr. "
    "are rank correlations of distances and depths; root accuracy is how often the shallowest word is the root. Each "
    "cell has its own best layer, chosen on the development sentences, so that its scores there are a little "
    "optimistic. Where probes have several seeds, scores are their means, and sd is their standard deviation."
)


def headline_sentence(results: Results) -> str:
    """The result in one sentence; where there is one analysis, its own; empty where there are no structural results."""
    if len(results.finished) == 1:
        return str(results.finished[0].record["summary"])
    found = [
        (best, results.structure_rows(bank))
        for bank in results.treebanks
        if (best := results.best_of_all(bank)) is not None
    ]
    if not found:
        return ""
    chosen, rows = max(found, key=lambda pair: pair[0]["value"])
    split = reported_split(rows)
    best = score_at(rows[rows["checkpoint"] == chosen["checkpoint"]], "uuas", split=split)
    if best is None:
        return ""
    chain = rows.query("split == @split and probe == 'chain' and metric == 'uuas'")["value"].max()
    found_here = (
        f"its distance probe recovers {best['value']:.1%} of the edges of {split_title(split, best['treebank'])} (95 % "
        f"interval {best['low']:.1%} to {best['high']:.1%})"
    )
    layer = f"at layer {int(best['layer'])}, {CHOSEN_ON[split]}"
    if not best["value"] > chain:
        return (
            f"{best['checkpoint']}, whose UUAS is highest on dev, does not exceed the left-to-right chain "
            f"({chain:.1%} of the edges): {found_here} {layer}."
        )
    return (
        f"UUAS on dev is highest for {best['checkpoint']}: {layer}, {found_here}, against {chain:.1%} "
        "when each word is joined to the next."
    )


def headline_section(results: Results) -> Section | None:
    """Every checkpoint and treebank, baselines below them: test at the layers chosen on dev first, then dev itself."""
    tables = []
    for bank in results.treebanks:
        rows = results.structure_rows(bank)
        rules = ", ".join(sorted(rows["punctuation"].dropna().unique()))
        rule = f"; punctuation: {rules}" if rules else ""
        captions = {
            "test": f"{bank}, test sentences: each checkpoint at its best layer, chosen on dev [95 % interval]{rule}",
            "dev": f"{bank}, development sentences: best layers, chosen on the same sentences [95 % interval]{rule}",
        }
        tables += [
            checkpoint_table(rows, split, caption)
            for split, caption in captions.items()
            if (rows["split"] == split).any()
        ]
    return Section("headline", "Headline", EXPLANATION, tables) if tables else None


def checkpoint_table(rows: pd.DataFrame, split: str, caption: str) -> Table:
    """One treebank's checkpoints at the layers that are best on dev, then its baselines."""
    names = [str(name) for name in rows["checkpoint"].unique()]
    found = [scores_at(rows, metric, split=split).to_dict("index") for metric in METRICS]
    lines = [[Cell(name), *(_score_cell(scores.get(name)) for scores in found)] for name in names]
    if len(lines) > MOST_LISTED:  # a long table shows its first rows
        lines.sort(key=lambda line: -1.0 if line[1].number is None else line[1].number, reverse=True)
    _mark_best(lines)
    quiet = len(lines)
    for probe, title in BASELINES.items():
        if (rows["probe"] == probe).any():
            several = probe != "chain" and len(names) > 1
            cells = [_baseline_cell(rows, metric, split, probe) for metric in METRICS]
            lines.append([Cell(title, "highest of any checkpoint" if several else ""), *cells])
    return Table(caption, ["checkpoint", *METRICS.values()], lines, frozenset(range(quiet, len(lines))))


def _baseline_cell(rows: pd.DataFrame, metric: str, split: str, probe: str) -> Cell:
    """A baseline of the checkpoint for which it is highest on dev."""
    known = scores_at(rows, metric, probe=probe)
    if known.empty:
        return Cell("–")
    highest = known.index[int(known["value"].argmax())]
    return _score_cell(scores_at(rows, metric, split=split, probe=probe).to_dict("index").get(highest))


def _score_cell(found: Mapping[Hashable, Any] | None) -> Cell:
    """The value of a checkpoint's best layer with its interval; a dash where there is none."""
    if found is None:
        return Cell("–")
    layer = "" if pd.isna(found["layer"]) else f"layer {int(found['layer'])} "
    spread = "" if pd.isna(found.get("seed_sd")) else f" sd {found['seed_sd']:.3f}"
    note = f"{layer}[{found['low']:.3f}, {found['high']:.3f}]{spread}"
    return Cell(f"{found['value']:.3f}", note, round(float(found["value"]), 6))


def _mark_best(lines: list[list[Cell]]) -> None:
    """Make the highest value of each column stand out, where there is something to compare."""
    for column in range(1, len(lines[0]) if len(lines) > 1 else 0):
        numbers = [line[column].number for line in lines]
        if any(number is not None for number in numbers):
            row = int(np.nanargmax([np.nan if number is None else number for number in numbers]))
            lines[row][column] = replace(lines[row][column], best=True)
