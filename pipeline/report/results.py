"""What a report is made of: the table of scores, and what each structural task measured."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from treeprobe.pipeline.score_table import HEADLINE_METRICS
from treeprobe.pipeline.structural.controls import CONTROL
from treeprobe.pipeline.structural.run import RANDOM_WEIGHTS
from treeprobe.pipeline.sweeping.measured import PROBE_OF, Measured, best_of, probes_in
from treeprobe.pipeline.sweeping.store import Store
from treeprobe.pipeline.sweeping.sweep import load_results
from treeprobe.reporting import merge_seeds, metric_name

METRICS = {metric: metric_name(metric) for metric in HEADLINE_METRICS}
TITLES = {**METRICS, "root_accuracy": "Root accuracy"}
BASELINES = {
    RANDOM_WEIGHTS: "random weights, same architecture",
    CONTROL: "control trees, same probes",
    "chain": "left-to-right chain",
}
MOST_SHOWN = 7
"""Curves that one can still tell apart."""


@dataclass(frozen=True)
class Results:
    """Everything that the report reads.

    Attributes:
        scores: the table of `load_results`.
        tasks, failed: records of the finished and the failed tasks.
        best: by (checkpoint, treebank), the distance probe of the largest rank and first seed that finds the most edges
            on dev.
    """

    scores: pd.DataFrame
    tasks: Sequence[Mapping[str, Any]]
    failed: Sequence[Mapping[str, Any]]
    best: Mapping[tuple[str, str], Measured]
    store: Store

    @property
    def checkpoints(self) -> list[str]:
        """Every checkpoint that has a finished task."""
        return list(dict.fromkeys(task["checkpoint"] for task in self.tasks))

    @property
    def treebanks(self) -> list[str]:
        """Every treebank that a finished task is of."""
        return list(dict.fromkeys(task["treebank"] for task in self.tasks))

    def of(self, analysis: str) -> list[Mapping[str, Any]]:
        """The finished tasks of an analysis."""
        return [task for task in self.tasks if task["analysis"] == analysis]

    def best_on(self, treebank: str) -> dict[str, Measured]:
        """The best distance probe of every checkpoint, by its name."""
        return {checkpoint: best for (checkpoint, bank), best in self.best.items() if bank == treebank}

    def folder(self, task: Mapping[str, Any]) -> Path:
        """Where a task's results lie."""
        return self.store.tasks / task["task"]


def read_results(folder: str | Path) -> Results:
    """Everything, from the finished tasks. Raises SweepError when the folder holds no sweep."""
    store = Store.existing(folder)
    tasks = store.records()
    best = {
        (task["checkpoint"], task["treebank"]): best_of(
            probes_in(store.tasks / task["task"], metric="uuas", split="dev")
        )
        for task in tasks
        if task["analysis"] == "structure"
    }
    return Results(load_results(folder), tasks, store.failed(), best, store)


def structure_rows(results: Results, *, split: str = "dev", **kept: str) -> pd.DataFrame:
    """The rows of the largest rank's probes and of their baselines; several seeds as their mean, see `merge_seeds`."""
    scores = results.scores
    rows = scores[(scores["analysis"] == "structure") & (scores["split"] == split)]
    for column, value in kept.items():
        rows = rows[rows[column] == value]
    largest = rows.groupby(["checkpoint", "treebank"])["rank"].transform("max")
    return merge_seeds(rows[rows["rank"].isna() | (rows["rank"] == largest)])


def probe_rows(rows: pd.DataFrame, metric: str) -> pd.DataFrame:
    """The rows of a metric that are of the kind of probe it belongs to, not of a baseline."""
    return rows[(rows["metric"] == metric) & (rows["probe"] == PROBE_OF[metric])]


def best_row(rows: pd.DataFrame) -> "pd.Series[Any] | None":
    """The row of the highest value; None where there is none."""
    return None if rows.empty or rows["value"].isna().all() else rows.iloc[int(rows["value"].argmax())]


def best_rows(rows: pd.DataFrame, *, by: Sequence[str]) -> pd.DataFrame:
    """The row of the highest value in each group."""
    known = rows[rows["value"].notna()]
    return known.loc[known.groupby(list(by), sort=False)["value"].idxmax().to_numpy()]


def spread(rows: pd.DataFrame) -> list[str]:
    """Up to `MOST_SHOWN` checkpoints, in their order, from the worst to the best by the UUAS of their best layer."""
    names = list(dict.fromkeys(rows["checkpoint"]))
    if len(names) <= MOST_SHOWN:
        return names
    ordered = probe_rows(rows, "uuas").groupby("checkpoint")["value"].max().sort_values().index
    places = np.linspace(0, len(ordered) - 1, MOST_SHOWN).round().astype(int)
    chosen = set(ordered[places])
    return [name for name in names if name in chosen]
