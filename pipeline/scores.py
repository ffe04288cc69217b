"""Scores of an analysis: settings, tallies, the tidy table with intervals, and the one rule that chooses a layer."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from treeprobe.parsing import Score, Tally
from treeprobe.parsing.scores.intervals import bootstrap_all, difference, resampled_score
from treeprobe.reporting import merge_seeds, tables

COLUMNS = (
    "checkpoint", "treebank", "split", "layer", "probe", "rank", "seed", "metric", "value", "low", "high", "n"
)  # fmt: skip
INTEGERS = dict.fromkeys(("layer", "rank", "seed", "n"), "Int64")

HEADLINE_METRICS = ("uuas", "dspr", "root_accuracy", "nspr")
"""The scores of Hewitt & Manning (2019), in the order in which tables and figures have them."""

PROBE_OF = {"uuas": "distance", "dspr": "distance", "root_accuracy": "depth", "nspr": "depth"}
"""The kind of probe that each of them is a score of."""

CHAIN, RANDOM_WEIGHTS, CONTROL = "chain", "random weights", "control"
"""What the column `probe` calls baselines: each word joined to the next, probes of random weights, control trees."""


@dataclass(frozen=True)
class Setting:
    """What a score is of; `layer`, `rank` and `seed` are None for baselines without them."""

    checkpoint: str
    treebank: str
    split: str
    probe: str
    layer: int | None = None
    rank: int | None = None
    seed: int | None = None

    def rows(self, scores: Iterable[Score]) -> list[dict[str, Any]]:
        """One row of the table for each score."""
        return [{**vars(self), **vars(score)} for score in scores]


@dataclass(frozen=True)
class Measurement:
    """The tallies of one setting, by metric: what rows of the table, intervals and comparisons are made of."""

    setting: Setting
    tallies: Mapping[str, Tally]

    def as_baseline(self, checkpoint: str, probe: str) -> "Measurement":
        """The same tallies, reported as a baseline of another checkpoint."""
        return replace(self, setting=replace(self.setting, checkpoint=checkpoint, probe=probe))


def tabulate(measurements: Sequence[Measurement], *, more: Sequence[Mapping[str, Any]] = ()) -> pd.DataFrame:
    """The tidy table with 95 % intervals, and the selectivity of every score that has a control; `more` rows come last.

    All settings of a split are resampled on the same treebanks, which is far quicker; selectivity is of the same ones.
    """
    rows: list[Mapping[str, Any]] = []
    for split in dict.fromkeys(measurement.setting.split for measurement in measurements):
        measured = [
            (measurement.setting, tally)
            for measurement in measurements
            if measurement.setting.split == split
            for tally in measurement.tallies.values()
        ]
        resampled = bootstrap_all([tally for _, tally in measured])
        for (setting, tally), values in zip(measured, resampled):
            rows += setting.rows([resampled_score(tally, values)])
        rows += _selectivity_rows(measured, resampled)
    return score_table([*rows, *more])


def score_table(rows: Iterable[Mapping[str, Any]]) -> pd.DataFrame:
    """Rows as a frame with the table's columns in order; integers stay integers where a cell is empty."""
    return pd.DataFrame(list(rows), columns=list(COLUMNS)).astype(INTEGERS)


def read_scores(path: Any) -> pd.DataFrame:
    """A table of scores from its CSV file."""
    texts = dict.fromkeys(("checkpoint", "treebank", "split", "probe", "metric"), str)
    return pd.read_csv(path, keep_default_na=True, na_values=[], dtype=texts).astype(INTEGERS)


def probe_rows(scores: pd.DataFrame, metric: str, *, probe: str | None = None) -> pd.DataFrame:
    """The rows of a metric that are of one kind of probe: by default the one it is a score of, so no baselines."""
    return scores[(scores["metric"] == metric) & (scores["probe"] == (probe or PROBE_OF[metric]))]


def layer_scores(
    scores: pd.DataFrame, *, metric: str = "uuas", split: str = "dev", probe: str | None = None
) -> "pd.Series[float]":
    """A metric of one checkpoint's probes by layer: those of the largest rank, seeds averaged."""
    return tables.layer_means(probe_rows(scores, metric, probe=probe), split=split)


def best_layer(
    scores: pd.DataFrame, *, metric: str = "uuas", split: str = "dev", probe: str | None = None
) -> int | None:
    """The layer that `reporting.best_layer` chooses by a metric, for one checkpoint and treebank.

    None where they hold no such probe. `probe` asks for a baseline's layer instead.
    """
    return tables.best_layer(probe_rows(scores, metric, probe=probe), split=split)


def best_rows(scores: pd.DataFrame, *, by: Sequence[str], metric: str = "uuas", split: str = "dev") -> pd.DataFrame:
    """A metric's rows of a split, seeds merged, at the layer that `best_layer` chooses for each group and each rank.

    Args:
        scores: with the dev rows, by which layers are chosen.
        by: columns that tell the groups apart, such as checkpoint and treebank.
    """
    rows = probe_rows(scores, metric)
    found = [rows.iloc[:0]]
    for _, group in rows.groupby([*by, "rank"], sort=False, dropna=False):
        layer = best_layer(group, metric=metric)
        if layer is not None:
            found.append(group[(group["layer"] == layer) & (group["split"] == split)])
    return merge_seeds(pd.concat(found))


def _selectivity_rows(
    measured: Sequence[tuple[Setting, Tally]], resampled: NDArray[np.float64]
) -> list[dict[str, object]]:
    """For each score that has a control, its selectivity as a row of the score table, metric `selectivity_…`.

    Selectivity is the score on gold trees less the score of the same layer, rank and seed on control trees (Hewitt &
    Liang 2019, figure 2); its interval resamples the sentences of both alike. All of `measured` is of one split, and
    `resampled` holds each metric on the same resampled treebanks, (measured, resamples).
    """
    controls = {
        (*_probe_of(setting), tally.metric): number
        for number, (setting, tally) in enumerate(measured)
        if setting.probe == CONTROL
    }
    rows: list[dict[str, object]] = []
    for (setting, tally), values in zip(measured, resampled):
        control = controls.get((*_probe_of(setting), tally.metric))
        if control is not None and setting.probe in ("distance", "depth"):
            gap = difference(tally, measured[control][1], values - resampled[control])
            name = f"selectivity_{gap.metric}"
            rows += setting.rows([Score(name, gap.value, gap.low, gap.high, gap.n)])
    return rows


def _probe_of(setting: Setting) -> tuple[int | None, int | None, int | None]:
    """What a probe and its control have in common."""
    return setting.layer, setting.rank, setting.seed
