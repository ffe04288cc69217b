"""What analyses found, read back: the table of scores of a folder, and the tallies and edges of each setting."""

import importlib.util
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pandas as pd

from treeprobe.files import written_whole
from treeprobe.parsing import Tally
from treeprobe.parsing.scores import mean_tally
from treeprobe.pipeline.findings import EARLIER, RECORD, FindingsError, read_record
from treeprobe.pipeline.scores import COLUMNS, PROBE_OF, Setting, best_layer, read_scores, score_table
from treeprobe.pipeline.sweep_folder import MARK, SweepFolder
from treeprobe.pipeline.tally_files import FoundEdges, read_edges, read_index, read_tally

TALLIES = "tallies"
TASK_COLUMNS = ("analysis", "trained_on", "family", "step")
"""Columns beside those of the score table, by which the rows of several analyses differ."""


@dataclass(frozen=True)
class Finished:
    """A finished analysis: its folder, and its record."""

    folder: Path
    record: Mapping[str, Any]

    @property
    def analysis(self) -> str:
        """Which analysis it is."""
        return str(self.record["analysis"])

    @property
    def checkpoint(self) -> str:
        """The checkpoint's name."""
        return str(self.record["checkpoint"]["name"])

    @property
    def treebank(self) -> str:
        """The name of the treebank that was scored."""
        return str(self.record["treebank"])

    @property
    def trained_on(self) -> str:
        """The name of the treebank that its probes were trained on."""
        return str(self.record["details"].get("trained_on", self.treebank))

    def table(self, name: str, *, texts: Sequence[str] = ()) -> pd.DataFrame:
        """One of its tables; the columns `texts` stay text. Raises FindingsError when it cannot be read."""
        path = self.folder / f"{name}.csv"
        try:
            return pd.read_csv(path, dtype=dict.fromkeys(texts, str))
        except (OSError, ValueError) as error:
            raise FindingsError(f"{path}: cannot be read: {error}; run the analysis again") from error

    def scores(self) -> pd.DataFrame:
        """Its score table with the columns that tell analyses apart; without rows where it has none."""
        path = self.folder / "scores.csv"
        scores = read_scores(path) if path.exists() else score_table([])
        return scores.assign(
            analysis=self.analysis,
            trained_on=self.trained_on,
            family=pd.Series([self.record.get("family")] * len(scores), dtype="string"),
            step=pd.Series([self.record.get("step")] * len(scores), dtype="Int64"),
        )


def read_finished(folder: str | Path) -> list[Finished]:
    """The finished analyses of a folder: the one that it holds, or every finished task of a sweep, by name.

    A task whose record is damaged counts as unfinished: the sweep will do it again.

    Raises FindingsError when the folder holds neither.
    """
    place = Path(folder).expanduser()
    if (place / MARK).exists():
        sweep = SweepFolder.existing(place)
        records = ((path, sweep.record(path.name)) for path in sweep.finished())
        return [Finished(path, record) for path, record in records if record is not None]
    if place.is_dir() and not any((place / name).exists() for name in (RECORD, *EARLIER)):
        raise FindingsError(
            f"{place}: holds neither {RECORD} nor {MARK}; expected the folder of an analysis or of a sweep"
        )
    return [Finished(place, read_record(place))]


def load_results(folder: str | Path) -> pd.DataFrame:
    """The scores of every finished analysis of a folder, tidy.

    Columns: those of the score table, then analysis, trained_on, family, step. Takes the folder of one analysis or of a
    sweep; the latter is read from its finished tasks, so that the table is right at any moment, also while a sweep is
    at work or after one was killed.

    Raises FindingsError when the folder holds neither.
    """
    frames = [frame for one in read_finished(folder) if not (frame := one.scores()).empty]
    columns = [*COLUMNS, *TASK_COLUMNS]
    return pd.concat(frames, ignore_index=True).reindex(columns=columns) if frames else pd.DataFrame(columns=columns)


def write_table(folder: Path, scores: pd.DataFrame) -> Path:
    """Write the table of all scores into a sweep's folder, whole; returns the file."""
    parquet = importlib.util.find_spec("pyarrow") is not None
    target = folder / ("results.parquet" if parquet else "results.csv")
    with written_whole(target) as draft:
        scores.to_parquet(draft, index=False) if parquet else scores.to_csv(draft, index=False)
    return target


