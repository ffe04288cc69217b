"""Word-aligned states on disk, one folder per cache: written whole or not at all, opened, listed, verified, removed.

Whoever writes NAME-KEY/ holds NAME-KEY.lock beside it; what lies in the folder, `_cache_files` says.
"""

import errno
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock, Timeout

from treeprobe.extraction._cache_files import (
    MANIFEST,
    CacheError,
    DiskShard,
    begin_cache,
    cache_damage,
    cache_folder_name,
    cache_key,
    check_key,
    complete_cache,
    damage_message,
    read_layout,
    read_manifest,
    read_record,
    shard_damage,
    shard_folder,
    write_shard,
)
from treeprobe.extraction.report import AlignmentReport
from treeprobe.extraction.states import Layout, States
from treeprobe.extraction.word_vectors import WordVectors
from treeprobe.files import remove_drafts


def cached_states(
    root: Path, layout: Layout, produce: Callable[[int], WordVectors], *, verify: bool, repair: bool
) -> States:
    """The states of a layout from their folder under `root`, extracting only the shards that are not there.

    Args:
        produce: the word vectors of one shard, by its number.
        verify: compare every file with its digest first.
        repair: extract damaged shards anew instead of refusing them.

    Raises:
        CacheError: a shard is damaged or foreign, or the folder cannot be written.
    """
    folder = root / cache_folder_name(layout)
    manifest = read_manifest(folder) if (folder / MANIFEST).exists() else None
    if manifest is None or not manifest["complete"] or repair:
        with _writing(folder):
            _fill(folder, layout, produce, repair=repair)
    return open_states(folder, verify=verify, expected_key=cache_key(layout))


def open_states(folder: str | Path, *, verify: bool = False, expected_key: str | None = None) -> States:
    """Open a complete cache; takes milliseconds and the same memory whatever its size.

    Args:
        verify: read every file and compare it with its digest; without it, only sizes are compared.
        expected_key: key that the cache must have; any where None.

    Raises:
        CacheError: not a cache, not complete, or files are missing, truncated, edited (`verify`) or foreign; the
            damaged files are named.
    """
    folder = Path(folder)
    manifest = read_manifest(folder)
    if not manifest["complete"]:
        raise CacheError(f"{folder} is not complete: run the same extraction again and it goes on where it stopped")
    if expected_key is not None:
        check_key(folder, manifest, expected_key)
    if problems := cache_damage(folder, manifest, verify=verify):
        raise CacheError(damage_message(folder, problems))
    layout = read_layout(folder, manifest)
    shards = [DiskShard(shard_folder(folder, i), layout.dim, manifest["key"]) for i in range(layout.shards)]
    return States(shards, layout, AlignmentReport.from_json(manifest["report"]))


@dataclass(frozen=True, kw_only=True)
class CacheEntry:
    """One cache in a folder of caches."""

    name: str
    folder: Path
    checkpoint: str = ""
    sentences: int = 0
    words: int = 0
    layers: int = 0
    storage: str = ""
    bytes: int
    """Size on disk of everything in it."""
    complete: bool = False
    problem: str | None = None
    """Why its manifest cannot be read; what it would say is then empty or 0 here. None where all is well."""

    @classmethod
    def of(cls, folder: Path) -> "CacheEntry":
        """What a cache's manifest says, or that it cannot be read."""
        size = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
        try:
            manifest = read_manifest(folder)
        except CacheError as error:
            return cls(name=folder.name, folder=folder, bytes=size, problem=str(error))
        identity = manifest["identity"]
        return cls(
            name=folder.name,
            folder=folder,
            checkpoint=identity["checkpoint"]["name"],
            sentences=identity["text"]["sentences"],
            words=identity["text"]["words"],
            layers=len(manifest["layers"]),
            storage=manifest["storage"],
            bytes=size,
            complete=manifest["complete"],
        )


def list_caches(root: str | Path) -> list[CacheEntry]:
    """Every cache directly under `root`, by name, those that cannot be read among them (see `CacheEntry.problem`).

    Raises:
        CacheError: `root` is no folder.
    """
    return [CacheEntry.of(folder) for folder in _folders(Path(root))]


