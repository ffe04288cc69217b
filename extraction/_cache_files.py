"""The files of one cache: what each holds, how it is written, what can be wrong with it, and how rows are read from it.

NAME-KEY/
    manifest.json          what was extracted from what, with versions; when complete, every file's size and digest
    word_bounds.npy        (sentences + 1,) int64: first word of each sentence
    shard_bounds.npy       (shards + 1,) int64: first sentence of each shard
    shard-00000/           renamed into place when all its files are written
        layer-00.safetensors ...   one tensor "states" (words, dim)
        shard.json         key, sizes, digests and alignment report of this shard
"""

import hashlib
import json
import os
import platform
import re
import shutil
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.torch import save
from torch import Tensor

from treeprobe.digests import file_digest, json_digest
from treeprobe.errors import TreeprobeError
from treeprobe.extraction.report import AlignmentReport
from treeprobe.extraction.states import Layout
from treeprobe.files import write_json, written_whole

MANIFEST = "manifest.json"
_FORMAT = 1
_MANIFEST_KEYS = frozenset({"key", "identity", "layers", "dim", "storage", "shard_count", "complete"})
_RECORD_KEYS = frozenset({"key", "shard", "files", "report"})
_VERSIONED = ("treeprobe", "torch", "transformers", "tokenizers", "safetensors", "numpy")
_BOUNDS = ("word_bounds.npy", "shard_bounds.npy")
_WRITERS = 2
"""Files of a shard that are written at once; each is in memory several times over meanwhile."""
_NUMPY_TYPES: Mapping[str, Any] = {"F32": "<f4", "F16": "<f2", "BF16": "<u2"}
"""numpy's name of each safetensors number format; bfloat16, which numpy lacks, is read as its bits."""


class CacheError(TreeprobeError, RuntimeError):
    """A cache that is damaged, foreign, incomplete, or cannot be written."""


def cache_key(layout: Layout) -> str:
    """SHA-256 of the identity: caches of different keys never share a folder."""
    return json_digest(layout.identity)


def cache_folder_name(layout: Layout) -> str:
    """The checkpoint's name, so that people find the folder, and the beginning of the key."""
    name = re.sub(r"[^\w.-]+", "--", layout.identity["checkpoint"]["name"])
    # File systems count bytes, of which a letter may take four.
    return f"{name.encode()[:80].decode(errors='ignore')}-{cache_key(layout)[:16]}"


# The manifest and the bounds.


def begin_cache(folder: Path, layout: Layout) -> None:
    """Write what is known beforehand, the manifest last. Raises CacheError where another extraction was begun."""
    if (folder / MANIFEST).exists():
        check_key(folder, read_manifest(folder), cache_key(layout))
    for name, bounds in zip(_BOUNDS, (layout.word_bounds, layout.shard_bounds)):
        with written_whole(folder / name) as draft, draft.open("wb") as file:
            np.save(file, bounds, allow_pickle=False)
    write_json(folder / MANIFEST, _manifest_of(layout) | {"complete": False})


def complete_cache(folder: Path, layout: Layout, records: Sequence[Mapping[str, Any]]) -> None:
    """Write the manifest of a cache whose shards are all there, from their records in order."""
    report = AlignmentReport()
    for record in records:
        report += AlignmentReport.from_json(record["report"])
    files = {name: {"bytes": (folder / name).stat().st_size, "sha256": file_digest(folder / name)} for name in _BOUNDS}
    shards = [{name: value for name, value in record.items() if name != "report"} for record in records]
    found = {"complete": True, "files": files, "shards": shards, "report": report.to_json()}
    write_json(folder / MANIFEST, _manifest_of(layout) | found)


def read_manifest(folder: Path) -> dict[str, Any]:
    """The manifest of a cache folder. Raises CacheError where there is none that can be read."""
    path = folder / MANIFEST
    try:
        manifest = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise CacheError(f"{folder} is not a cache: it has no {MANIFEST}") from error
    except (OSError, ValueError) as error:
        raise CacheError(f"{path} cannot be read: {error}") from error
    if not isinstance(manifest, dict) or manifest.get("format") != _FORMAT:
        raise CacheError(f"{path} is not a manifest of format {_FORMAT}: remove this cache and extract again")
    if missing := _MANIFEST_KEYS - manifest.keys():
        raise CacheError(f"{path} lacks {', '.join(sorted(missing))}; expected the manifest of a cache")
    return manifest


