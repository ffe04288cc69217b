"""What the records of finished tasks say, kept in one file, so that a start need not read ten thousand of them.

The folders are what counts, and the file saves time alone. An entry is used only where the record of its task is still
the file that the entry was made of, by its size and both its times, and where all files of the task have the sizes that
are in it. Times are compared with what they were, never with a clock. Whatever has no such entry is read from its
folder. So the file may be removed, damaged, or older than the folders at any moment: what it lacks is read, and it is
written anew. It needs no seal, since an entry in which anything is wrong agrees with nothing.
"""

import json
import os
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from treeprobe.digests import json_digest
from treeprobe.files import write_json
from treeprobe.pipeline.results.findings import RECORD
from treeprobe.pipeline.results.sweep_folder import SweepFolder
from treeprobe.pipeline.sweeps.tasks import Task

FILE = "finished.json"

Stamp = tuple[int, int, int]
"""The size of a record and its times; the second cannot be set, so that a file written anew is seen in any case."""


class KnownRecords:
    """What is known of finished tasks, by name; what is not is read from their folders, and noted.

    Args:
        reread: use nothing that was known before.
    """

    def __init__(self, folder: SweepFolder, *, reread: bool = False) -> None:
        self._folder = folder
        self._file = folder.path / FILE
        self._known = {} if reread else self._read()
        self._noted: dict[str, Any] = {}

    def says_done(self, task: Task) -> bool:
        """Whether a task is known to be done as it is planned, without its record being read."""
        entry = self._known.get(task.name)
        if entry is None:
            return False
        place = f"{self._folder.tasks}{os.sep}{task.name}{os.sep}"
        try:
            identity, stamp, files = entry
            return bool(
                identity == task.identity_digest
                and tuple(stamp) == _stamp(place)
                and all(os.stat(place + name).st_size == size for name, size in files.items())
            )
        except (OSError, TypeError, ValueError, AttributeError):  # a file is gone, or the entry damaged
            return False

    def stamp(self, name: str) -> Stamp | None:
        """The stamp of a task's record, which is to be taken before it is read; None where there is none."""
        try:
            return _stamp(f"{self._folder.tasks}{os.sep}{name}{os.sep}")
        except OSError:
            return None

    def note(self, name: str, stamp: Stamp | None, record: Mapping[str, Any]) -> None:
        """Keep what a record says that was read after its stamp was taken."""
        if stamp is not None and "files" in record:
            sizes = {file: known["bytes"] for file, known in record["files"].items()}
            self._noted[name] = [json_digest(record.get("identity", {})), stamp, sizes]

    def write(self) -> None:
        """Put what was read on record, beside what others have put there meanwhile, unless the disk takes no more."""
        if self._noted:
            with suppress(OSError):
                write_json(self._file, {"tasks": self._read() | self._noted}, indent=None)

    def _read(self) -> dict[str, Any]:
        """What is on record; nothing where that cannot be read."""
        try:
            found = json.loads(self._file.read_text(encoding="utf-8"))["tasks"]
        except (OSError, ValueError, TypeError, KeyError, RecursionError):
            return {}
        return found if isinstance(found, dict) else {}


def _stamp(place: str) -> Stamp:
    """The stamp of the record in a folder. Raises OSError where there is none."""
    state = os.stat(place + RECORD)
    return state.st_size, state.st_mtime_ns, state.st_ctime_ns
