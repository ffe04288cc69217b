"""A saved probe's folder: the arrays in safetensors, and everything that a person may want to know in JSON."""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import load, save

from treeprobe.errors import TreeprobeError
from treeprobe.files import written_whole
from treeprobe.records import SEAL, Fields, sealed

FORMAT = 1
RECORD = "probe.json"
WEIGHTS = "probe.safetensors"
REMEDY = "train the probe again, or copy its folder again from where it is whole"

Arrays = dict[str, NDArray[np.float32]]


class ProbeError(TreeprobeError, ValueError):
    """A folder or file that does not hold the probe that was asked for."""


def write_probe(folder: Path, arrays: Arrays, record: Mapping[str, Any]) -> None:
    """Write `probe.safetensors` and a readable `probe.json`, each whole or not at all.

    The second is written last, so that a folder that has it is complete. It has the digest of the first and of itself.
    """
    folder.mkdir(parents=True, exist_ok=True)
    content = save(arrays)
    weights = {"bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}
    # Turned to text first: what JSON cannot hold must not leave half a folder, nor be sealed as something else.
    plain = json.loads(json.dumps({"format": FORMAT, **record, "weights": weights}))
    text = json.dumps(sealed(plain), indent=2) + "\n"
    (folder / RECORD).unlink(missing_ok=True)
    with written_whole(folder / WEIGHTS) as draft:
        draft.write_bytes(content)
    with written_whole(folder / RECORD) as draft:
        draft.write_text(text, encoding="utf-8")


def read_record(folder: Path) -> Fields:
    """What `probe.json` says; Raises ProbeError where there is none, or a damaged one."""
    path = folder / RECORD
    try:
        record = Fields.read(path, error=ProbeError, remedy=REMEDY)
    except (FileNotFoundError, NotADirectoryError) as error:
        raise ProbeError(f"{folder}: holds no {RECORD}; expected a folder written by save_pretrained") from error
    if record.content.get("format") != FORMAT:
        record.refuse("format", str(FORMAT))
    if "weights" in record.content and not record.sealed:
        record.refuse(SEAL, "that of its content")
    record.text("kind")
    record.integer("best_epoch")
    record.parts("history")
    record.part("parameters")
    identity = record.part("identity")
    if "checkpoint" in identity.content:  # vectors of no checkpoint have none
        identity.part("checkpoint")
    return record


def read_arrays(folder: Path, record: Fields) -> Arrays:
    """The arrays of `probe.safetensors`, bit by bit as they were written.

    Records of version 0.1 have no digest of them; then the arrays are taken as they are.

    Raises:
        ProbeError: the file is missing, is no safetensors file, or not the one that was written.
    """
    path = folder / WEIGHTS
    try:
        content = path.read_bytes()
        if "weights" in record.content:
            expected = record.part("weights").text("sha256")
            if (found := hashlib.sha256(content).hexdigest()) != expected:
                raise ProbeError(f"{path}: has SHA-256 {found}, expected {expected} as in {RECORD}; {REMEDY}")
        arrays = load(content)
    except (OSError, ValueError, KeyError, SafetensorError) as error:
        if isinstance(error, ProbeError):
            raise
        raise ProbeError(f"{path}: cannot be read: {error}; {REMEDY}") from error
    if strange := [name for name, array in arrays.items() if not np.isfinite(array).all()]:
        raise ProbeError(f"{path}: {', '.join(strange)} not finite, expected numbers; {REMEDY}")
    return arrays


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
