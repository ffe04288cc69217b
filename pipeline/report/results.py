"""What a report reads: the finished analyses of a folder, their scores, and the failures of a sweep."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import pandas as pd

from treeprobe.parsing.treebanks import Split
from treeprobe.pipeline.results.files import ResultFiles
from treeprobe.pipeline.results.findings import FindingsError
from treeprobe.pipeline.results.finished import Finished, collect_scores, read_contents
from treeprobe.pipeline.results.measured import Measured, best_measured
from treeprobe.pipeline.results.scores import (
    CHAIN,
    CONTROL,
    HEADLINE_METRICS,
    RANDOM_WEIGHTS,
    UNTRANSFORMED,
    best_layer,
    best_rows,
    probe_rows,
    reported_split,
    without_tree_probes,
)
from treeprobe.pipeline.results.sweep_folder import MARK, SweepFolder
from treeprobe.reporting import merge_seeds, metric_name

METRICS = {metric: metric_name(metric) for metric in HEADLINE_METRICS}
TITLES = {**METRICS, "root_accuracy": "Root accuracy"}
BASELINES = {
    RANDOM_WEIGHTS: "random weights, same architecture",
    CONTROL: "control trees, same probes",
    UNTRANSFORMED: "untransformed states, no probe",
    CHAIN: "left-to-right chain",
}
PROBES = "probes"
"""The folder of an analysis that no report reads."""
MOST_SHOWN = 7
"""Curves that one can still tell apart."""
MOST_LISTED = 40
"""Checkpoints that have a row of their own in a figure."""
MOST_DRAWN = 8
"""Tasks that have figures of their own; of more, some are drawn."""


Shown = TypeVar("Shown")


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
    _rows: dict[str, pd.DataFrame] = field(default_factory=dict, init=False, repr=False, compare=False)
    _best: dict[tuple[str, Split], dict[str, Measured]] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )

    @property
    def checkpoints(self) -> list[str]:
        """Every checkpoint that has a finished analysis."""
        return list(dict.fromkeys(one.checkpoint for one in self.finished))

    @property
    def without_results(self) -> list[str]:
        """Every checkpoint of which all that is on record failed."""
        failed = (str(one.get("checkpoint", one["task"])) for one in self.failed)
        return [name for name in dict.fromkeys(failed) if name not in self.checkpoints]

    @property
    def treebanks(self) -> list[str]:
        """Every treebank that a finished analysis trained on or scored."""
        return list(dict.fromkeys(one.trained_on for one in self.finished))

    def of(self, analysis: str) -> list[Finished]:
        """The finished analyses of a name."""
        return [one for one in self.finished if one.analysis == analysis]

    def reported_split(self, treebank: str) -> Split:
        """The split of a treebank whose scores are reported: see `scores.reported_split`."""
        return reported_split(self.structure_rows(treebank))

    def best_on(self, treebank: str, split: Split | None = None) -> dict[str, Measured]:
        """UUAS of every checkpoint at the layer best on dev, by its name; without those that have no edge to score.

        On the split that is reported, unless `split` is another.
        """
        key = treebank, split or self.reported_split(treebank)
        if key not in self._best:
            found = [one for one in self.of("structure") if one.treebank == treebank]
            known = [one for one in found if one.record["details"]["best_layer"] is not None]
            self._best[key] = {one.checkpoint: best_measured(one, split=key[1]) for one in known}
        return self._best[key]

    def best_of_all(self, treebank: str) -> "pd.Series[Any] | None":
        """The row of the checkpoint with the highest UUAS on a treebank's dev split; None where none has one."""
        found = scores_at(self.structure_rows(treebank), "uuas")
        return None if found.empty else found.iloc[int(found["value"].argmax())]

    def structure_rows(self, treebank: str) -> pd.DataFrame:
        """The rows of one treebank's structural analyses, all splits: probes of the largest rank, and their baselines.

        Several seeds are one row: their mean, see `reporting.merge_seeds`.
        """
        if treebank not in self._rows:
            scores = self.scores
            rows = without_tree_probes(scores[(scores["analysis"] == "structure") & (scores["trained_on"] == treebank)])
            largest = rows.groupby("checkpoint")["rank"].transform("max")
            self._rows[treebank] = merge_seeds(rows[rows["rank"].isna() | (rows["rank"] == largest)])
        return self._rows[treebank]


