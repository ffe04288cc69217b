"""What a person sees while a sweep is at work: which tasks run, and each failure as it happens."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from types import TracebackType
from typing import Self

from treeprobe.pipeline.sweeps.execution import Outcome
from treeprobe.pipeline.sweeps.tasks import Task
from treeprobe.progress import bars_are_seen, progress_bar, write_line


class SweepProgress:
    """A bar of tasks that names those that run; in a log, a line when each begins and ends.

    Args:
        total, finished: how many tasks there are, and how many of them had ended before.
        shown: whether anything is said at all.
    """

    def __init__(self, *, total: int, finished: int, shown: bool) -> None:
        self._shown, self._total, self._ended, self._failed = shown, total, finished, 0
        self._running: dict[str, None] = {}  # in the order in which they began
        self._named: set[str] = set()
        self._bar = progress_bar(total=total, initial=finished, unit="task", shown=shown)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bar.close()

    def watched(self, tasks: Iterable[Task]) -> Iterator[Task]:
        """The tasks, each of which runs from when it is asked for."""
        for task in tasks:
            self._running[task.name] = None
            # One that another process does is asked for again and again.
            if task.name not in self._named:
                self._line(f"{task.name} …")
            self._named.add(task.name)
            self._refresh()
            yield task

    def ended(self, outcome: Outcome, *, failure: Path | None = None) -> None:
        """A task came to an end, in failure where that is on record in a file."""
        name = outcome.task.name
        self._ended += 1
        if failure is not None:
            self._failed += 1
            reason = " ".join(outcome.reason.split())
            self._say(
                f"{name} failed: {reason} (traceback in {failure})" if outcome.detail else f"{name} failed: {reason}"
            )
        else:
            self._line(f"{name} done, {self._ended} of {self._total}")
        self._bar.update()
        self.left(outcome)

    def left(self, outcome: Outcome) -> None:
        """A task runs here no more, though it may not have ended."""
        self._running.pop(outcome.task.name, None)
        self._refresh()

    def _refresh(self) -> None:
        """Name what runs beside the bar."""
        running = ", ".join(list(self._running)) or "none"
        self._bar.set_postfix_str(f"{self._failed} failed, running: {running}")

    def _line(self, line: str) -> None:
        """A line for logs alone."""
        if not bars_are_seen():
            self._say(line)

    def _say(self, line: str) -> None:
        if self._shown:
            write_line(line)
