"""Folders that one of many processes makes, on machines that share a disk and agree on nothing else.

Whoever makes a folder holds a claim on it: a file into which it writes every `REFRESH_SECONDS` for how long it has held
it. Others look at that file. Where it has not changed for `LEASE_SECONDS`, timed by the watcher's own monotonic clock,
its holder is taken to be dead or cut off, and the watcher makes a claim of the next generation, which exactly one can.
So clocks need not agree, and neither file locks nor an atomic exchange are asked of the disk: only that of several who
create a file of one name one succeeds, and that a rename is one step. Where the holder's process ran on the watcher's
own machine and is gone, its claim is taken over at once.

Before a holder puts its folder in place it makes the claim of the next generation itself. One that was only slow, or
suspended, finds then that another has made it, and drops its work: a folder is made once, even where two worked on it.

FOLDER/
    NAME/                       a finished folder, whole or not there
    .NAME.partial/claim-0       the claim on it, of the first generation: machine, process, token, and seconds held
    .NAME.partial/draft-TOKEN/  what the holder writes
    .NAME.TOKEN.gone/           what is being removed
"""

import json
import os
import secrets
import shutil
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from treeprobe.errors import BusyError, OutputError
from treeprobe.files import check_free, publish

LEASE_SECONDS = 60.0
"""How long a claim that does not change is left alone."""
REFRESH_SECONDS = 10.0
"""How often a holder writes into its claim."""
PLACE, GONE = ".partial", ".gone"
_CLAIM, _DRAFT = "claim-", "draft-"
_WIDTH = 512
"""Bytes of a claim, so that it is written anew in place and never longer or shorter."""


class ClaimLostError(BusyError):
    """A folder that another process makes now, or has made, since this one was silent for too long."""


@dataclass(frozen=True)
class Holder:
    """Who holds a claim: the process, on which machine, and for how many seconds by its own clock when it last wrote.

    Attributes:
        machine: its name; `space` tells machines of one name, and their containers, apart.
        begun: when the process began, in ticks since its machine did, so that a later process of the same number is
            not taken for it; empty where that is not known.
    """

    machine: str
    space: str
    process: int
    begun: str
    token: str
    seconds: float

    @classmethod
    def here(cls) -> "Holder":
        """This process, with a new claim."""
        token = secrets.token_hex(8)
        return cls(socket.gethostname(), _process_space(), os.getpid(), _process_start(os.getpid()), token, 0.0)

    @classmethod
    def read(cls, content: bytes) -> "Holder | None":
        """The holder that a claim names; None where it is only half written."""
        try:
            return cls(**json.loads(content))
        except (ValueError, TypeError):
            return None

    @property
    def is_gone(self) -> bool:
        """Whether it ran on this machine and runs no more."""
        if (self.machine, self.space) != (socket.gethostname(), _process_space()):
            return False
        try:
            os.kill(self.process, 0)
        except ProcessLookupError:
            return True
        except OSError:
            return False
        return self.begun != _process_start(self.process)

    def after(self, seconds: float) -> bytes:
        """The claim's content once it has been held for so many seconds."""
        return json.dumps({**vars(self), "seconds": round(seconds, 1)}).encode().ljust(_WIDTH)


@contextmanager
def claimed_folder(out: str | Path, *, overwrite: bool = False) -> Iterator[Path]:
    """Give a folder to write in, which becomes `out` when the block ends without an error and the claim still holds.

    As `treeprobe.files.staged_folder`, for folders on a disk that machines share. The folder of `out` must exist.

    Raises:
        OutputError: `out` exists and is not an empty folder (unless `overwrite`), or cannot be written.
        BusyError: before any work, when another process makes it.
        ClaimLostError: when another process took the claim over meanwhile; `out` is as that one leaves it.
    """
    target = Path(out)
    check_free(target, overwrite=overwrite)
    with _Claim.acquired(target) as claim:
        # Another process may have finished here since.
        check_free(target, overwrite=overwrite)
        try:
            draft = claim.make_draft()
            yield draft
        except Exception as error:
            if claim.is_lost():  # which may be why: the other process removes what this one wrote
                raise _lost(target) from error
            raise
        claim.seal()
        try:
            publish(draft, target) if overwrite else draft.rename(target)
        except OSError as error:
            raise OutputError(f"{target}: cannot be put in place: {error.strerror}") from error


