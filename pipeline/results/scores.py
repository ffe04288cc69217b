"""Scores of an analysis: settings, tallies, the tidy table with intervals, and the one rule that chooses a layer."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import pandas as pd

from treeprobe.parsing import Difference, Score, Tally
from treeprobe.parsing.scores import mean_tally, resample
from treeprobe.parsing.treebanks import Split
from treeprobe.reporting import merge_seeds, tables

COLUMNS = (
    "checkpoint", "treebank", "split", "layer", "probe", "rank", "seed", "metric", "value", "low", "high", "n",
    "mean_low", "mean_high", "resampled", "punctuation",
)  # fmt: skip
"""`low` and `high` are the 95 % interval of one seed's score, `mean_low` and `mean_high` that of the mean over seeds
of a setting, the same in the row of each; `resampled` is what the bootstrap drew, documents or sentences; `punctuation`
the rule by which UUAS and root accuracy left words out."""
SIGNATURE = "signature"
"""The column that says how a score was made (`treeprobe.signature`); it is added to the tables of a whole analysis."""
INTEGERS = dict.fromkeys(("layer", "rank", "seed", "n"), "Int64")

HEADLINE_METRICS = ("uuas", "dspr", "root_accuracy", "nspr")
"""The scores of Hewitt & Manning (2019), in the order in which tables and figures have them."""

PROBE_OF = {"uuas": "distance", "dspr": "distance", "root_accuracy": "depth", "nspr": "depth"}
"""The kind of probe that each of them is a score of."""

CHOSEN_ON = {"dev": "chosen on the same sentences", "test": "chosen on dev"}
"""What is said of epochs and layers beside the scores of a split: those that chose them are a little optimistic."""

CHAIN, RANDOM_WEIGHTS, CONTROL, UNTRANSFORMED = "chain", "random weights", "control", "untransformed"
"""What the column `probe` calls baselines: each word joined to the next, probes of random weights, control trees, and
the states themselves, without a probe."""

CONCATENATION = "concatenation"
"""What the column `probe` calls probes of several layers' states side by side; they have no layer."""

ATTENTION_ONLY = "attention-only"
"""What the column `probe` calls the probe of all attention heads together, which has no layer."""

TREE_PROBES = ("depprobe", "polar")
"""What the column `probe` calls probes that predict labelled trees."""

LABEL_METRICS = ("las", "relation_accuracy")
"""Their scores that have a control of labels, and so a selectivity."""


def control_of(probe: str) -> str:
    """What the column `probe` calls the same probes on control labels."""
    return f"{probe}, {CONTROL} labels"


@dataclass(frozen=True)
class Setting:
    """What a score is of; `layer`, `rank` and `seed` are None for baselines without them.

    `punctuation` is the rule by which UUAS and root accuracy left words out; None where nothing depends on it.
    """

    checkpoint: str
    treebank: str
    split: str
    probe: str
    layer: int | None = None
    rank: int | None = None
    seed: int | None = None
    punctuation: str | None = None


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
        rows += _split_rows([measurement for measurement in measurements if measurement.setting.split == split])
    return score_table([*rows, *more])


def score_table(rows: Iterable[Mapping[str, Any]]) -> pd.DataFrame:
    """Rows as a frame with the table's columns in order; integers stay integers where a cell is empty."""
    return pd.DataFrame(list(rows), columns=list(COLUMNS)).astype(INTEGERS)


def read_scores(path: Any) -> pd.DataFrame:
    """A table of scores from its CSV file; only an empty cell has no value, as a checkpoint may be called "NA"."""
    names = ("checkpoint", "treebank", "split", "probe", "metric", "resampled", "punctuation", SIGNATURE)
    texts = dict.fromkeys(names, str)
    return pd.read_csv(path, keep_default_na=False, na_values=[""], dtype=texts).astype(INTEGERS)


def probe_rows(scores: pd.DataFrame, metric: str, *, probe: str | None = None) -> pd.DataFrame:
    """The rows of a metric that are of one kind of probe: by default the one it is a score of, so no baselines."""
    return scores[(scores["metric"] == metric) & (scores["probe"] == (probe or PROBE_OF[metric]))]


def without_tree_probes(scores: pd.DataFrame) -> pd.DataFrame:
    """The rows of structural probes and their baselines, without those of probes of labelled trees."""
    others = [*TREE_PROBES, *map(control_of, TREE_PROBES), ATTENTION_ONLY]
    return scores[~scores["probe"].isin(others)]


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


def reported_split(scores: pd.DataFrame) -> Split:
    """The split whose scores are reported first: test where every probe was scored on it, or else dev, which chose."""
    probes = scores[scores["probe"].isin(list(PROBE_OF.values())) & scores["metric"].isin(HEADLINE_METRICS)]
    where = [name for name in ("checkpoint", "trained_on") if name in probes]
    every, tested = (len(rows[where].drop_duplicates()) for rows in (probes, probes[probes["split"] == "test"]))
    return "test" if 0 < tested == every else "dev"


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


def _split_rows(measurements: Sequence[Measurement]) -> list[dict[str, Any]]:
    """The rows of one split: those of every score, then those of selectivity.

    Selectivity is the score on gold trees less the score of the same layer, rank and seed on control trees, or on
    control labels (Hewitt & Liang 2019, figure 2); its interval resamples both alike.
    """
    measured = [(one.setting, tally) for one in measurements for tally in one.tallies.values()]
    places = {(setting, tally.metric): place for place, (setting, tally) in enumerate(measured)}
    averaged = _add_means(measured)
    found = resample([tally for _, tally in measured])
    rows = []
    for place, mean in averaged.items():
        rows.append(_row(measured[place][0], found.score(place), found.score(mean)))
    for place, mean in averaged.items():
        setting, tally = measured[place]
        name = CONTROL if setting.probe == PROBE_OF.get(tally.metric) else control_of(setting.probe)
        control = places.get((replace(setting, probe=name), tally.metric))
        if control is not None:
            gaps = found.difference(place, control), found.difference(mean, averaged[control])
            rows.append(_row(setting, *gaps) | {"metric": f"selectivity_{tally.metric}"})
    return rows


def _add_means(measured: list[tuple[Setting, Tally]]) -> dict[int, int]:
    """Append the mean over seeds of every setting with several; where the mean of each of the others then is."""
    seeds: dict[tuple[Setting, str], list[int]] = {}
    for place, (setting, tally) in enumerate(measured):
        seeds.setdefault((replace(setting, seed=None), tally.metric), []).append(place)
    averaged = {place: place for place in range(len(measured))}
    for (setting, _), own in seeds.items():
        if len(own) > 1:
            averaged.update(dict.fromkeys(own, len(measured)))
            measured.append((setting, mean_tally([measured[place][1] for place in own])))
    return averaged


def _row(setting: Setting, own: Score | Difference, mean: Score | Difference) -> dict[str, Any]:
    """A row of the table: one seed's score, with the interval of the mean over seeds."""
    return {**vars(setting), **vars(own), "mean_low": mean.low, "mean_high": mean.high}
