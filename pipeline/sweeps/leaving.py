"""How a sweep leaves when it is asked to: SIGTERM or SIGUSR1, as clusters send before they kill a job.

No task is begun any more. The one at work has `GRACE_SECONDS` to finish; after that it is given up, its folder removed
and its claim released, so that another process can take it at once. Whatever happens, the process is gone
`LIMIT_SECONDS` after the signal: what it then leaves is what a killed process leaves, which others take over.
"""

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

from treeprobe.errors import TreeprobeError
from treeprobe.exit_codes import ExitCode

GRACE_SECONDS = 20.0
LIMIT_SECONDS = 28.0
SIGNALS = tuple(getattr(signal, name) for name in ("SIGTERM", "SIGUSR1") if hasattr(signal, name))


class SweepLeftError(TreeprobeError, RuntimeError):
    """A sweep that was asked to leave before all tasks had ended: start it again."""

    exit_code = ExitCode.LEFT


class GraceOver(BaseException):
    """The task at work is to be given up. No Exception, so that nothing takes it for a failure of the task."""


class Leaving:
    """Whether a signal has asked this process to leave, and by which."""

    def __init__(self, grace: float) -> None:
        self.signal = ""
        self._grace, self._limit = grace, threading.Timer(LIMIT_SECONDS, os._exit, (ExitCode.LEFT,))
        self._limit.daemon = True

    def __bool__(self) -> bool:
        return bool(self.signal)

    def ask(self, number: int, _: FrameType | None) -> None:
        """The handler of the signals; a second one changes nothing."""
        if self.signal:
            return
        self.signal = signal.Signals(number).name
        signal.setitimer(signal.ITIMER_REAL, self._grace)
        self._limit.start()

    def give_up(self, *_: Any) -> None:
        """The handler of the alarm at the end of the grace."""
        raise GraceOver

    def close(self) -> None:
        """No more is to happen."""
        signal.setitimer(signal.ITIMER_REAL, 0)
        self._limit.cancel()


@contextmanager
def leaving_on_signals(*, grace: float | None = None) -> Iterator[Leaving]:
    """Watch for the signals within the block; nothing is ever asked in other threads than the main one, or on Windows.

    Raises GraceOver in the block at the end of the grace, which is `GRACE_SECONDS` where None.
    """
    leaving = Leaving(GRACE_SECONDS if grace is None else grace)
    if threading.current_thread() is not threading.main_thread() or not hasattr(signal, "SIGALRM"):
        yield leaving
        return
    before = {number: signal.signal(number, leaving.ask) for number in SIGNALS}
    before[signal.SIGALRM] = signal.signal(signal.SIGALRM, leaving.give_up)
    try:
        yield leaving
    finally:
        leaving.close()
        for number, handler in before.items():
            signal.signal(number, handler)