@dataclass(frozen=True)
class Measured:
    """One metric of one setting of a finished analysis, over all its seeds; `setting.seed` is None.

    `numbers` are those of the seeds' tallies in the analysis's folder.
    """

    folder: Path
    numbers: Sequence[int]
    setting: Setting
    metric: str

    @property
    def layer(self) -> int:
        """The layer that was probed; 0 for what has none."""
        return self.setting.layer or 0

    def tally(self) -> Tally:
        """Its counts in every sentence, the mean over seeds."""
        place, split = self.folder / TALLIES, self.setting.split
        return mean_tally([read_tally(place, number, metric=self.metric, split=split) for number in self.numbers])

    def edges(self) -> pd.DataFrame:
        """Every gold edge of its split, `correct` the share of the seeds whose tree has it.

        Raises FindingsError when they were not kept.
        """
        return _edge_table(self, read_edges(self.folder / TALLIES, self.setting.split))


def _edge_table(measured: Measured, found: FoundEdges) -> pd.DataFrame:
    """The edges as one measured setting found them. Raises FindingsError when that setting is not among `found`."""
    own = [row for row, setting in enumerate(found.settings) if replace(setting, seed=None) == measured.setting]
    if own:
        return found.table(own)
    raise FindingsError(f"{measured.folder.name}: holds no edges of layer {measured.layer}")


def everything_measured(folder: Path) -> Iterator[Measured]:
    """Everything that a structural or transfer analysis measured, each setting with all its seeds."""
    seeds: dict[tuple[Setting, str], list[int]] = {}
    for number, row in enumerate(read_index(folder / TALLIES)["tallies"]):
        metric = row.pop("metric")
        seeds.setdefault((Setting(**{**row, "seed": None}), metric), []).append(number)
    for (setting, metric), numbers in seeds.items():
        yield Measured(folder, numbers, setting, metric)


def probes_in(folder: Path, *, metric: str = "uuas", split: str = "dev") -> list[Measured]:
    """The probes in the folder of an analysis, one a layer: those of the largest rank.

    Raises FindingsError when it has none that the metric is a score of.
    """
    everything = list(everything_measured(folder))
    found = [
        one
        for one in everything
        if (one.metric, one.setting.split, one.setting.probe) == (metric, split, PROBE_OF.get(metric))
    ]
    if not found:
        known = dict.fromkeys(f"{one.metric} on {one.setting.split}" for one in everything if one.metric in PROBE_OF)
        raise FindingsError(f"{folder.name}: no {metric} on {split}; found {', '.join(known) or 'nothing'}")
    rank = max(one.setting.rank or 0 for one in found)
    return [one for one in found if (one.setting.rank or 0) == rank]


def structure_of(folder: str | Path, checkpoint: str | None = None, *, treebank: str | None = None) -> Finished:
    """The structural analysis of a checkpoint, in the folder of a sweep or of that one analysis.

    Raises FindingsError when there is none, or several, among which `checkpoint` and `treebank` then choose.
    """
    known = [one for one in read_finished(folder) if one.analysis == "structure"]
    found = [one for one in known if checkpoint in (None, one.checkpoint) and treebank in (None, one.treebank)]
    if len(found) != 1:
        asked = " on ".join(name for name in (checkpoint, treebank) if name is not None) or "one"
        names = ", ".join(f"{one.checkpoint} on {one.treebank}" for one in known) or "none"
        raise FindingsError(
            f"{folder}: {len(found)} structural analyses of {asked}, expected one; found {names}; choose by "
            "checkpoint= and treebank="
        )
    return found[0]


def best_measured(one: Finished, *, metric: str = "uuas", split: str = "dev") -> Measured:
    """A metric of the probes at the layer that is best on dev (`scores.best_layer`: by UUAS, seeds averaged).

    Raises FindingsError when the analysis has no such layer.
    """
    layer = best_layer(one.scores())
    if layer is None:
        raise FindingsError(f"{one.folder}: has no layer with a UUAS on dev")
    return at_layer(probes_in(one.folder, metric=metric, split=split), layer)


def at_layer(measured: Sequence[Measured], layer: int) -> Measured:
    """The one of a layer. Raises FindingsError when that layer was not measured."""
    for one in measured:
        if one.layer == layer:
            return one
    name = measured[0].setting.checkpoint
    raise FindingsError(f"{name}: no layer {layer}; measured {[one.layer for one in measured]}")
