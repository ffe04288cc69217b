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
    """A path to write to that becomes `target` when the block ends well, and is removed when it does not.

    It lies beside `target` and ends alike, since some writers go by the suffix. It is not one of tempfile's, which
    their owner alone can read. What a killed process leaves behind, `remove_drafts` finds.
    """
    draft = target.with_name(f".{target.stem}-{secrets.token_hex(8)}.partial{target.suffix}")
    try:
        yield draft
        draft.replace(target)
    finally:
        draft.unlink(missing_ok=True)


def remove_drafts(folder: Path) -> None:
    """Remove what killed processes left in a folder; only for whoever alone may write there now."""
    for leftover in folder.glob(".*.partial*"):
        shutil.rmtree(leftover) if leftover.is_dir() else leftover.unlink(missing_ok=True)


def write_json(path: Path, content: Mapping[str, Any]) -> None:
    """Write a mapping as readable JSON, whole or not at all; paths and other objects become text."""
    text = json.dumps(content, indent=2, ensure_ascii=False, default=str) + "\n"
    with written_whole(path) as draft:
        draft.write_text(text, encoding="utf-8")


@contextmanager
def staged_folder(out: str | Path, *, overwrite: bool = False) -> Iterator[Path]:
    """Give a folder to write in that becomes `out` only when the block ends without an error.

    The work is done in a sibling, `.NAME.partial`, on the same file system, so that the last step is one
    rename. When the block fails the sibling is removed and `out` is as it was. A lock is held meanwhile, which ends
    with the process: what a killed one left behind is removed by the next.

    Raises OutputError before any work when `out` exists and is not an empty folder (unless `overwrite`), when its
    parent cannot be written, or when another process is writing it.
    """
    target = Path(out).absolute()
    check_free(target, overwrite=overwrite)
    staging = target.with_name(f".{target.name}.partial")
    with sole_writer(target, staging):
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


@contextmanager
def sole_writer(target: Path, staging: Path) -> Iterator[None]:
    """Hold the lock beside `staging` while `target` is made; its folder is made where it is missing."""
    lock = FileLock(staging.with_name(f"{staging.name}.lock"))
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
        # While it is held: whoever opened it before and gets it after sees that it is no file's any more.
        with suppress(OSError):
            Path(lock.lock_file).unlink()
        lock.release()


def check_free(target: Path, *, overwrite: bool) -> None:
    """Refuse a target that would lose somebody's files."""
    if target.is_file():
        raise OutputError(f"{target}: is a file; expected a folder to write results in")
    if target.is_dir() and any(target.iterdir()) and not overwrite:
        raise OutputError(f"{target}: already holds files; choose another folder or pass --overwrite")


def publish(staging: Path, target: Path) -> None:
    """Put the finished folder in its place; an older one steps aside first and goes only after the rename."""
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