def read_results(folder: str | Path) -> Results:
    """Everything, from the folder of an analysis or of a sweep; damaged tasks of a sweep count as failed.

    Raises FindingsError when it holds neither, or a single analysis that is damaged.
    """
    place = Path(folder).expanduser()
    failed = SweepFolder.existing(place).failed() if (place / MARK).exists() else []
    finished, damaged = read_contents(place, verify=True, without=[PROBES])
    scores, unreadable = collect_scores(finished)
    lost = {**damaged, **unreadable}
    if unreadable and not (place / MARK).exists():
        raise FindingsError(*unreadable.values())
    whole = [one for one in finished if one.folder.name not in lost]
    damages = ({**_about_damaged(place, task), "task": task, "reason": lost[task]} for task in lost)
    return Results(place.absolute(), scores, whole, [*failed, *damages])


def _about_damaged(sweep: Path, task: str) -> dict[str, str]:
    """What a damaged task is about, as a failure says it; empty where its record is what is damaged."""
    try:
        one = Finished(ResultFiles.of(SweepFolder.existing(sweep).task(task)))
    except FindingsError:
        return {}
    return {"checkpoint": one.checkpoint, "treebank": one.treebank, "analysis": one.analysis}


def score_at(
    rows: pd.DataFrame, metric: str, *, split: str = "dev", probe: str | None = None
) -> "pd.Series[Any] | None":
    """One checkpoint's row of a metric and split at the layer that is best for it on dev; None where there is none.

    `probe` asks for a baseline instead of the metric's own kind of probe.
    """
    found = probe_rows(rows[rows["split"] == split], metric, probe=probe)
    if not found["layer"].isna().all():
        found = found[found["layer"] == best_layer(rows, metric=metric, probe=probe)]
    return None if found.empty or found["value"].isna().all() else found.iloc[0]


def scores_at(rows: pd.DataFrame, metric: str, *, split: str = "dev", probe: str | None = None) -> pd.DataFrame:
    """What `score_at` finds for each checkpoint, by its name; without those for which it finds nothing.

    Asking for each of hundreds takes most of the time of a report. Rows are of one rank for each checkpoint.
    """
    own = probe_rows(rows, metric, probe=probe)
    chosen = own[(own["split"] == "dev") & own["layer"].notna()].dropna(subset="value")
    means = chosen.groupby(["checkpoint", "layer"])["value"].mean()
    # The first of several highest, as layers ascend.
    best = dict(means.groupby(level="checkpoint").idxmax().tolist())
    found = own[own["split"] == split]
    layers = found["layer"].astype(float)
    layered = layers.notna().groupby(found["checkpoint"]).transform("any")
    at_best = layers == found["checkpoint"].map(best).astype(float)
    first = found[~layered | at_best].drop_duplicates("checkpoint")
    return first.dropna(subset="value").set_index("checkpoint", drop=False)


def spread(rows: pd.DataFrame) -> list[str]:
    """Up to `MOST_SHOWN` checkpoints, in their order, from the worst to the best by UUAS at their best layer."""
    names = list(dict.fromkeys(rows["checkpoint"]))
    ordered = best_rows(rows, by=["checkpoint"]).sort_values("value")["checkpoint"].unique()
    if len(names) <= MOST_SHOWN or not len(ordered):
        return names[:MOST_SHOWN]
    places = np.linspace(0, len(ordered) - 1, MOST_SHOWN).round().astype(int)
    chosen = set(ordered[places])
    return [name for name in names if name in chosen]


def evenly(found: Sequence[Shown], most: int) -> list[Shown]:
    """All of a few; of more than `most`, so many of them, evenly spread from the first to the last."""
    places = np.linspace(0, len(found) - 1, min(most, len(found))).round().astype(int)
    return [found[place] for place in places]


def drawn(found: Mapping[str, Shown]) -> dict[str, Shown]:
    """Those of a section's tasks, by name, that have figures of their own."""
    return dict(evenly(list(found.items()), MOST_DRAWN))


def said_of_drawn(count: int) -> str:
    """A sentence on how many of so many tasks are drawn; empty where all are."""
    if count <= MOST_DRAWN:
        return ""
    return (
        f" Figures are of {MOST_DRAWN} of the {count}, evenly spread over the list; the report of the folder of one "
        "task shows its own."
    )
