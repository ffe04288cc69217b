"""A sweep's folder: one folder a finished task, one file a failed one, and one table of everything finished.

DIR/
    sweep.json             that this is a sweep
    tasks/NAME/            a finished task, whole or not there: the folder of its analysis
    failures/NAME.json     why a task failed; gone when it succeeds
    results.parquet        every finished task's scores (results.csv without pyarrow); rebuilt from tasks/ at any time
    cache/CHECKPOINT/      hidden states shared by the tasks of a checkpoint

Any number of processes, on any machines that see the folder, may work in it at once: whoever holds a task's lock does
it.
"""

import json
import re
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from treeprobe.errors import OutputError
from treeprobe.files import write_json
from treeprobe.pipeline.file_names import file_name
from treeprobe.pipeline.findings import FORMAT, FindingsError, read_record

MARK = "sweep.json"


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
        mark = _read_json(found.path / MARK)
        if mark is None:
            raise FindingsError(f"{folder}: holds no {MARK}; expected the folder of a sweep")
        found._check_format(mark)
        return found

    def check(self) -> None:
        """Refuse a folder in which there can be no sweep.

        Raises:
            OutputError: it holds something else.
            FindingsError: it holds a sweep of another version of treeprobe.
        """
        # The mark is looked for last: another process that begins a sweep writes it before anything else.
        occupied = self.path.is_dir() and any(not path.name.startswith(".") for path in self.path.iterdir())
        mark = _read_json(self.path / MARK)
        if mark is not None:
            self._check_format(mark)
        elif occupied:
            raise OutputError(f"{self.path}: holds files that are not a sweep's; choose another folder")

    def _check_format(self, mark: Mapping[str, Any]) -> None:
        """Refuse a sweep of another version of treeprobe. Raises FindingsError."""
        if mark.get("format") != FORMAT:
            raise FindingsError(
                f"{self.path}: is a sweep of format {mark.get('format')}; expected {FORMAT}. Sweep again into another "
                f"folder; --cache {self.path / 'cache'} uses the hidden states that are there"
            )

    def begin(self) -> None:
        """Make the folder, unless it is there. Raises as `check` does, and OutputError when it cannot be written."""
        self.check()
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            write_json(self.path / MARK, {"format": FORMAT})
            for folder in (self.tasks, self.failures, self.cache):
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

    def task(self, name: str) -> Path:
        """The folder of a task's findings once it is finished."""
        return self.tasks / name

    def cache_of(self, checkpoint: str) -> Path:
        """The caches that the tasks of a checkpoint share, so that they can be dropped together."""
        return self.cache / file_name(checkpoint)

    def drop_cache(self, checkpoint: str) -> None:
        """Remove the hidden states of a checkpoint."""
        shutil.rmtree(self.cache_of(checkpoint), ignore_errors=True)

    def record(self, name: str) -> dict[str, Any] | None:
        """The record of a finished task; None when it is not finished, or its record is damaged."""
        try:
            return read_record(self.task(name))
        except FindingsError:
            return None

    def finished(self) -> list[Path]:
        """The folders of finished tasks, by name; hidden ones are being written."""
        folders = (path for path in self.tasks.glob("*") if not path.name.startswith(".") and path.is_dir())
        return sorted(folders, key=lambda path: natural_key(path.name))

    def failure(self, name: str) -> dict[str, Any] | None:
        """Why a task failed; None when it did not."""
        return _read_json(self.failures / f"{name}.json")

    def failed(self) -> list[dict[str, Any]]:
        """Every failure on record, by name."""
        found = (_read_json(path) for path in sorted(self.failures.glob("*.json")))
        return [record for record in found if record is not None]

    def write_failure(
        self, name: str, identity: Mapping[str, str], *, about: Mapping[str, str], reason: str, detail: str
    ) -> None:
        """Put a failure on record; `about` says in words what the task is: its checkpoint, treebank and analysis."""
        record = {"task": name, **about, "identity": dict(identity), "reason": reason, "detail": detail}
        write_json(self.failures / f"{name}.json", record)

    def forget_failure(self, name: str) -> None:
        """Take a failure off the record."""
        (self.failures / f"{name}.json").unlink(missing_ok=True)


def natural_key(name: str) -> list[str | int]:
    """Sorting key by which `step-20` comes before `step-100`."""
    return [int(part) if part.isdecimal() else part for part in re.split(r"(\d+)", name)]


def _read_json(path: Path) -> dict[str, Any] | None:
    """A JSON object; None when there is none that can be read."""
    try:
        return dict(json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError):
        return None
