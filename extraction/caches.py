"""The caches that lie in a folder: listed, verified, removed."""

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from treeprobe.extraction.cache import cache_problems, damage_message, incomplete_problems
from treeprobe.extraction.manifest import MANIFEST, read_manifest
from treeprobe.extraction.shards import CacheError


@dataclass(frozen=True)
class CacheEntry:
    """One cache in a folder of caches."""

    name: str
    folder: Path
    checkpoint: str
    sentences: int
    words: int
    layers: int
    storage: str
    bytes: int
    """Size on disk of everything in it."""
    complete: bool
    problem: str | None = None
    """Why its manifest cannot be read; what it would say is then empty or 0 here. None where all is well."""

    @classmethod
    def of(cls, folder: Path) -> "CacheEntry":
        """What a cache's manifest says, or that it cannot be read."""
        size = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
        try:
            manifest = read_manifest(folder)
        except CacheError as error:
            return cls(folder.name, folder, "", 0, 0, 0, "", size, False, problem=str(error))
        text: Any = manifest["identity"]["text"]
        return cls(
            folder.name,
            folder,
            manifest["identity"]["checkpoint"]["name"],
            text["sentences"],
            text["words"],
            len(manifest["layers"]),
            manifest["storage"],
            size,
            manifest["complete"],
        )


def list_caches(root: str | Path) -> list[CacheEntry]:
    """Every cache directly under `root`, by name, those that cannot be read among them (see `CacheEntry.problem`).

    Raises:
        CacheError: `root` is no folder.
    """
    return [CacheEntry.of(folder) for folder in _folders(Path(root))]


def verify_cache(folder: str | Path) -> None:
    """Compare every file of a cache, or of each cache directly under a folder, with its digest.

    The finished shards of an incomplete cache are verified too.

    Raises:
        CacheError: something is missing, truncated, edited or foreign, or there is no cache; every damaged file is
            named.
    """
    folder = Path(folder)
    caches = [folder] if (folder / MANIFEST).exists() else _folders(folder)
    if not caches:
        raise CacheError(f"there are no caches in {folder}: expected folders with a {MANIFEST}")
    problems = [problem for cache in caches if (problem := _damage(cache)) is not None]
    if problems:
        raise CacheError("\n".join(problems))


def _damage(cache: Path) -> str | None:
    """What is wrong with a cache, every file compared with its digest; None where nothing is."""
    try:
        manifest = read_manifest(cache)
    except CacheError as error:
        return str(error)
    found = (
        cache_problems(cache, manifest, verify=True) if manifest["complete"] else incomplete_problems(cache, manifest)
    )
    return damage_message(cache, found) if found else None


def remove_cache(folder: str | Path) -> None:
    """Remove one cache and its lock file.

    Raises:
        CacheError: it is not a cache, or another process is writing it.
    """
    folder = Path(folder)
    read_manifest(folder)
    lock = folder.with_name(f"{folder.name}.lock")
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


def _folders(root: Path) -> list[Path]:
    if not root.is_dir():
        raise CacheError(f"there is no folder {root}: no states have been kept there")
    return sorted(manifest.parent for manifest in root.glob(f"*/{MANIFEST}"))


def _names(folders: Sequence[Path]) -> str:
    return "" if not folders else ": " + ", ".join(folder.name for folder in folders[:8])
