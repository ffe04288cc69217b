"""A saved probe's folder: the arrays in safetensors, and everything that a person may want to know in JSON."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import save

from treeprobe.errors import TreeprobeError
from treeprobe.files import written_whole

FORMAT = 1

Arrays = dict[str, NDArray[np.float32]]


class ProbeError(TreeprobeError, ValueError):
    """A folder or file that does not hold the probe that was asked for."""


def write_probe(folder: Path, arrays: Arrays, record: Mapping[str, Any]) -> None:
    """Write `probe.safetensors` and a readable `probe.json`, each whole or not at all.

    The second is written last: a folder that has it is complete.
    """
    folder.mkdir(parents=True, exist_ok=True)
    # Turned to text first: what JSON cannot hold must not leave half a folder.
    text = json.dumps({"format": FORMAT, **record}, indent=2) + "\n"
    (folder / "probe.json").unlink(missing_ok=True)
    with written_whole(folder / "probe.safetensors") as draft:
        draft.write_bytes(save(arrays))
    with written_whole(folder / "probe.json") as draft:
        draft.write_text(text, encoding="utf-8")


def read_record(folder: Path) -> dict[str, Any]:
    """The content of `probe.json`. Raises ProbeError when the folder holds none, or one of another format."""
    path = folder / "probe.json"
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, NotADirectoryError) as error:
        raise ProbeError(f"{folder}: holds no probe.json; expected a folder written by save_pretrained") from error
    except ValueError as error:
        raise ProbeError(f"{path}: is not JSON: {error}") from error
    found = record.get("format") if isinstance(record, dict) else None
    if found != FORMAT:
        raise ProbeError(f"{path}: is of format {found}; expected {FORMAT}; train the probe again with this version")
    return record


def check_identity(folder: Path, trained: Mapping[str, Any], given: Mapping[str, Any]) -> None:
    """Compare the checkpoints of two `States.identity` by their digests.

    Raises:
        ProbeError: the vectors given are not of the checkpoint that the probe was trained on.
    """
    ours, theirs = (dict(identity.get("checkpoint", {})) for identity in (trained, given))
    if ours.get("digest") != theirs.get("digest"):
        raise ProbeError(
            f"{folder}: the probe was trained on {_describe(ours)}, but the vectors are of {_describe(theirs)}; "
            "pass force=True to use it all the same"
        )


def _describe(checkpoint: Mapping[str, Any]) -> str:
    if not checkpoint:
        return "vectors of no known checkpoint"
    return f"{checkpoint.get('name')} ({str(checkpoint.get('digest'))[:12]})"
