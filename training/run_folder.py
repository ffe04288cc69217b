"""The folder of a training run, in which a call goes on where another with the same options was cut off."""

import json
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

from safetensors import SafetensorError

from treeprobe.errors import OutputError, TreeprobeError
from treeprobe.files import sole_writer
from treeprobe.records import Fields
from treeprobe.training.options import PretrainingError


@contextmanager
def run_folder(
    out: str | Path,
    *,
    record: str,
    options: Any,
    made: str,
    overwrite: bool = False,
    error: type[TreeprobeError] = PretrainingError,
) -> Iterator[tuple[Path, bool]]:
    """Give a folder for a run with these options, of which this process is the only writer meanwhile.

    Args:
        record: the name of the JSON file in it that says in `options` what the run is made with; the caller writes it,
            before anything else.
        options: a dataclass, or a mapping; of JSON types.
        made: what is in such a folder, for messages: "a pre-training run".
        overwrite: remove what the folder holds.
        error: what to raise where it holds anything else.

    Yields:
        the folder, and whether it is one that the caller goes on with.

    Raises:
        BusyError: another process is writing it.
        OutputError: it cannot be written, or the disk is full: what is complete is kept, and the next call goes on.
        TreeprobeError: it holds a run with other options, or other files; of the class `error`.
    """
    folder = Path(out).absolute()
    with sole_writer(folder):
        if overwrite and folder.is_dir():
            shutil.rmtree(folder)
        asked = options if isinstance(options, Mapping) else asdict(options)
        started = _is_the_same(folder, record, asked, made, error)
        try:
            folder.mkdir(parents=True, exist_ok=True)
            yield folder, started
        except (OSError, SafetensorError) as failure:
            if isinstance(failure, TreeprobeError):
                raise
            reason = failure.strerror if isinstance(failure, OSError) and failure.strerror else str(failure)
            raise OutputError(
                f"{folder}: cannot be written: {reason}; what is complete in it is kept, the same call goes on there"
            ) from failure


def _is_the_same(folder: Path, record: str, options: Mapping[str, Any], made: str, error: type[TreeprobeError]) -> bool:
    """Whether the folder holds a run with these options already; an error where it holds anything else."""
    if folder.is_file():
        raise OutputError(f"{folder}: is a file; expected a folder to write in")
    if not folder.is_dir() or not any(folder.iterdir()):
        return False
    if not (folder / record).exists():
        raise error(f"{folder} holds other files; expected a new folder, an empty one or one with {made} to go on with")
    remedy = "remove it, or overwrite the folder"
    found = Fields.read(folder / record, error=error, remedy=remedy).part("options").content
    asked = json.loads(json.dumps(options, default=str))
    for name, value in asked.items():
        if found.get(name) != value:
            raise error(
                f"{folder} holds {made} with {name}={found.get(name)}, expected {name}={value}; ask for the same "
                "options, for another folder, or to overwrite it"
            )
    return True