def find_cache(root: str | Path, name: str) -> Path:
    """The folder of the one cache under `root` whose name is `name` or ends with it.

    Raises:
        CacheError: there is none, or more than one.
    """
    folders = _folders(Path(root))
    exact = [folder for folder in folders if folder.name == name]
    found = exact or [folder for folder in folders if folder.name.endswith(name)]
    if len(found) != 1:
        raise CacheError(f"{name} names {len(found)} caches under {root}, expected one{_names(found or folders)}")
    return found[0]


def verify_cache(folder: str | Path) -> None:
    """Compare every file of a cache, or of each cache directly under a folder, with its digest.

    The finished shards of an incomplete cache are verified too.

    Raises:
        CacheError: something is missing, truncated, edited or foreign, or there is no cache; the damaged files are
            named.
    """
    folder = Path(folder)
    caches = [folder] if (folder / MANIFEST).exists() else _folders(folder)
    if not caches:
        raise CacheError(f"there are no caches in {folder}: expected folders with a {MANIFEST}")
    problems = [problem for cache in caches if (problem := _damage(cache)) is not None]
    if problems:
        raise CacheError("\n".join(problems))


def remove_cache(folder: str | Path) -> None:
    """Remove one cache and its lock file.

    Raises:
        CacheError: it is not a cache, or another process is writing it.
    """
    folder = Path(folder)
    read_manifest(folder)
    lock = _lock(folder)
    try:
        with FileLock(lock, timeout=0):
            # What makes it a cache goes first, so that a removal cut short leaves nothing that looks whole.
            (folder / MANIFEST).unlink()
            shutil.rmtree(folder)
    except Timeout as error:
        raise CacheError(f"{folder} is being written by another process") from error
    except OSError as error:
        raise CacheError(f"cannot remove {folder}: {error.strerror}") from error
    lock.unlink(missing_ok=True)


def _fill(folder: Path, layout: Layout, produce: Callable[[int], WordVectors], *, repair: bool) -> None:
    """Bring a cache folder to completion; the caller holds its lock."""
    remove_drafts(folder)
    begin_cache(folder, layout)
    key, records = cache_key(layout), []
    for number in range(layout.shards):
        shard = shard_folder(folder, number)
        if shard.exists():
            record = read_record(shard)
            problems = shard_damage(shard, record, key, verify=repair)
            if problems and not repair:
                raise CacheError(damage_message(folder, problems))
            if not problems:
                records.append(record)
                continue
            shutil.rmtree(shard)
        found = produce(number)
        records.append(write_shard(shard, key, dict(zip(layout.layers, found.vectors)), found.report))
    complete_cache(folder, layout, records)


@contextmanager
def _writing(folder: Path) -> Iterator[None]:
    """Hold the lock of a cache folder that exists; failures of the disk become one `CacheError`."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with FileLock(_lock(folder)):
            yield
    except OSError as error:
        raise CacheError(_disk_message(folder, error)) from error


def _lock(folder: Path) -> Path:
    return folder.with_name(f"{folder.name}.lock")


def _disk_message(folder: Path, error: OSError) -> str:
    if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
        return f"the disk is full while writing {folder}: free some space and run again; finished shards are kept"
    if error.errno in (errno.EACCES, errno.EROFS, errno.EPERM) or isinstance(error, PermissionError):
        return f"cannot write to {folder} ({error.strerror}): choose another cache folder"
    return f"cannot write the cache {folder}: {error}"


def _damage(folder: Path) -> str | None:
    """What is wrong with a cache, every file compared with its digest; None where nothing is."""
    try:
        problems = cache_damage(folder, read_manifest(folder), verify=True)
    except CacheError as error:
        return str(error)
    return damage_message(folder, problems) if problems else None


def _folders(root: Path) -> list[Path]:
    if not root.is_dir():
        raise CacheError(f"there is no folder {root}: no states have been kept there")
    return sorted(manifest.parent for manifest in root.glob(f"*/{MANIFEST}"))


def _names(folders: Sequence[Path]) -> str:
    return "" if not folders else ": " + ", ".join(folder.name for folder in folders[:8])