def check_key(folder: Path, manifest: Mapping[str, Any], key: str) -> None:
    """Raises CacheError where a manifest is that of another extraction."""
    if manifest["key"] != key:
        raise CacheError(f"{folder} holds another extraction: its key is {manifest['key']}, expected {key}")


def read_layout(folder: Path, manifest: Mapping[str, Any]) -> Layout:
    """The layout of a complete cache, its bounds mapped into memory."""
    word_bounds, shard_bounds = (np.load(folder / name, mmap_mode="r", allow_pickle=False) for name in _BOUNDS)
    return Layout(manifest["identity"], tuple(manifest["layers"]), manifest["dim"], word_bounds, shard_bounds)


def _manifest_of(layout: Layout) -> dict[str, Any]:
    return {
        "format": _FORMAT,
        "key": cache_key(layout),
        "identity": dict(layout.identity),
        "layers": list(layout.layers),
        "dim": layout.dim,
        "storage": layout.identity["settings"]["storage"],
        "shard_count": layout.shards,
        "versions": {name: version(name) for name in _VERSIONED} | {"python": platform.python_version()},
    }


# Shards.


def shard_folder(folder: Path, number: int) -> Path:
    """The folder of a shard within its cache."""
    return folder / f"shard-{number:05d}"


def write_shard(shard: Path, key: str, vectors: Mapping[int, Tensor], report: AlignmentReport) -> dict[str, Any]:
    """Write one shard beside its place, then rename it into place.

    Args:
        vectors: (words, dim) of each layer.

    Returns:
        its record: key, sizes, digests and alignment report.
    """
    draft = shard.with_name(f".{shard.name}.partial")
    draft.mkdir()
    try:
        # Digests and writes release the interpreter's lock, so several layers are under way at once.
        with ThreadPoolExecutor(_WRITERS) as writers:
            written = writers.map(
                lambda layer: _write_layer(draft / _layer_file(layer), vectors[layer], _place(key, shard.name, layer)),
                vectors,
            )
            files = dict(zip(map(_layer_file, vectors), written))
        record = {"key": key, "shard": shard.name, "files": files, "report": report.to_json()}
        (draft / "shard.json").write_text(json.dumps(record), encoding="utf-8")
        draft.rename(shard)
    except BaseException:
        shutil.rmtree(draft, ignore_errors=True)
        raise
    return record


