"""The shards of a cache: states written layer by layer, and rows of them read by position."""

import hashlib
import json
import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors.torch import save
from torch import Tensor

from treeprobe.extraction._cache_records import (
    REMEDY,
    SHARD_RECORD,
    STORED_AS,
    CacheError,
    FileRecord,
    KeptShard,
    Manifest,
    ShardRecord,
    layer_file,
    shard_name,
)
from treeprobe.extraction.report import AlignmentReport
from treeprobe.extraction.states import Piece

_WRITERS = 2
"""Files of a shard that are written at once; each is in memory several times over meanwhile."""
_NUMPY_TYPES: Mapping[str, str] = {"float32": "<f4", "float16": "<f2", "bfloat16": "<u2"}
"""numpy's name of each storage format; bfloat16, which numpy lacks, is read as its bits."""
_HEADER_READ = 512
"""Bytes that are read for a header at first: more than ours have."""


def write_shard(
    folder: Path, manifest: Manifest, number: int, vectors: Mapping[int, Tensor], report: AlignmentReport
) -> KeptShard:
    """Write one shard of the cache in `folder` beside its place, then rename it into place; returns its record.

    Args:
        vectors: (words, dim) of each layer.
    """
    shard = folder / shard_name(number)
    draft = shard.with_name(f".{shard.name}.partial")
    draft.mkdir()
    try:
        # Digests and writes release the interpreter's lock, so several layers are under way at once.
        with ThreadPoolExecutor(_WRITERS) as writers:
            written = writers.map(
                lambda layer: _write_layer(
                    draft / layer_file(layer), vectors[layer], _place(manifest.key, number, layer)
                ),
                vectors,
            )
            files = dict(zip(map(layer_file, vectors), written))
        kept = KeptShard(ShardRecord(manifest.key, shard.name, files), report, sealed=True)
        (draft / SHARD_RECORD).write_text(json.dumps(kept.to_json()), encoding="utf-8")
        draft.rename(shard)
    except BaseException:
        shutil.rmtree(draft, ignore_errors=True)
        raise
    return kept


def _write_layer(path: Path, states: Tensor, place: str) -> FileRecord:
    """Write one layer of a shard, (words, dim)."""
    # Serialised here and written by Python, whose errors tell a full disk; one entry of metadata, because several
    # are written in no fixed order, and equal caches should be equal files.
    content = save({"states": states}, metadata={"place": place})
    path.write_bytes(content)
    return FileRecord(len(content), hashlib.sha256(content).hexdigest())


def _place(key: str, number: int, layer: int) -> str:
    """What a file of states says of where it belongs."""
    return f"cache {key}, {shard_name(number)}, layer {layer}"


class DiskShard:
    """The states of one shard on disk, read by position so that resident memory stays flat.

    safetensors' own slices map the file: of a file of 30 MB in float16, 9,600 random reads of 20 rows took three times
    the time and left all of it resident, or six times where the file was opened anew for each group of 32.
    """

    def __init__(self, folder: Path, manifest: Manifest, number: int, *, words: int) -> None:
        """That shard of the cache in `folder`, with so many words."""
        self._manifest, self._number = manifest, number
        self._shard, self._shape = str(folder / shard_name(number)), (words, manifest.dim)
        self.dtype = np.dtype(_NUMPY_TYPES[manifest.storage])
        self._origins: dict[int, int] = {}

    def check(self, layer: int) -> None:
        """Raises CacheError when a layer's file is not what belongs here; the numbers in it are not looked at."""
        with self._opened(layer) as file:
            self._origin(file, layer)

    def read_into(self, out: NDArray[Any], layer: int, pieces: Sequence[Piece]) -> None:
        """Read rows of one layer to their places in `out`, (words, dim). Raises CacheError when its file is damaged."""
        with self._opened(layer) as file:
            origin, row = self._origin(file, layer), self.dtype.itemsize * self._shape[1]
            bytes_of_out = out.reshape(-1).view(np.uint8).data
            for rows, place in pieces:
                end = place + rows.stop - rows.start
                _read_fully(file, bytes_of_out[place * row : end * row], origin + rows.start * row)

    def _path(self, layer: int) -> str:
        # Text, as there may be thousands of files, and joining a Path takes longer than looking at one.
        return f"{self._shard}/{layer_file(layer)}"

    @contextmanager
    def _opened(self, layer: int) -> Iterator[int]:
        path = self._path(layer)
        try:
            file = os.open(path, os.O_RDONLY)
            try:
                yield file
            finally:
                os.close(file)
        except OSError as error:
            raise CacheError(f"{path} cannot be read: {error.strerror or error}; {REMEDY}") from error

    def _origin(self, file: int, layer: int) -> int:
        """Where the numbers of a layer begin; its header is checked when it is first asked for."""
        if layer not in self._origins:
            path = self._path(layer)
            place = _place(self._manifest.key, self._number, layer)
            size = self.dtype.itemsize * self._shape[0] * self._shape[1]
            held = {
                "dtype": STORED_AS[self._manifest.storage],
                "shape": list(self._shape),
                "data_offsets": [0, size],
            }
            self._origins[layer] = _check_header(file, path, {"__metadata__": {"place": place}, "states": held}, size)
        return self._origins[layer]


def _check_header(file: int, path: str, expected: Mapping[str, Any], size: int) -> int:
    """Where the `size` bytes of numbers begin. Raises CacheError if the file says of itself anything but `expected`."""
    start = os.pread(file, _HEADER_READ, 0)
    origin = 8 + int.from_bytes(start[:8], "little")
    try:
        header = json.loads(start[8:origin])
    except (ValueError, RecursionError) as error:
        raise CacheError(
            f"{path} is not a file of states, expected a safetensors file with one tensor `states`; {REMEDY}"
        ) from error
    if header != expected:
        raise CacheError(f"{path} belongs to another cache or place: found {header}, expected {expected}; {REMEDY}")
    if (found := os.fstat(file).st_size) != origin + size:
        raise CacheError(f"{path}: {found} bytes, expected {origin + size}; {REMEDY}")
    return origin


def _read_fully(file: int, view: memoryview, position: int) -> None:
    while len(view):
        count = os.preadv(file, [view], position)
        if count == 0:
            raise OSError("it ends too early: it is truncated")
        view, position = view[count:], position + count
