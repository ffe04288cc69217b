"""The shards of a cache: one file a layer, whose rows are read by position."""

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from treeprobe.extraction._cache_records import (
    REMEDY,
    STORED_AS,
    CacheError,
    Manifest,
    layer_file,
    shard_name,
)
from treeprobe.extraction.states import Piece

_NUMPY_TYPES: Mapping[str, str] = {"float32": "<f4", "float16": "<f2", "bfloat16": "<u2", "float64": "<f8"}
"""numpy's name of each storage format; bfloat16, which numpy lacks, is read as its bits."""
_HEADER_READ = 512
"""Bytes that are read for a header at first: more than ours have."""


def file_header(manifest: Manifest, number: int, layer: int, *, words: int) -> tuple[bytes, int]:
    """The beginning of a layer's file in a shard of so many words, as safetensors writes it, and the bytes after it."""
    content, size = _content(manifest, number, layer, words)
    # One entry of metadata: safetensors writes several in no fixed order, and equal caches should be equal files.
    text = json.dumps(content, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    return len(text).to_bytes(8, "little") + text, size


def _content(manifest: Manifest, number: int, layer: int, words: int) -> tuple[dict[str, Any], int]:
    """What a file of states says of itself, and the bytes of its numbers."""
    size = np.dtype(_NUMPY_TYPES[manifest.storage]).itemsize * words * manifest.dim
    held = {"dtype": STORED_AS[manifest.storage], "shape": [words, manifest.dim], "data_offsets": [0, size]}
    return {"__metadata__": {"place": _place(manifest.key, number, layer)}, "states": held}, size


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
            expected, size = _content(self._manifest, self._number, layer, self._shape[0])
            self._origins[layer] = _check_header(file, path, expected, size)
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
