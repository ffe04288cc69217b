"""What a report is made of: the finished analyses of a folder, their scores, and the failures of a sweep."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from treeprobe.pipeline.results import Finished, Measured, best_measured, load_results, read_finished
from treeprobe.pipeline.scores import CHAIN, CONTROL, HEADLINE_METRICS, RANDOM_WEIGHTS, best_layer, probe_rows
from treeprobe.pipeline.sweep.folder import MARK, SweepFolder
from treeprobe.reporting import merge_seeds, metric_name

METRICS = {metric: metric_name(metric) for metric in HEADLINE_METRICS}
TITLES = {**METRICS, "root_accuracy": "Root accuracy"}
BASELINES = {
    RANDOM_WEIGHTS: "random weights, same architecture",
    CONTROL: "control trees, same probes",
    CHAIN: "left-to-right chain",
}
MOST_SHOWN = 7
"""Curves that one can still tell apart."""


@dataclass(frozen=True)
class Results:
    """Everything that the report reads.

    Attributes:
        scores: the table of `load_results`.
        finished: the finished analyses; failed: records of the tasks that failed.
    """

    folder: Path
    scores: pd.DataFrame
    finished: Sequence[Finished]
    failed: Sequence[Mapping[str, Any]]

    @property
    def checkpoints(self) -> list[str]:
        """Every checkpoint that has a finished analysis."""
        return list(dict.fromkeys(one.checkpoint for one in self.finished))

    @property
    def treebanks(self) -> list[str]:
        """Every treebank that a finished analysis trained on or scored."""
        return list(dict.fromkeys(one.trained_on for one in self.finished))

    def of(self, analysis: str) -> list[Finished]:
        """The finished analyses of a name."""
        return [one for one in self.finished if one.analysis == analysis]

    def best_on(self, treebank: str) -> dict[str, Measured]:
        """UUAS on dev of every checkpoint at its best layer, by its name."""
        return {one.checkpoint: best_measured(one) for one in self.of("structure") if one.treebank == treebank}


def read_results(folder: str | Path) -> Results:
    """Everything, from the folder of an analysis or of a sweep. Raises FindingsError when it holds neither."""
    place = Path(folder).expanduser()
    failed = SweepFolder.existing(place).failed() if (place / MARK).exists() else []
    return Results(place.absolute(), load_results(place), read_finished(place), failed)


def structure_rows(results: Results, *, split: str = "dev", **kept: str) -> pd.DataFrame:
    """The rows of the largest rank's probes and of their baselines; several seeds as their mean, see `merge_seeds`."""
    scores = results.scores
    rows = scores[(scores["analysis"] == "structure") & (scores["split"] == split)]
    for column, value in kept.items():
        rows = rows[rows[column] == value]
    largest = rows.groupby(["checkpoint", "trained_on"])["rank"].transform("max")
    return merge_seeds(rows[rows["rank"].isna() | (rows["rank"] == largest)])


def row_at(rows: pd.DataFrame, layer: int | None) -> "pd.Series[Any] | None":
    """The row of a layer, or the only row of what has no layer; None where there is none."""
    found = rows[rows["layer"].isna()] if layer is None else rows[rows["layer"] == layer]
    return None if found.empty else found.iloc[0]


def best_row(rows: pd.DataFrame, metric: str) -> "pd.Series[Any] | None":
    """The row of a metric at the layer that is best for it on dev; None where there is none."""
    layer = best_layer(rows, metric=metric)
    return None if layer is None else row_at(probe_rows(rows[rows["split"] == "dev"], metric), layer)


def spread(rows: pd.DataFrame) -> list[str]:
    """Up to `MOST_SHOWN` checkpoints, in their order, from the worst to the best by the UUAS of their best layer."""
    names = list(dict.fromkeys(rows["checkpoint"]))
    if len(names) <= MOST_SHOWN:
        return names
    ordered = probe_rows(rows, "uuas").groupby("checkpoint")["value"].max().sort_values().index
    places = np.linspace(0, len(ordered) - 1, MOST_SHOWN).round().astype(int)
    chosen = set(ordered[places])
    return [name for name in names if name in chosen]
