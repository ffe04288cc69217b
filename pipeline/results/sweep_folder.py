"""A sweep's folder: one folder a finished task, one file a failed one, and one table of everything finished.

DIR/
    sweep.json             that this is a sweep, and of which format
    tasks/NAME/            a finished task, whole or not there: the folder of its analysis
    failures/NAME.json     why a task failed; gone when it succeeds
    results.parquet        every finished task's scores (results.csv without pyarrow); rebuilt from tasks/ at any time
    plans/DIGEST.json      which tasks a sweep into this folder has: one for each plan that was begun here
    checkpoints.json       the digests of checkpoints, with the sizes and times of their files
    finished.json          what the records of finished tasks say, and the sizes and times of these; can be removed
    jobs/                  what submitit keeps of jobs that were submitted
    cache/CHECKPOINT/      hidden states shared by the tasks of a checkpoint

Any number of processes, on any machines that see the folder, may work in it at once: whoever holds the claim on a task
does it (`treeprobe.claims`).
"""

import os
import re
import shutil
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from treeprobe.claims import PLACE
from treeprobe.errors import OutputError
from treeprobe.files import write_json
from treeprobe.pipeline.results.file_names import file_name
from treeprobe.pipeline.results.files import ResultFiles
from treeprobe.pipeline.results.findings import FORMAT, FindingsError
from treeprobe.records import Fields, sealed

MARK = "sweep.json"
DO_AGAIN = "start the sweep again with --verify to do the task"


class DamagedResults(UserWarning):
    """A file of a sweep that is not as it was written; what depends on it is left out, and everything else reported."""


