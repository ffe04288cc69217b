"""Files and folders that appear whole or not at all."""

import json
import secrets
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from treeprobe.errors import BusyError, OutputError


@contextmanager
def written_whole(target: Path) -> Iterator[Path]:
    """Give a path to write to, whose file becomes `target` when the block ends without an error.

    A reader sees the old file or the new one, never a part of one. When the block fails, the draft is removed and
    `target` is as it was. What a killed process leaves behind, `remove_drafts` removes.

    The draft lies beside `target`, so that the last step is one rename, and has its suffix, since some writers go by
    it. It is none of `tempfile`'s files, which only their owner can read.
    """
    draft = target.with_name(f".{target.stem}-{secrets.token_hex(8)}.partial{target.suffix}")
    try:
        yield draft
        draft.replace(target)
    finally:
        draft.unlink(missing_ok=True)


def remove_drafts(folder: Path) -> None:
    """Remove the drafts that killed processes left in a folder. The caller must be its only writer."""
    for leftover in folder.glob(".*.partial*"):
        shutil.rmtree(leftover) if leftover.is_dir() else leftover.unlink(missing_ok=True)


def write_json(path: Path, content: Mapping[str, Any], *, indent: int | None = 2) -> None:
    """Write a mapping as JSON, whole or not at all. What JSON does not know, such as a path, becomes text."""
    text = json.dumps(content, indent=indent, ensure_ascii=False, default=str) + "\n"
    with written_whole(path) as draft:
        draft.write_text(text, encoding="utf-8")


@contextmanager
def staged_folder(out: str | Path, *, overwrite: bool = False) -> Iterator[Path]:
    """Give a folder to write in, which becomes `out` when the block ends without an error.

    It is a sibling of `out`, `.NAME.partial`, so that the last step is one rename. When the block fails, it is removed
    and `out` is as it was. A lock is held meanwhile, which ends with the process; what a killed process left behind,
    the next one removes.

    Raises:
        OutputError: before any work, when `out` exists and is not an empty folder (unless `overwrite`), when its parent
            cannot be written, or when another process is writing it.
    """
    target = Path(out).absolute()
    check_free(target, overwrite=overwrite)
    staging = target.with_name(f".{target.name}.partial")
    with sole_writer(target):
        # Another process may have finished here since.
        check_free(target, overwrite=overwrite)
        shutil.rmtree(staging, ignore_errors=True)
        try:
            staging.mkdir()
        except OSError as error:
            raise OutputError(f"{target}: cannot write in {target.parent}: {error.strerror}") from error
        try:
            yield staging
            publish(staging, target)
        except BaseException:
            shutil.rmtree(staging, ignore_errors=True)
            raise


def check_free(target: Path, *, overwrite: bool) -> None:
    """Refuse a folder whose making would destroy files that are there.

    Raises:
        OutputError: `target` is a file, or a folder that is not empty (unless `overwrite`).
    """
    if target.is_file():
        raise OutputError(f"{target}: is a file; expected a folder to write results in")
    if target.is_dir() and any(target.iterdir()) and not overwrite:
        raise OutputError(f"{target}: already holds files; choose another folder or pass --overwrite")


@contextmanager
def sole_writer(target: Path) -> Iterator[None]:
    """Hold the lock of an output, beside it, which ends with the process; missing parent folders are made first.

    Raises:
        BusyError: another process holds it.
        OutputError: it cannot be made there.
    """
    lock = FileLock(target.with_name(f".{target.name}.partial.lock"))
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        lock.acquire(timeout=0)
    except Timeout as error:
        raise BusyError(f"{target}: another process is writing it; wait for it, or choose another folder") from error
    except OSError as error:
        raise OutputError(f"{target}: cannot write in {target.parent}: {error.strerror}") from error
    try:
        yield
    finally:
        # Before it is released: a process that has opened it and acquires it then notices that the file is gone.
        with suppress(OSError):
            Path(lock.lock_file).unlink()
        lock.release()


def publish(staging: Path, target: Path) -> None:
    """Rename the finished folder to `target`; an older one is set aside first, and removed after the rename."""
    older = target.with_name(f".{target.name}.replaced")
    shutil.rmtree(older, ignore_errors=True)
    if target.exists():
        target.rename(older)
    try:
        staging.rename(target)
    except BaseException:
        if older.exists():
            older.rename(target)
        raise
    shutil.rmtree(older, ignore_errors=True)
