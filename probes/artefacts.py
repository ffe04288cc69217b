"""Saved probes: a folder with the numbers in safetensors and everything a person may ask in JSON."""

import json
import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load_file, save_file

if TYPE_CHECKING:
    from probes.structural import LinearProbe

ProbeType = TypeVar("ProbeType", bound="LinearProbe")
FORMAT = 1


class ProbeError(ValueError):
    """A folder that does not hold the probe it was taken for."""


def save_probe(probe: "LinearProbe", folder: Path) -> None:
    """Write `probe.safetensors`, then `probe.json`: a folder that has the second is complete."""
    folder.mkdir(parents=True, exist_ok=True)
    record = {
        "format": FORMAT,
        "kind": probe.kind,
        "parameters": probe.get_params(),
        "dim": int(probe.matrix_.shape[1]),
        "best_epoch": probe.best_epoch_,
        "history": probe.history_,
        "identity": probe.identity_,
    }
    write_whole(folder / "probe.safetensors", lambda path: save_file({"matrix": probe.matrix_}, path))
    text = json.dumps(record, indent=2, default=str) + "\n"
    write_whole(folder / "probe.json", lambda path: path.write_text(text, encoding="utf-8"))


def write_whole(path: Path, write) -> None:  # type: ignore[no-untyped-def]
    """Write a file beside its place and move it there when it is complete."""
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    os.close(descriptor)
    try:
        write(Path(name))
        os.chmod(name, 0o644)
        os.replace(name, path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def read_record(folder: Path) -> dict:
    """What `probe.json` says. Raises ProbeError when the folder holds none."""
    try:
        return json.loads((folder / "probe.json").read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise ProbeError(f"{folder}: holds no probe.json; expected a folder written by save_pretrained") from error
    except json.JSONDecodeError as error:
        raise ProbeError(f"{folder / 'probe.json'}: is not JSON: {error}") from error


def load_probe(cls: type[ProbeType], folder: Path) -> ProbeType:
    """Read a probe of this class back. Raises ProbeError when the folder holds another kind, or a damaged one."""
    record = read_record(folder)
    if record.get("kind") != cls.kind:
        raise ProbeError(f"{folder}: holds a {record.get('kind')} probe; expected a {cls.kind} probe")
    try:
        matrix = load_file(folder / "probe.safetensors")["matrix"]
    except (OSError, KeyError, SafetensorError) as error:
        raise ProbeError(f"{folder / 'probe.safetensors'}: cannot be read: {error}") from error
    probe = cls(**record["parameters"])
    if matrix.shape != (probe.rank, record["dim"]):
        raise ProbeError(f"{folder}: the matrix is {matrix.shape}; expected ({probe.rank}, {record['dim']})")
    probe.matrix_ = matrix.astype(np.float32)
    probe.best_epoch_ = record["best_epoch"]
    probe.history_ = record["history"]
    probe.identity_ = record["identity"]
    return probe
