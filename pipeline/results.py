"""What analyses found, read back: the table of scores of a folder, and the tallies and edges of each setting."""

import importlib.util
import warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pandas as pd

from treeprobe.files import written_whole
from treeprobe.parsing import Tally
from treeprobe.parsing.scores import mean_tally
from treeprobe.pipeline.findings import EARLIER, RECORD, FindingsError
from treeprobe.pipeline.result_files import ResultFiles
from treeprobe.pipeline.scores import COLUMNS, PROBE_OF, Setting, best_layer, read_scores, score_table
from treeprobe.pipeline.sweep_folder import MARK, DamagedResults, SweepFolder
from treeprobe.pipeline.tally_files import FoundEdges, read_edges, read_index, read_tally

SCORES = "scores.csv"
TASK_COLUMNS = ("analysis", "trained_on", "family", "step")
"""Columns beside those of the score table, by which the rows of several analyses differ."""


@dataclass(frozen=True)
class Finished:
    """A finished analysis: its files, of which the record has been read."""

    files: ResultFiles

    @property
    def folder(self) -> Path:
        """Where it lies."""
        return self.files.folder

    @property
    def record(self) -> Mapping[str, Any]:
        """What was analysed and how."""
        return self.files.record

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
        """One of its tables; the columns `texts` stay text. Raises FindingsError when it is damaged."""
        return self.files.table(f"{name}.csv", texts=texts)

    def scores(self) -> pd.DataFrame:
        """Its score table with the columns that tell analyses apart; without rows where it has none.

        Raises FindingsError when it is damaged.
        """
        if SCORES in self.files:
            with self.files.reading(SCORES) as path:
                scores = read_scores(path)
        else:
            scores = score_table([])
        return scores.assign(
            analysis=self.analysis,
            trained_on=self.trained_on,
            family=pd.Series([self.record.get("family")] * len(scores), dtype="string"),
            step=pd.Series([self.record.get("step")] * len(scores), dtype="Int64"),
        )


def read_finished(folder: str | Path) -> list[Finished]:
    """The finished analyses of a folder: the one that it holds, or every finished task of a sweep, by name.

    A task of a sweep whose files are damaged, as far as their sizes and its record show it, is left out with a warning
    (`DamagedResults`).

    Raises FindingsError when the folder holds neither, or a single analysis that is damaged.
    """
    finished, damaged = read_contents(folder)
    _warn(damaged)
    return finished


def load_results(folder: str | Path) -> pd.DataFrame:
    """The scores of every finished analysis of a folder, tidy.

    Columns: those of the score table, then analysis, trained_on, family, step. Takes the folder of one analysis or of a
    sweep; the latter is read from its finished tasks, so that the table is right at any moment, also while a sweep is
    at work or after one was killed. Damaged tasks of a sweep are left out with a warning (`DamagedResults`).

    Raises FindingsError when the folder holds neither, or a single analysis that is damaged.
    """
    finished, damaged = read_contents(folder)
    scores, unreadable = collect_scores(finished)
    if unreadable and not _is_sweep(folder):
        raise FindingsError(*unreadable.values())
    _warn({**damaged, **unreadable})
    return scores


def read_contents(
    folder: str | Path, *, verify: bool = False, without: Sequence[str] = ()
) -> tuple[list[Finished], dict[str, str]]:
    """As `read_finished`, and what is wrong with each damaged task of a sweep, by its name, instead of warnings.

    Args:
        verify: compare the digests of files too, but for those in the folders `without`.
    """
    place = Path(folder).expanduser()
    if _is_sweep(place):
        found, damaged = SweepFolder.existing(place).read_tasks(verify=verify, without=without)
        return [Finished(files) for files in found], damaged
    if place.is_dir() and not any((place / name).exists() for name in (RECORD, *EARLIER)):
        raise FindingsError(
            f"{place}: holds neither {RECORD} nor {MARK}; expected the folder of an analysis or of a sweep"
        )
    files = ResultFiles.of(place)
    files.check(verify=verify, without=without)
    return [Finished(files)], {}


def collect_scores(finished: Sequence[Finished]) -> tuple[pd.DataFrame, dict[str, str]]:
    """The scores of finished analyses as one table, and what is wrong with unreadable ones, by the name of the task."""
    frames, damaged = [], {}
    for one in finished:
        try:
            frames.append(one.scores())
        except FindingsError as error:
            damaged[one.folder.name] = str(error)
    columns = [*COLUMNS, *TASK_COLUMNS]
    full = [frame for frame in frames if not frame.empty]
    table = pd.concat(full, ignore_index=True).reindex(columns=columns) if full else pd.DataFrame(columns=columns)
    return table, damaged


