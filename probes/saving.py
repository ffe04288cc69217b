"""A saved probe's folder: the arrays in safetensors, and everything that a person may want to know in JSON."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
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
REMEDY = "train the probe again, or copy its folder again from where it is whole"

Arrays = dict[str, NDArray[np.float32]]


class ProbeError(TreeprobeError, ValueError):
    """A folder or file that does not hold the probe that was asked for."""


@dataclass(frozen=True)
class SavedForm:
    """How one sort of estimator lies in its folder: the names of its two files, and what is said of a damaged one."""

    stem: str
    error: type[TreeprobeError]
    remedy: str

    @property
    def record(self) -> str:
        """The file that a person may read."""
        return f"{self.stem}.json"

    @property
    def weights(self) -> str:
        """The file of the arrays."""
        return f"{self.stem}.safetensors"


PROBE = SavedForm("probe", ProbeError, REMEDY)
RECORD, WEIGHTS = PROBE.record, PROBE.weights


def write_saved(folder: Path, arrays: Mapping[str, NDArray[Any]], record: Mapping[str, Any], form: SavedForm) -> None:
    """Write the arrays and a readable record, each whole or not at all.

    The second is written last, so that a folder that has it is complete. It has the digest of the first and of itself.
    """
    folder.mkdir(parents=True, exist_ok=True)
    # Of an array that is not contiguous, safetensors would write the memory as it lies.
    content = save({name: np.asarray(array, order="C") for name, array in arrays.items()})
    weights = {"bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}
    # Turned to text first: what JSON cannot hold must not leave half a folder, nor be sealed as something else.
    plain = json.loads(json.dumps({"format": FORMAT, **record, "weights": weights}))
    text = json.dumps(sealed(plain), indent=2) + "\n"
    (folder / form.record).unlink(missing_ok=True)
    with written_whole(folder / form.weights) as draft:
        draft.write_bytes(content)
    with written_whole(folder / form.record) as draft:
        draft.write_text(text, encoding="utf-8")


def read_sealed(folder: Path, form: SavedForm) -> Fields:
    """What the record of a folder says; the form's error where there is none, or a damaged one."""
    try:
        record = Fields.read(folder / form.record, error=form.error, remedy=form.remedy)
    except (FileNotFoundError, NotADirectoryError) as error:
        raise form.error(f"{folder}: holds no {form.record}; expected a folder written by save_pretrained") from error
    if record.content.get("format") != FORMAT:
        record.refuse("format", str(FORMAT))
    if "weights" in record.content and not record.sealed:
        record.refuse(SEAL, "that of its content")
    record.text("kind")
    record.part("parameters")
    identity = record.part("identity")
    if "checkpoint" in identity.content:  # vectors of no checkpoint have none
        identity.part("checkpoint")
    return record


def read_record(folder: Path) -> Fields:
    """What `probe.json` says; Raises ProbeError where there is none, or a damaged one."""
    record = read_sealed(folder, PROBE)
    record.integer("best_epoch")
    record.parts("history")
    return record


def read_arrays(folder: Path, record: Fields, form: SavedForm = PROBE) -> Arrays:
    """The arrays of a folder, bit by bit as they were written.

    Records of version 0.1 have no digest of them; then the arrays are taken as they are.

    Raises:
        ProbeError, or the form's error: the file is missing, is no safetensors file, or not the one that was written.
    """
    path = folder / form.weights
    try:
        content = path.read_bytes()
        if "weights" in record.content:
            expected = record.part("weights").text("sha256")
            if (found := hashlib.sha256(content).hexdigest()) != expected:
                raise form.error(f"{path}: has SHA-256 {found}, expected {expected} as in {form.record}; {form.remedy}")
        arrays = load(content)
    except (OSError, ValueError, KeyError, SafetensorError) as error:
        if isinstance(error, form.error):
            raise
        raise form.error(f"{path}: cannot be read: {error}; {form.remedy}") from error
    if strange := [name for name, array in arrays.items() if not np.isfinite(array).all()]:
        raise form.error(f"{path}: {', '.join(strange)} not finite, expected numbers; {form.remedy}")
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
