"""Word-aligned states on disk: one folder a cache, one file a layer and shard, written whole or not at all.

NAME-KEY/
    manifest.json          what was extracted from what, with versions; when complete, every file's size and digest
    word_bounds.npy        (sentences + 1,) int64: where each sentence's words begin
    shard_bounds.npy       (shards + 1,) int64: the first sentence of each shard
    shard-00000/           renamed into place when all its files are written
        layer-00.safetensors ...   one tensor "states" (words, dim)
        shard.json         key, sizes, digests and alignment report of this shard
NAME-KEY.lock              held by whoever writes
"""

import errno
import json
import shutil
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from filelock import FileLock

from treeprobe.extraction.hidden import WordVectors
from treeprobe.extraction.manifest import MANIFEST, Plan, manifest_of, read_manifest
from treeprobe.extraction.report import AlignmentReport
from treeprobe.extraction.shards import (
    CacheError,
    DiskShard,
    file_problems,
    file_record,
    layer_file,
    shard_place,
    shard_problems,
    write_states,
)
from treeprobe.extraction.states import States
from treeprobe.files import remove_drafts, write_json, written_whole

RECORDED = frozenset({"key", "shard", "files", "report"})
"""What `shard.json` holds."""

WRITERS = 2
"""Files of a shard that are written at once; each is in memory a few times over meanwhile."""


def cached_states(
    root: Path, plan: Plan, produce: Callable[[int], WordVectors], *, verify: bool, repair: bool
) -> States:
    """The states of `plan` from its folder under `root`, extracting only the shards that are not there.

    Args:
        produce: the word vectors of one shard, by its number.
        verify: compare every file with its digest first.
        repair: extract damaged shards anew instead of refusing them.

    Raises:
        CacheError: a shard is damaged or foreign, or the folder cannot be written.
    """
    folder = root / plan.folder_name
    manifest = read_manifest(folder) if (folder / MANIFEST).exists() else None
    if manifest is None or not manifest["complete"] or repair:
        with _writing(root, folder):
            _fill(folder, plan, produce, repair=repair)
    return open_states(folder, verify=verify, expected_key=plan.key)


def open_states(folder: str | Path, *, verify: bool = False, expected_key: str | None = None) -> States:
    """Open a complete cache; takes milliseconds and the same memory whatever its size.

    Args:
        verify: read every file and compare it with its digest; without it, only sizes are compared.

    Raises:
        CacheError: not a cache, not complete, or files are missing, truncated, edited (`verify`) or foreign; every
            damaged file is named.
    """
    folder = Path(folder)
    manifest = read_manifest(folder)
    if not manifest["complete"]:
        raise CacheError(f"{folder} is not complete: run the same extraction again and it goes on where it stopped")
    if expected_key is not None and manifest["key"] != expected_key:
        raise CacheError(f"{folder} holds another extraction: its key is {manifest['key']}, expected {expected_key}")
    problems = cache_problems(folder, manifest, verify=verify)
    if problems:
        raise CacheError(damage_message(folder, problems))
    word_bounds = np.load(folder / "word_bounds.npy", mmap_mode="r", allow_pickle=False)
    shard_bounds = np.load(folder / "shard_bounds.npy", mmap_mode="r", allow_pickle=False)
    shards = [
        DiskShard(folder / shard_name(number), manifest["dim"], manifest["key"])
        for number in range(manifest["shard_count"])
    ]
    return States(
        shards,
        layers=manifest["layers"],
        dim=manifest["dim"],
        word_bounds=word_bounds,
        shard_bounds=shard_bounds,
        identity=manifest["identity"],
        report=AlignmentReport.from_json(manifest["report"]),
    )


def cache_problems(folder: Path, manifest: Mapping[str, Any], *, verify: bool) -> list[str]:
    """Every file of a complete cache that is missing or not as it was written, as "FILE: what is wrong"."""
    problems = file_problems(folder, manifest["files"], verify=verify)
    for number, record in enumerate(manifest["shards"]):
        problems += shard_problems(folder / shard_name(number), record, manifest["key"], verify=verify)
    return problems


def incomplete_problems(folder: Path, manifest: Mapping[str, Any]) -> list[str]:
    """Every file of the finished shards of a cache still being filled that is not as it was written."""
    problems = []
    for number in range(manifest["shard_count"]):
        path = folder / shard_name(number)
        if path.exists():
            problems += shard_problems(path, read_record(path), manifest["key"], verify=True)
    return problems


