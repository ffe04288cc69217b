"""Files of a cache, one at a time: their records, what can be wrong with them, and reading rows from them."""

import hashlib
import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.torch import save
from torch import Tensor

from treeprobe.digests import file_digest
from treeprobe.errors import TreeprobeError


class CacheError(TreeprobeError, RuntimeError):
    """A cache that is damaged, foreign, incomplete, or cannot be written."""


class DiskShard:
    """The states of one shard on disk, read by position so that resident memory stays flat."""

    def __init__(self, folder: Path, dim: int, key: str) -> None:
        self._folder, self._dim, self._key = folder, dim, key
        self._headers: dict[int, tuple[int, str]] = {}

    def read(self, layer: int, rows: Sequence[slice]) -> NDArray[np.float32]:
        """The states of one layer, (words of the rows, dim). Raises CacheError when its file is damaged."""
        path = self._folder / layer_file(layer)
        try:
            file = os.open(path, os.O_RDONLY)
        except OSError as error:
            raise CacheError(f"{path} cannot be read: {error.strerror}") from error
        try:
            if layer not in self._headers:
                self._headers[layer] = _check_header(file, path, self._key, self._folder.name, layer)
            origin, kind = self._headers[layer]
            raw = np.empty((sum(one.stop - one.start for one in rows), self._dim), STORED[kind])
            done = 0
            for one in rows:
                part = raw[done : done + one.stop - one.start]
                _read_fully(file, part, origin + one.start * self._dim * raw.itemsize, path)
                done += len(part)
        finally:
            os.close(file)
        return _as_float32(raw, kind)


STORED: Mapping[str, Any] = {"F32": "<f4", "F16": "<f2", "BF16": "<u2"}
"""numpy's name of each safetensors number format; bfloat16, which numpy lacks, is read as its bits."""


def _as_float32(raw: NDArray[Any], kind: str) -> NDArray[np.float32]:
    if kind == "BF16":
        return (raw.astype(np.uint32) << 16).view(np.float32)
    # torch widens half precision several times faster than numpy.
    return torch.from_numpy(raw).float().numpy()


def _read_fully(file: int, into: NDArray[Any], position: int, path: Path) -> None:
    view = memoryview(into.reshape(-1).view(np.uint8).data)
    while len(view):
        count = os.preadv(file, [view], position)
        if count == 0:
            raise CacheError(f"{path} ends too early: it is truncated")
        view, position = view[count:], position + count


def _check_header(file: int, path: Path, key: str, shard: str, layer: int) -> tuple[int, str]:
    """Where the numbers begin and their format; `CacheError` if the file belongs elsewhere."""
    try:
        size = int.from_bytes(os.pread(file, 8, 0), "little")
        header = json.loads(os.pread(file, min(size, 1 << 20), 8))
        found, kind = header["__metadata__"], header["states"]["dtype"]
    except (ValueError, KeyError, TypeError) as error:
        raise CacheError(
            f"{path} is not a file of states; expected a safetensors file with one tensor `states`"
        ) from error
    expected = {"place": shard_place(key, shard, layer)}
    if found != expected or kind not in STORED:
        raise CacheError(f"{path} belongs to another cache or place: found {found}, expected {expected}")
    return 8 + size, kind


def layer_file(layer: int) -> str:
    """The file of one layer in a shard's folder."""
    return f"layer-{layer:02d}.safetensors"


def shard_place(key: str, shard: str, layer: int) -> str:
    """What a file of states says of where it belongs."""
    return f"cache {key}, {shard}, layer {layer}"


def write_states(path: Path, states: Tensor, place: str) -> dict[str, Any]:
    """Write one layer of a shard, (words, dim); returns its size and digest."""
    # Serialised here and written by Python, whose errors tell a full disk; one entry of metadata, because several
    # are written in no fixed order, and equal caches should be equal files.
    content = save({"states": states}, metadata={"place": place})
    path.write_bytes(content)
    return {"bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}


def file_record(path: Path) -> dict[str, Any]:
    """Size in bytes and SHA-256 of a file."""
    return {"bytes": path.stat().st_size, "sha256": file_digest(path)}


def file_problem(path: Path, record: Mapping[str, Any], *, verify: bool) -> str | None:
    """What is wrong with a file, as "FILE: what"; None if nothing is."""
    try:
        size = path.stat().st_size
        if size != record["bytes"]:
            return f"{path}: {size} bytes, expected {record['bytes']}"
        if verify and file_digest(path) != record["sha256"]:
            return f"{path}: its digest is not the recorded one, so it was changed after it was written"
    except OSError as error:
        return f"{path}: {error.strerror}"
    return None


def file_problems(folder: Path, files: Mapping[str, Any], *, verify: bool) -> list[str]:
    """What is wrong with the files of a folder, a sentence each; with `verify` their digests are compared too."""
    found = (file_problem(folder / name, record, verify=verify) for name, record in files.items())
    return [problem for problem in found if problem]


def shard_problems(folder: Path, record: Mapping[str, Any], key: str, *, verify: bool) -> list[str]:
    """Every file of a shard that is missing or not as its record says."""
    if not record:
        return [f"{folder}/shard.json: missing or unreadable"]
    if record["key"] != key or record["shard"] != folder.name:
        return [f"{folder}: a shard of another cache or place (key {record['key']}, {record['shard']})"]
    return file_problems(folder, record["files"], verify=verify)