@dataclass(frozen=True)
class SweepFolder:
    """The folder of a sweep; `cache` is where its hidden states are, inside it by default."""

    path: Path
    cache: Path

    @classmethod
    def at(cls, folder: str | Path, *, cache: str | Path | None = None) -> "SweepFolder":
        """The one in `folder`, whether it is there already or not; paths are made absolute for other processes."""
        path = Path(folder).expanduser().absolute()
        return cls(path, path / "cache" if cache is None else Path(cache).expanduser().absolute())

    @classmethod
    def existing(cls, folder: str | Path) -> "SweepFolder":
        """The one in a folder that holds a sweep. Raises FindingsError when it holds none, or one of another format."""
        found = cls.at(folder)
        if not (found.path / MARK).exists():
            raise FindingsError(f"{folder}: holds no {MARK}; expected the folder of a sweep")
        found._check_format()
        return found

    def check(self) -> None:
        """Refuse a folder in which there can be no sweep.

        Raises:
            OutputError: it holds something else.
            FindingsError: it holds a sweep of another version of treeprobe.
        """
        # The mark is looked for last: another process that begins a sweep writes it before anything else.
        occupied = self.path.is_dir() and any(not path.name.startswith(".") for path in self.path.iterdir())
        if (self.path / MARK).exists():
            self._check_format()
        elif occupied:
            raise OutputError(f"{self.path}: holds files that are not a sweep's; choose another folder")

    def _check_format(self) -> None:
        """Refuse a sweep of another version of treeprobe, or another tool's mark. Raises FindingsError.

        A mark that cannot be read is named in a warning where tasks lie beside it, since these say their format too.
        """
        path = self.path / MARK
        try:
            found = Fields.read(
                path, error=FindingsError, remedy="the next sweep into this folder writes it anew"
            ).content
        except FindingsError as error:
            if not self.tasks.is_dir():
                raise FindingsError(
                    f"{path}: cannot be read, and no tasks lie beside it; choose another folder"
                ) from error
            warnings.warn(str(error), DamagedResults, stacklevel=3)
            return
        if found.get("format") != FORMAT:
            raise FindingsError(
                f"{path}: is of a sweep of format {found.get('format')}; expected {FORMAT}. Sweep again into another "
                f"folder; --cache {self.path / 'cache'} uses the hidden states that are there"
            )

    def begin(self) -> None:
        """Make the folder, unless it is there. Raises as `check` does, and OutputError when it cannot be written."""
        self.check()
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            write_json(self.path / MARK, {"format": FORMAT})
            for folder in (self.tasks, self.failures, self.plans, self.cache):
                folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise OutputError(f"{self.path}: cannot be written: {error.strerror}") from error

    @property
    def tasks(self) -> Path:
        """Where finished tasks are."""
        return self.path / "tasks"

    @property
    def failures(self) -> Path:
        """Where reasons of failures are."""
        return self.path / "failures"

    @property
    def plans(self) -> Path:
        """Where the tasks of every plan are listed."""
        return self.path / "plans"

    def task(self, name: str) -> Path:
        """The folder of a task's findings once it is finished."""
        return self.tasks / name

    def cache_of(self, checkpoint: str) -> Path:
        """The caches that the tasks of a checkpoint share, so that they can be dropped together."""
        return self.cache / file_name(checkpoint)

    def drop_cache(self, checkpoint: str) -> None:
        """Remove the hidden states of a checkpoint."""
        shutil.rmtree(self.cache_of(checkpoint), ignore_errors=True)

    def record(self, name: str, *, verify: bool = False) -> dict[str, Any] | None:
        """The record of a finished task; None when there is none.

        Raises FindingsError when the record is damaged, or a file is missing, of another size or, with `verify`, of
        another digest.
        """
        folder = self.task(name)
        try:
            files = ResultFiles.of(folder, remedy=f"{DO_AGAIN} {name} again")
        except FindingsError:
            if not folder.is_dir():
                return None
            raise
        files.check(verify=verify)
        return dict(files.record)

    def read_tasks(
        self, *, verify: bool = False, without: Sequence[str] = ()
    ) -> tuple[list[ResultFiles], dict[str, str]]:
        """The files of every finished task, by name, and what is wrong with each damaged one.

        Damage is what `record` sees, but for the folders of a task in `without`.
        """
        found, damaged = [], {}
        for folder in self.finished():
            try:
                files = ResultFiles.of(folder, remedy=f"{DO_AGAIN} {folder.name} again")
                files.check(verify=verify, without=without)
                found.append(files)
            except FindingsError as error:
                damaged[folder.name] = str(error)
        return found, damaged

    def finished(self) -> list[Path]:
        """The folders of finished tasks, by name; hidden ones are being written."""
        folders = (path for path in self.tasks.glob("*") if not path.name.startswith(".") and path.is_dir())
        return sorted(folders, key=lambda path: natural_key(path.name))

    def claimed(self) -> set[str]:
        """The names of the tasks that some process is at, or was at when it died: one listing."""
        names = os.listdir(self.tasks)
        return {name[1 : -len(PLACE)] for name in names if name.startswith(".") and name.endswith(PLACE)}

    def failure(self, name: str) -> dict[str, Any] | None:
        """Why a task failed; None when it did not, or its record is damaged, so that it is tried again."""
        try:
            return _read_failure(self.failures / f"{name}.json")
        except (FindingsError, FileNotFoundError):
            return None

    def failed(self) -> list[dict[str, Any]]:
        """Every failure on record, by name; of one whose record is damaged, that it is."""
        found = []
        for path in sorted(self.failures.glob("*.json")):
            if path.name.startswith("."):  # a draft
                continue
            try:
                found.append(_read_failure(path))
            except FindingsError as error:
                found.append({"task": path.stem, "reason": str(error), "detail": ""})
        return found

    def write_failure(
        self, name: str, identity: Mapping[str, str], *, about: Mapping[str, str], reason: str, detail: str
    ) -> Path:
        """Put a failure on record; `about` says in words what the task is: its checkpoint, treebank and analysis.

        Returns the file.
        """
        record = {"task": name, **about, "identity": dict(identity), "reason": reason, "detail": detail}
        path = self.failures / f"{name}.json"
        write_json(path, sealed(record))
        return path

    def forget_failure(self, name: str) -> None:
        """Take a failure off the record."""
        (self.failures / f"{name}.json").unlink(missing_ok=True)


def natural_key(name: str) -> list[str | int]:
    """Sorting key by which `step-20` comes before `step-100`."""
    return [int(part) if part.isdecimal() else part for part in re.split(r"(\d+)", name)]


def _read_failure(path: Path) -> dict[str, Any]:
    """The record of a failure. Raises FindingsError when it is damaged, FileNotFoundError when there is none."""
    record = Fields.read(path, error=FindingsError, remedy="the next sweep tries the task again")
    for name in ("task", "reason", "detail"):
        record.text(name)
    record.part("identity")
    return dict(record.content)
