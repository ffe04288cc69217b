"""What analyses found, read back: the finished analyses of a folder, their tables, and all scores as one."""

import importlib.util
import os
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from treeprobe.files import written_whole
from treeprobe.pipeline.results.files import ResultFiles
from treeprobe.pipeline.results.findings import EARLIER, RECORD, FindingsError
from treeprobe.pipeline.results.score_tables import OWNER, read_together
from treeprobe.pipeline.results.scores import COLUMNS, SIGNATURE, read_scores, score_table
from treeprobe.pipeline.results.signing import sign
from treeprobe.pipeline.results.sweep_folder import MARK, DamagedResults, SweepFolder

SCORES = "scores.csv"
TASK_COLUMNS = ("analysis", "trained_on", "family", "step")
"""Columns beside those of the score table, by which the rows of several analyses differ."""
_TOGETHER = 500
"""Analyses whose scores are parsed at once."""


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

    @property
    def about(self) -> Mapping[str, Any]:
        """The values of `TASK_COLUMNS`."""
        values = (self.analysis, self.trained_on, self.record.get("family"), self.record.get("step"))
        return dict(zip(TASK_COLUMNS, values))

    def table(self, name: str, *, texts: Sequence[str] = ()) -> pd.DataFrame:
        """One of its tables; the columns `texts` stay text. Raises FindingsError when it is damaged."""
        return self.files.table(f"{name}.csv", texts=texts)

    def scores(self) -> pd.DataFrame:
        """Its score table with signatures and the columns that tell analyses apart; without rows where it has none.

        Signatures of tables that an earlier version wrote without them are worked out from the record.

        Raises FindingsError when it is damaged.
        """
        if SCORES in self.files:
            with self.files.reading(SCORES) as path:
                scores = read_scores(path)
        else:
            scores = score_table([])
        return _described(sign(scores, self.record).assign(**{OWNER: 0}), [self])


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

    Columns: those of the score table, then signature, analysis, trained_on, family, step. Takes the folder of one
    analysis or of a sweep; the latter is read from its finished tasks, so that the table is right at any moment, also
    while a sweep is at work or after one was killed. Damaged tasks of a sweep are left out with a warning
    (`DamagedResults`).

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
    frames: list[pd.DataFrame] = []
    damaged: dict[str, str] = {}
    for first in range(0, len(finished), _TOGETHER):
        run = finished[first : first + _TOGETHER]
        together = read_together([one.files for one in run], SCORES)
        if together is not None:
            frames += [_described(table, run) for table in together]
            continue
        for one in run:
            try:
                frames.append(one.scores())
            except FindingsError as error:
                damaged[one.folder.name] = str(error)
    columns = [*COLUMNS, SIGNATURE, *TASK_COLUMNS]
    full = [frame for frame in frames if not frame.empty]
    table = pd.concat(full, ignore_index=True).reindex(columns=columns) if full else pd.DataFrame(columns=columns)
    return table, damaged


def _described(table: pd.DataFrame, finished: Sequence[Finished]) -> pd.DataFrame:
    """Rows of several analyses with the columns that tell these apart."""
    types: Mapping[str, Any] = {"analysis": str, "trained_on": str, "family": "string", "step": "Int64"}
    about = pd.DataFrame([one.about for one in finished], columns=list(types)).astype(types)
    own = about.take(table[OWNER].to_numpy()).set_axis(table.index)
    return pd.concat([table.drop(columns=OWNER), own], axis="columns")


def _is_sweep(folder: str | Path) -> bool:
    """Whether a folder is a sweep's."""
    return (Path(folder).expanduser() / MARK).exists()


def _warn(damaged: Mapping[str, str]) -> None:
    """Name what is left out."""
    for problem in damaged.values():
        warnings.warn(problem, DamagedResults, stacklevel=3)


def tasks_changed(folder: Path) -> int:
    """When a task of a sweep last came or went, in nanoseconds of whatever clock its disk goes by."""
    return SweepFolder.at(folder).tasks.stat().st_mtime_ns


def write_table(folder: Path, scores: pd.DataFrame, *, changed: int) -> Path:
    """Write the table of all scores into a sweep's folder, whole; returns the file.

    Args:
        changed: `tasks_changed`, asked before the tasks were read; the file bears that time.
    """
    target = _table(folder)
    with written_whole(target) as draft:
        if target.suffix == ".parquet":
            scores.to_parquet(draft, index=False)
        else:
            scores.to_csv(draft, index=False)
        os.utime(draft, ns=(changed, changed))
    return target


def table_is_current(folder: Path) -> bool:
    """Whether nothing happened to the tasks of a sweep since they were read for its table.

    Times are compared with what they were, and never one clock with another: of some disks, whoever writes sets them.
    """
    target = _table(folder)
    return target.exists() and target.stat().st_mtime_ns == tasks_changed(folder)


def _table(folder: Path) -> Path:
    """Where the table of all scores is."""
    return folder / ("results.csv" if importlib.util.find_spec("pyarrow") is None else "results.parquet")


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