def read_record(shard: Path) -> dict[str, Any]:
    """The record in a shard's folder; empty where there is none that can be read."""
    try:
        found = json.loads((shard / "shard.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) and found.keys() >= _RECORD_KEYS else {}


def _write_layer(path: Path, states: Tensor, place: str) -> dict[str, Any]:
    """Write one layer of a shard, (words, dim); returns its size and digest."""
    # Serialised here and written by Python, whose errors tell a full disk; one entry of metadata, because several
    # are written in no fixed order, and equal caches should be equal files.
    content = save({"states": states}, metadata={"place": place})
    path.write_bytes(content)
    return {"bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}


def _layer_file(layer: int) -> str:
    return f"layer-{layer:02d}.safetensors"


def _place(key: str, shard: str, layer: int) -> str:
    """What a file of states says of where it belongs."""
    return f"cache {key}, {shard}, layer {layer}"


# Damage.


def cache_damage(folder: Path, manifest: Mapping[str, Any], *, verify: bool) -> list[str]:
    """Every file of a cache that is missing or not as it was written, as "FILE: what is wrong".

    Of a cache that is still being filled, the shards that are there.

    Args:
        verify: compare digests too, not sizes alone.
    """
    if manifest["complete"]:
        problems = _files_damage(folder, manifest["files"], verify=verify)
        records = dict(enumerate(manifest["shards"]))
    else:
        problems = []
        present = [i for i in range(manifest["shard_count"]) if shard_folder(folder, i).exists()]
        records = {i: read_record(shard_folder(folder, i)) for i in present}
    for number, record in records.items():
        problems += shard_damage(shard_folder(folder, number), record, manifest["key"], verify=verify)
    return problems


def shard_damage(shard: Path, record: Mapping[str, Any], key: str, *, verify: bool) -> list[str]:
    """Every file of a shard that is missing or not as its record says."""
    if not record:
        return [f"{shard}/shard.json: missing or unreadable"]
    if record["key"] != key or record["shard"] != shard.name:
        return [f"{shard}: a shard of another cache or place (key {record['key']}, {record['shard']})"]
    return _files_damage(shard, record["files"], verify=verify)


def damage_message(folder: Path, problems: Sequence[str]) -> str:
    """The first five problems of a damaged cache, and what to do."""
    shown = "; ".join(problems[:5]) + (f"; and {len(problems) - 5} more" if len(problems) > 5 else "")
    return f"cache {folder} is damaged: {shown}. Extract with repair=True to replace what is damaged"


def _files_damage(folder: Path, files: Mapping[str, Any], *, verify: bool) -> list[str]:
    found = (_file_damage(folder / name, record, verify=verify) for name, record in files.items())
    return [problem for problem in found if problem]


def _file_damage(path: Path, record: Mapping[str, Any], *, verify: bool) -> str | None:
    try:
        size = path.stat().st_size
        if size != record["bytes"]:
            return f"{path}: {size} bytes, expected {record['bytes']}"
        if verify and file_digest(path) != record["sha256"]:
            return f"{path}: its digest is not the recorded one, so it was changed after it was written"
    except OSError as error:
        return f"{path}: {error.strerror}"
    return None


# Reading.


class DiskShard:
    """The states of one shard on disk, read by position so that resident memory stays flat.

    safetensors' own slices map the file: of a file of 30 MB in float16, 9,600 random reads of 20 rows took three times
    the time and left all of it resident, or six times where the file was opened anew for each group of 32.
    """

    def __init__(self, shard: Path, dim: int, key: str) -> None:
        self._shard, self._dim, self._key = shard, dim, key
        self._headers: dict[int, tuple[int, str]] = {}

    def read(self, layer: int, rows: Sequence[slice]) -> NDArray[np.float32]:
        """The states of one layer, (words of the rows, dim). Raises CacheError when its file is damaged."""
        path = self._shard / _layer_file(layer)
        try:
            file = os.open(path, os.O_RDONLY)
        except OSError as error:
            raise CacheError(f"{path} cannot be read: {error.strerror}") from error
        try:
            if layer not in self._headers:
                self._headers[layer] = _check_header(file, path, _place(self._key, self._shard.name, layer))
            origin, kind = self._headers[layer]
            raw = np.empty((sum(one.stop - one.start for one in rows), self._dim), _NUMPY_TYPES[kind])
            done = 0
            for one in rows:
                part = raw[done : done + one.stop - one.start]
                _read_fully(file, part, origin + one.start * self._dim * raw.itemsize, path)
                done += len(part)
        finally:
            os.close(file)
        return _as_float32(raw, kind)


def _check_header(file: int, path: Path, place: str) -> tuple[int, str]:
    """Where the numbers begin and their format. Raises CacheError if the file belongs elsewhere."""
    try:
        size = int.from_bytes(os.pread(file, 8, 0), "little")
        header = json.loads(os.pread(file, min(size, 1 << 20), 8))
        found, kind = header["__metadata__"], header["states"]["dtype"]
    except (ValueError, KeyError, TypeError) as error:
        raise CacheError(
            f"{path} is not a file of states; expected a safetensors file with one tensor `states`"
        ) from error
    expected = {"place": place}
    if found != expected or kind not in _NUMPY_TYPES:
        raise CacheError(f"{path} belongs to another cache or place: found {found}, expected {expected}")
    return 8 + size, kind


def _read_fully(file: int, into: NDArray[Any], position: int, path: Path) -> None:
    view = memoryview(into.reshape(-1).view(np.uint8).data)
    while len(view):
        count = os.preadv(file, [view], position)
        if count == 0:
            raise CacheError(f"{path} ends too early: it is truncated")
        view, position = view[count:], position + count


def _as_float32(raw: NDArray[Any], kind: str) -> NDArray[np.float32]:
    if kind == "BF16":
        return (raw.astype(np.uint32) << 16).view(np.float32)
    # torch widens half precision several times faster than numpy.
    return torch.from_numpy(raw).float().numpy()