def _is_sweep(folder: str | Path) -> bool:
    """Whether a folder is a sweep's."""
    return (Path(folder).expanduser() / MARK).exists()


def _warn(damaged: Mapping[str, str]) -> None:
    """Name what is left out."""
    for problem in damaged.values():
        warnings.warn(problem, DamagedResults, stacklevel=3)


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

    `numbers` are those of the seeds' tallies among the analysis's files.
    """

    files: ResultFiles
    numbers: Sequence[int]
    setting: Setting
    metric: str

    @property
    def layer(self) -> int:
        """The layer that was probed; 0 for what has none."""
        return self.setting.layer or 0

    def tally(self) -> Tally:
        """Its counts in every sentence, the mean over seeds."""
        split = self.setting.split
        return mean_tally([read_tally(self.files, number, metric=self.metric, split=split) for number in self.numbers])

    def edges(self) -> pd.DataFrame:
        """Every gold edge of its split, `correct` the share of the seeds whose tree has it.

        Raises FindingsError when they were not kept.
        """
        return _edge_table(self, read_edges(self.files, self.setting.split))


def _edge_table(measured: Measured, found: FoundEdges) -> pd.DataFrame:
    """The edges as one measured setting found them. Raises FindingsError when that setting is not among `found`."""
    own = [row for row, setting in enumerate(found.settings) if replace(setting, seed=None) == measured.setting]
    if own:
        return found.table(own)
    raise FindingsError(f"{measured.files.folder.name}: holds no edges of layer {measured.layer}")


def everything_measured(one: Finished) -> Iterator[Measured]:
    """Everything that a structural or transfer analysis measured, each setting with all its seeds."""
    seeds: dict[tuple[Setting, str], list[int]] = {}
    for number, (setting, metric) in enumerate(read_index(one.files)):
        seeds.setdefault((replace(setting, seed=None), metric), []).append(number)
    for (setting, metric), numbers in seeds.items():
        yield Measured(one.files, numbers, setting, metric)


def probes_in(one: Finished, *, metric: str = "uuas", split: str = "dev") -> list[Measured]:
    """The probes of a structural or transfer analysis, one a layer: those of the largest rank.

    Raises FindingsError when it has none that the metric is a score of.
    """
    everything = list(everything_measured(one))
    found = [
        probe
        for probe in everything
        if (probe.metric, probe.setting.split, probe.setting.probe) == (metric, split, PROBE_OF.get(metric))
    ]
    if not found:
        known = dict.fromkeys(
            f"{probe.metric} on {probe.setting.split}" for probe in everything if probe.metric in PROBE_OF
        )
        raise FindingsError(f"{one.folder.name}: no {metric} on {split}; found {', '.join(known) or 'nothing'}")
    rank = max(probe.setting.rank or 0 for probe in found)
    return [probe for probe in found if (probe.setting.rank or 0) == rank]


def structure_of(folder: str | Path, checkpoint: str | None = None, *, treebank: str | None = None) -> Finished:
    """The structural analysis of a checkpoint, in the folder of a sweep or of that one analysis.

    Raises FindingsError when there is none, or several, among which `checkpoint` and `treebank` then choose.
    """
    finished, damaged = read_contents(folder)
    known = [one for one in finished if one.analysis == "structure"]
    found = [one for one in known if checkpoint in (None, one.checkpoint) and treebank in (None, one.treebank)]
    if len(found) != 1:
        asked = " on ".join(name for name in (checkpoint, treebank) if name is not None) or "one"
        names = ", ".join(f"{one.checkpoint} on {one.treebank}" for one in known) or "none"
        problem = f"{folder}: {len(found)} structural analyses of {asked}, expected one; found {names}; choose by "
        raise FindingsError("\n".join([f"{problem}checkpoint= and treebank=", *damaged.values()]))
    _warn(damaged)
    return found[0]


def best_measured(one: Finished, *, metric: str = "uuas", split: str = "dev") -> Measured:
    """A metric of the probes at the layer that is best on dev (`scores.best_layer`: by UUAS, seeds averaged).

    Raises FindingsError when the analysis has no such layer.
    """
    layer = best_layer(one.scores())
    if layer is None:
        raise FindingsError(f"{one.folder}: has no layer with a UUAS on dev")
    return at_layer(probes_in(one, metric=metric, split=split), layer)


def at_layer(measured: Sequence[Measured], layer: int) -> Measured:
    """The one of a layer. Raises FindingsError when that layer was not measured."""
    for one in measured:
        if one.layer == layer:
            return one
    name = measured[0].setting.checkpoint
    raise FindingsError(f"{name}: no layer {layer}; measured {[one.layer for one in measured]}")