@contextmanager
def claimed(target: Path) -> Iterator[None]:
    """Hold the claim on something other than a folder, for work that one of many processes should do.

    Raises OutputError, BusyError: as `claimed_folder`.
    """
    with _Claim.acquired(target):
        yield


@dataclass(frozen=True)
class Seen:
    """A claim as it is now: its holder, None where that is half written, and when it changed, by the disk's clock."""

    holder: Holder | None
    changed: float


def seen_claim(target: Path) -> Seen | None:
    """The claim on a folder; None where nobody has begun to make it."""
    claim = _latest(_place(target))
    try:
        return None if claim is None else Seen(Holder.read(_content(claim)), claim.stat().st_mtime)
    except FileNotFoundError:
        return None


def remove_leftovers(folder: Path) -> None:
    """Remove what killed processes had begun to remove, and claims of dead holders on folders that are finished."""
    for leftover in folder.glob(f".*{GONE}"):
        shutil.rmtree(leftover, ignore_errors=True)
    for place in folder.glob(f".*{PLACE}"):
        target = place.with_name(place.name[1 : -len(PLACE)])
        if target.exists():
            with suppress(OutputError), claimed(target):
                pass  # released, it is gone


class _Claim:
    """A claim that this process holds, which a thread refreshes for as long as the context lasts."""

    def __init__(self, target: Path, file: Path, holder: Holder) -> None:
        self._target, self._file, self._holder = target, file, holder
        self._draft = file.with_name(f"{_DRAFT}{holder.token}")
        self._sealed = False
        self._ended, self._start = threading.Event(), time.monotonic()
        self._refreshing = threading.Thread(target=self._refresh, daemon=True)

    @classmethod
    def acquired(cls, target: Path) -> "_Claim":
        """The claim on a folder, where nobody has one, or one who is gone. Raises BusyError, OutputError."""
        place, holder = _place(target), Holder.here()
        try:
            with suppress(FileExistsError):
                place.mkdir()
            latest = _latest(place)
            if latest is not None and not _watch(str(latest)).is_abandoned():
                raise _busy(target)
            file = place / f"{_CLAIM}0" if latest is None else _next(latest)
            _create(file, holder)
        except FileExistsError as error:
            raise _busy(target) from error
        except FileNotFoundError as error:
            if target.parent.is_dir():  # it has just been released
                raise _busy(target) from error
            raise OutputError(f"{target}: there is no folder {target.parent}") from error
        except OutputError:
            raise
        except OSError as error:
            with suppress(OSError):  # only where it is empty
                place.rmdir()
            raise _unwritable(target, error) from error
        return cls(target, file, holder)

    def __enter__(self) -> "_Claim":
        self._refreshing.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Release the claim in one step, or leave it to whoever took it over."""
        self._ended.set()
        if self.is_lost():
            shutil.rmtree(self._draft, ignore_errors=True)
            return
        gone = self._target.with_name(f".{self._target.name}.{self._holder.token}{GONE}")
        with suppress(OSError):
            self._file.parent.rename(gone)
        shutil.rmtree(gone, ignore_errors=True)

    def make_draft(self) -> Path:
        """Make the folder to write in; those of earlier holders are removed. Raises OutputError."""
        try:
            if self._file.name != f"{_CLAIM}0":
                for leftover in self._file.parent.glob(f"{_DRAFT}*"):
                    shutil.rmtree(leftover, ignore_errors=True)
            self._draft.mkdir()
        except OSError as error:
            raise _unwritable(self._target, error) from error
        return self._draft

    def seal(self) -> None:
        """Make the claim of the next generation, so that nobody else can.

        Raises ClaimLostError where another process has, OutputError where it cannot be written.
        """
        if self._sealed:
            return
        try:
            _create(_next(self._file), self._holder)
        except (FileExistsError, FileNotFoundError) as error:
            raise _lost(self._target) from error
        except OSError as error:
            raise _unwritable(self._target, error) from error
        self._sealed = True

    def is_lost(self) -> bool:
        """Whether another process has the claim now; where not, none can get it any more, unless the disk is full."""
        try:
            self.seal()
        except ClaimLostError:
            return True
        except OutputError:
            return False
        return False

    def _refresh(self) -> None:
        """Write for how long it was held, until the context ends; what fails once is tried again."""
        while not self._ended.wait(REFRESH_SECONDS):
            # Not created where it is gone. Closed each time, which is when other machines see it.
            with suppress(OSError), self._file.open("r+b") as claim:
                claim.write(self._holder.after(time.monotonic() - self._start))


class _Watch:
    """What this process has seen of a claim of another."""

    def __init__(self, claim: str) -> None:
        self._claim, self._since = Path(claim), time.monotonic()
        self._seen: bytes | None = None

    def is_abandoned(self) -> bool:
        """Whether its holder is gone: its process from this machine, or its signs of life for `LEASE_SECONDS`."""
        content, now = _content(self._claim), time.monotonic()
        if content != self._seen:
            self._seen, self._since = content, now
        holder = Holder.read(content)
        return (holder is not None and holder.is_gone) or now - self._since >= LEASE_SECONDS


@cache
def _watch(claim: str) -> _Watch:
    """One for each claim, since it has to see it twice."""
    return _Watch(claim)


def _place(target: Path) -> Path:
    """Where the claims on a folder are, and what its holder writes."""
    return target.with_name(f".{target.name}{PLACE}")


def _create(file: Path, holder: Holder) -> None:
    """Make a claim that is not there yet. Raises FileExistsError, and OSError, after which none is left behind."""
    with file.open("xb") as claim:
        try:
            claim.write(holder.after(0))
            claim.flush()
        except OSError:
            file.unlink(missing_ok=True)
            raise


def _next(claim: Path) -> Path:
    """The claim of the next generation."""
    return claim.with_name(f"{_CLAIM}{int(claim.name.removeprefix(_CLAIM)) + 1}")


def _latest(place: Path) -> Path | None:
    """The claim of the last generation; None where there is none."""
    try:
        names = [name for name in os.listdir(place) if name.removeprefix(_CLAIM).isdecimal()]
    except (FileNotFoundError, NotADirectoryError):
        return None
    return place / max(names, key=lambda name: int(name.removeprefix(_CLAIM))) if names else None


def _content(claim: Path) -> bytes:
    """What a claim says now: opening it asks the disk itself, past what this machine remembers of it."""
    try:
        return claim.read_bytes()
    except OSError:
        return b""


def _process_space() -> str:
    """What the numbers of processes here are counted in: this start of this machine, and its container."""
    found: list[Any] = []
    with suppress(OSError):
        found.append(Path("/proc/sys/kernel/random/boot_id").read_text().strip())
    with suppress(OSError):
        found.append(os.stat("/proc/self/ns/pid").st_ino)
    return "/".join(map(str, found))


def _process_start(process: int) -> str:
    """When a process began, in ticks since its machine did; empty where the system does not tell."""
    with suppress(OSError, IndexError):
        # Its name, in parentheses, may hold anything; then come its state and, eighteen fields further, its start.
        fields = Path(f"/proc/{process}/stat").read_text(errors="replace").rpartition(")")[2].split()
        return "" if fields[0] in "ZX" else fields[19]  # one that has ended, and was not waited for yet
    return ""


def _busy(target: Path) -> BusyError:
    return BusyError(f"{target}: another process is writing it")


def _lost(target: Path) -> ClaimLostError:
    return ClaimLostError(f"{target}: another process took it over, since this one was silent")


def _unwritable(target: Path, error: OSError) -> OutputError:
    return OutputError(f"{target}: cannot write in {target.parent}: {error.strerror}")
