"""Word-aligned states on disk, one folder per cache: written whole or not at all, opened, listed, verified, removed.

Whoever writes NAME-KEY/ holds NAME-KEY.lock beside it; what lies in the folder, `_cache_files` says, what its records
say, `_cache_records`, and how its shards are written and read, `_cache_shards`.
"""

import errno
import re
import shutil
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from filelock import FileLock, Timeout

from treeprobe.extraction._cache_drafts import DraftShards
from treeprobe.extraction._cache_files import (
    begin_cache,
    cache_folder_name,
    complete_cache,
    files_damage,
    open_cache,
    refusal,
    refuse_damage,
    verify_folder,
)
from treeprobe.extraction._cache_records import (
    BOUNDS,
    MANIFEST,
    REMEDY,
    CacheError,
    KeptShard,
    Manifest,
    cache_key,
    shard_name,
)
from treeprobe.extraction.states import Layout, States
from treeprobe.extraction.stretches import Stretch, check_finite
from treeprobe.extraction.word_vectors import WordBatch
from treeprobe.files import remove_drafts
from treeprobe.overlap import Background

Read = Callable[[Sequence[int]], Generator[Stretch]]
"""Reads the stretches that hold the shards of some numbers, one after the other."""

_OWN = re.compile("|".join([*map(re.escape, (MANIFEST, *BOUNDS)), r"shard-\d{5}", r"\..*\.partial.*"]))
"""Names of what lies in a cache's folder, the drafts of killed processes among them."""


def cached_states(root: Path, layout: Layout, read: Read, *, verify: bool, repair: bool) -> States:
    """The states of a layout from their folder under `root`, extracting only the shards that are not there.

    Args:
        read: the stretches that hold the shards of some numbers.
        verify: compare every file with its digest first.
        repair: extract damaged shards anew instead of refusing them.

    Raises:
        CacheError: a shard is damaged or foreign, or the folder cannot be written.
    """
    folder = root / cache_folder_name(layout)
    if repair or not (folder / MANIFEST).exists() or not Manifest.read(folder).complete:
        with _writing(folder):
            _fill(folder, layout, read, repair=repair)
    return open_states(folder, verify=verify, expected_key=cache_key(layout))


def open_states(folder: str | Path, *, verify: bool = False, expected_key: str | None = None) -> States:
    """Open a complete cache; takes the same memory whatever its size.

    The manifest, the bounds and the header and size of every file of states are checked, so that nothing but changed
    numbers within those files can pass. These are found with `verify`.

    Args:
        verify: read every file and compare it with its digest.
        expected_key: key that the cache must have; any where None.

    Raises:
        CacheError: not a cache, not complete, or files are missing, truncated, edited or foreign; the damaged files
            are named.
    """
    folder = Path(folder)
    manifest = Manifest.read(folder)
    if expected_key is not None:
        manifest.check_key(folder, expected_key)
    return open_cache(folder, manifest, verify=verify)


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
            manifest = Manifest.read(folder)
        except CacheError as error:
            return cls(name=folder.name, folder=folder, bytes=size, problem=str(error))
        identity = manifest.identity
        return cls(
            name=folder.name,
            folder=folder,
            checkpoint=identity["checkpoint"]["name"],
            sentences=identity["text"]["sentences"],
            words=identity["text"]["words"],
            layers=len(manifest.layers),
            storage=manifest.storage,
            bytes=size,
            complete=manifest.complete,
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
    if damages := [damage for cache in caches if (damage := refusal(partial(verify_folder, cache)))]:
        raise CacheError("\n".join(f"{damage}; {REMEDY}" for damage in damages))


def remove_cache(folder: str | Path) -> None:
    """Remove one cache and its lock file; a damaged one too, if nothing but a cache's files lie in its folder.

    Raises:
        CacheError: it is not a cache, or another process is writing it.
    """
    folder = Path(folder)
    if not ((folder / MANIFEST).exists() and all(_OWN.fullmatch(path.name) for path in folder.iterdir())):
        Manifest.read(folder)
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


def _fill(folder: Path, layout: Layout, read: Read, *, repair: bool) -> None:
    """Bring a cache folder to completion; the caller holds its lock. Writing goes on while the model works."""
    remove_drafts(folder)
    manifest = begin_cache(folder, layout, repair=repair)
    found = {number: _kept_shard(folder, manifest, number, repair=repair) for number in range(layout.shards)}
    kept = {number: one for number, one in found.items() if one is not None}

    def write(draft: DraftShards, batch: WordBatch) -> None:
        check_finite(batch, layout)
        draft.write(batch.fetched(slice(None)), layout.runs(batch.words))

    def finish(draft: DraftShards, stretch: Stretch) -> None:
        kept.update(draft.finish(dict(zip(stretch.shards, stretch.reports))))

    # Left in the opposite order: no more is read, nothing is being written, and what is not in place is removed.
    with ExitStack() as drafts, Background() as writer, closing(read(sorted(found.keys() - kept.keys()))) as stretches:
        for stretch in stretches:
            draft = DraftShards(folder, manifest, layout, [n for n in stretch.shards if n not in kept])
            drafts.callback(draft.discard)
            writer.do(draft.begin)
            for batch in stretch.batches:
                writer.do(partial(write, draft, batch))
                del batch  # gone once written
            writer.do(partial(finish, draft, stretch))
    complete_cache(folder, manifest, [kept[number] for number in range(layout.shards)])


def _kept_shard(folder: Path, manifest: Manifest, number: int, *, repair: bool) -> KeptShard | None:
    """A shard that is there already; None where there is none or, with `repair`, where it was damaged and is removed.

    With `repair`, every file is compared with its digest, and a shard whose record has no seal counts as damaged.
    """
    shard = folder / shard_name(number)
    if not shard.exists():
        return None
    try:
        kept = KeptShard.read(folder, manifest, number)
        refuse_damage(folder, files_damage(shard, kept.record, digest=repair))
        if kept.sealed or not repair:
            return kept
    except CacheError:
        if not repair:
            raise
    if shard.is_dir():
        shutil.rmtree(shard)
    else:
        shard.unlink()
    return None


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
    return f"cannot write the cache {folder}: {error}; {REMEDY}"


def _folders(root: Path) -> list[Path]:
    if not root.is_dir():
        raise CacheError(f"there is no folder {root}: no states have been kept there")
    return sorted(manifest.parent for manifest in root.glob(f"*/{MANIFEST}"))


def _names(folders: Sequence[Path]) -> str:
    return "" if not folders else ": " + ", ".join(folder.name for folder in folders[:8])
