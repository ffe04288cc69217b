"""Digests of checkpoints that were read before: as long as its files are the same, none is read again.

A sweep of hundreds of checkpoints would read all their weights each time that one of its processes starts. So the
folder of a sweep keeps the digest of each checkpoint in one file, with the sizes and times of the files that it was
made of. Times are compared with what they were, never with a clock.
"""

from collections.abc import Iterable
from typing import Any

from treeprobe.errors import TreeprobeError
from treeprobe.files import write_json
from treeprobe.pipeline.results.sweep_folder import SweepFolder
from treeprobe.pipeline.sweeps.checkpoints import Checkpoint, Stamp, Weights
from treeprobe.records import Fields, sealed

FILE = "checkpoints.json"


class KnownDigests:
    """The digests of checkpoints, by their files; what the folder does not know is read, and kept in memory.

    Args:
        reread: read the weights whatever is known of them.
    """

    def __init__(self, folder: SweepFolder, *, reread: bool = False) -> None:
        self._file = folder.path / FILE
        self._known = {} if reread else self._read()
        self._written = dict(self._known)

    def of(self, checkpoint: Checkpoint) -> Weights:
        """A checkpoint with the digest of its files as they are now."""
        stamp = checkpoint.stamp
        key = (checkpoint.source, checkpoint.revision)
        known = self._known.get(key)
        if known is None or known[1] != stamp:
            self._known[key] = known = (checkpoint.digest, stamp)
        return Weights(checkpoint, *known)

    def write(self) -> None:
        """Put what was read on record, beside what others have put there meanwhile."""
        if self._known == self._written:
            return
        self._known = self._read() | self._known
        entries = [
            {"source": source, "revision": revision, "digest": digest, "files": stamp}
            for (source, revision), (digest, stamp) in self._known.items()
        ]
        write_json(self._file, sealed({"checkpoints": entries}), indent=None)
        self._written = dict(self._known)

    def _read(self) -> dict[tuple[str, str | None], tuple[str, Stamp]]:
        """What is on record; nothing where that is damaged, since it can be read from the checkpoints again."""
        try:
            entries: Iterable[Any] = Fields.read(self._file, error=TreeprobeError, remedy="").items("checkpoints")
            return {
                (one["source"], one["revision"]): (one["digest"], tuple(tuple(file) for file in one["files"]))
                for one in entries
            }
        except (OSError, TreeprobeError, KeyError, TypeError):
            return {}
