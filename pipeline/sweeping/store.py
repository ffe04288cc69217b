"""A sweep's folder: one folder a finished task, one file a failed one, and one table of everything finished.

DIR/
    sweep.json             that this is a sweep, and its options
    tasks/NAME/            a finished task, whole or not there: task.json, scores.csv and what its analysis writes
    failures/NAME.json     why a task failed; gone when it succeeds
    results.parquet        every finished task's scores (results.csv without pyarrow); rebuilt from tasks/ at any time
    cache/CHECKPOINT/      hidden states shared by the tasks of a checkpoint
"""

import importlib.util
import json
import re
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
from filelock import FileLock, Timeout

from treeprobe.files import write_json, written_whole
from treeprobe.pipeline.score_table import COLUMNS
from treeprobe.pipeline.sweeping.errors import SweepError
from treeprobe.pipeline.sweeping.file_names import label
from treeprobe.pipeline.sweeping.plan import Task

FORMAT = 1


@dataclass(frozen=True)
class Store:
    """The folder of a sweep; `cache` is where its hidden states lie, inside it unless told."""

    folder: Path
    cache: Path

    @classmethod
    def at(cls, folder: str | Path, *, cache: str | Path | None = None) -> "Store":
        """The store in `folder`, whether it is there already or not; paths are made absolute for other processes."""
        folder = Path(folder).expanduser().absolute()
        return cls(folder, folder / "cache" if cache is None else Path(cache).expanduser().absolute())

    @classmethod
    def existing(cls, folder: str | Path) -> "Store":
        """The store in a folder that has one. Raises SweepError when it has none."""
        store = cls.at(folder)
        if not (store.folder / "sweep.json").exists():
            raise SweepError(f"{folder}: holds no sweep.json; expected the folder of a sweep")
        return store

    def begin(self, record: Mapping[str, Any]) -> None:
        """Make the folder. Raises SweepError when it holds something else or cannot be written."""
        if self.folder.is_dir() and any(self.folder.iterdir()) and not (self.folder / "sweep.json").exists():
            raise SweepError(f"{self.folder}: holds files that are not a sweep's; choose another folder")
        try:
            for folder in (self.tasks, self.failures, self.cache):
                folder.mkdir(parents=True, exist_ok=True)
            write_json(self.folder / "sweep.json", {"format": FORMAT, **record})
        except OSError as error:
            raise SweepError(f"{self.folder}: cannot be written: {error.strerror}") from error

    @contextmanager
    def driving(self) -> Iterator[None]:
        """Be the only sweep in this folder. Raises SweepError when another one is at work."""
        lock = FileLock(self.folder / ".sweep.lock")
        try:
            lock.acquire(timeout=0)
        except Timeout as error:
            raise SweepError(f"{self.folder}: another sweep is at work in this folder") from error
        try:
            yield
        finally:
            lock.release()

    @property
    def tasks(self) -> Path:
        """Where finished tasks lie."""
        return self.folder / "tasks"

    @property
    def failures(self) -> Path:
        """Where reasons of failures lie."""
        return self.folder / "failures"

    def task_folder(self, task: Task) -> Path:
        """Where a task's results lie once it is finished."""
        return self.tasks / task.name

    def cache_of(self, task: Task) -> Path:
        """The caches that the tasks of a checkpoint share, so that they can be dropped together."""
        return self.cache / label(task.checkpoint.name)

    def record(self, task: Task) -> dict[str, Any] | None:
        """What a finished task says of itself; None when it is not finished."""
        return read_json(self.task_folder(task) / "task.json")

    def records(self) -> list[dict[str, Any]]:
        """The records of every finished task, by name."""
        found = (read_json(folder / "task.json") for folder in self.finished())
        return [record for record in found if record is not None]

    def finished(self) -> list[Path]:
        """The folders of finished tasks, by name; hidden ones are being written."""
        folders = (path for path in self.tasks.glob("*") if not path.name.startswith(".") and path.is_dir())
        return sorted(folders, key=lambda path: in_order(path.name))

    def failure(self, task: Task) -> dict[str, Any] | None:
        """Why a task failed; None when it did not."""
        return read_json(self.failures / f"{task.name}.json")

    def failed(self) -> list[dict[str, Any]]:
        """Every failure on record, by name."""
        found = (read_json(path) for path in sorted(self.failures.glob("*.json")))
        return [record for record in found if record is not None]

    def write_failure(self, task: Task, reason: str, detail: str) -> None:
        """Put a failure on record."""
        record = {"task": task.name, "identity": dict(task.identity), "reason": reason, "detail": detail}
        write_json(self.failures / f"{task.name}.json", record)

    def forget_failure(self, task: Task) -> None:
        """Take a failure off the record."""
        (self.failures / f"{task.name}.json").unlink(missing_ok=True)

    def drop_cache(self, task: Task) -> None:
        """Remove the hidden states of a task's checkpoint."""
        shutil.rmtree(self.cache_of(task), ignore_errors=True)

    def write_table(self, frame: pd.DataFrame) -> Path:
        """Put the table of everything finished in its place, whole; returns the file."""
        parquet = importlib.util.find_spec("pyarrow") is not None
        target = self.folder / ("results.parquet" if parquet else "results.csv")
        with written_whole(target) as draft:
            frame.to_parquet(draft, index=False) if parquet else frame.to_csv(draft, index=False)
        return target


def task_scores(folder: Path) -> pd.DataFrame | None:
    """The rows that one finished task adds to the table: its scores, told apart by analysis, training and step."""
    record = read_json(folder / "task.json")
    if record is None or not (folder / "scores.csv").exists():
        return None
    scores = pd.read_csv(folder / "scores.csv", keep_default_na=True, na_values=[], dtype={"treebank": str})
    whole = dict.fromkeys(("layer", "rank", "seed", "n"), "Int64")
    return scores.astype(whole).assign(
        checkpoint=record["checkpoint"],
        analysis=record["analysis"],
        trained_on=record["treebank"],
        family=pd.Series([record["family"]] * len(scores), dtype="string"),
        step=pd.Series([record["step"]] * len(scores), dtype="Int64"),
    )


def join_scores(frames: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """Tables of tasks below each other."""
    columns = [*COLUMNS, "analysis", "trained_on", "family", "step"]
    # A task that was done before the table had some column leaves it empty.
    return pd.concat(frames, ignore_index=True).reindex(columns=columns) if frames else pd.DataFrame(columns=columns)


def in_order(name: str) -> list[str | int]:
    """What names are sorted by, so that `step-20` stands before `step-100`."""
    return [int(part) if part.isdecimal() else part for part in re.split(r"(\d+)", name)]


def read_json(path: Path) -> dict[str, Any] | None:
    """A JSON object; None when there is none that can be read."""
    try:
        return dict(json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError):
        return None