def damage_message(folder: Path, problems: list[str]) -> str:
    """What `CacheError` says of a damaged cache: the first five problems, and what to do."""
    shown = "; ".join(problems[:5]) + (f"; and {len(problems) - 5} more" if len(problems) > 5 else "")
    return f"cache {folder} is damaged: {shown}. Extract with repair=True to replace what is damaged"


def shard_name(number: int) -> str:
    """The folder of a shard within its cache."""
    return f"shard-{number:05d}"


def _fill(folder: Path, plan: Plan, produce: Callable[[int], WordVectors], *, repair: bool) -> None:
    """Bring a cache folder to completion; the caller holds its lock."""
    remove_drafts(folder)
    _begin(folder, plan)
    records = []
    for number in range(len(plan.shard_bounds) - 1):
        path = folder / shard_name(number)
        if path.exists():
            record = read_record(path)
            problems = shard_problems(path, record, plan.key, verify=repair)
            if problems and not repair:
                raise CacheError(damage_message(folder, problems))
            if not problems:
                records.append(record)
                continue
            shutil.rmtree(path)
        records.append(_write_shard(path, plan, produce(number)))
    report = AlignmentReport()
    for record in records:
        report += AlignmentReport.from_json(record.pop("report"))
    write_json(
        folder / MANIFEST,
        manifest_of(plan)
        | {"complete": True, "files": _bounds_records(folder), "shards": records, "report": report.to_json()},
    )


def _begin(folder: Path, plan: Plan) -> None:
    """Write what is known beforehand, the manifest last; refuse a folder that was begun for another extraction."""
    if (folder / MANIFEST).exists():
        found = read_manifest(folder)
        if found["key"] != plan.key:
            raise CacheError(f"{folder} holds another extraction: its key is {found['key']}, expected {plan.key}")
    for name, bounds in (("word_bounds.npy", plan.word_bounds), ("shard_bounds.npy", plan.shard_bounds)):
        with written_whole(folder / name) as partial, partial.open("wb") as file:
            np.save(file, bounds, allow_pickle=False)
    write_json(folder / MANIFEST, manifest_of(plan) | {"complete": False})


def _bounds_records(folder: Path) -> dict[str, Any]:
    return {name: file_record(folder / name) for name in ("word_bounds.npy", "shard_bounds.npy")}


def _write_shard(path: Path, plan: Plan, found: WordVectors) -> dict[str, Any]:
    """Write one shard beside its place, then rename it into place; returns its record."""
    partial = path.with_name(f".{path.name}.partial")
    partial.mkdir()
    try:
        names = [layer_file(layer) for layer in plan.layers]
        places = [shard_place(plan.key, path.name, layer) for layer in plan.layers]
        # Digests and writes let go of the interpreter, so several layers are under way at once.
        with ThreadPoolExecutor(WRITERS) as writers:
            records = writers.map(write_states, (partial / name for name in names), found.vectors, places)
            files = dict(zip(names, records))
        record = {"key": plan.key, "shard": path.name, "files": files, "report": found.report.to_json()}
        (partial / "shard.json").write_text(json.dumps(record), encoding="utf-8")
        partial.rename(path)
    except BaseException:
        shutil.rmtree(partial, ignore_errors=True)
        raise
    return record


def read_record(path: Path) -> dict[str, Any]:
    """The record in a shard's folder, empty where there is none that can be read."""
    try:
        found = json.loads((path / "shard.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) and found.keys() >= RECORDED else {}


@contextmanager
def _writing(root: Path, folder: Path) -> Iterator[None]:
    """Hold the lock of a cache folder that exists; failures of the disk become one `CacheError`."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with FileLock(root / f"{folder.name}.lock"):
            yield
    except OSError as error:
        raise CacheError(_disk_message(folder, error)) from error


def _disk_message(folder: Path, error: OSError) -> str:
    if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
        return f"the disk is full while writing {folder}: free some space and run again; finished shards are kept"
    if error.errno in (errno.EACCES, errno.EROFS, errno.EPERM) or isinstance(error, PermissionError):
        return f"cannot write to {folder} ({error.strerror}): choose another cache folder"
    return f"cannot write the cache {folder}: {error}"
