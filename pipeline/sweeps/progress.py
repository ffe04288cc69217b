"""What a person sees while a sweep is at work: which tasks run, and each failure as it happens."""

import logging
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from types import TracebackType
from typing import Self

from tqdm import tqdm

from treeprobe.pipeline.stopwatch import Progress
from treeprobe.pipeline.sweeps.execution import Outcome
from treeprobe.pipeline.sweeps.tasks import Task

_LOG = logging.getLogger(__name__)


class SweepProgress:
    """A bar of tasks that names those that run or, with `stages`, a line when each begins and ends.

    Args:
        total, finished: how many tasks there are, and how many of them had ended before.
        progress: what is shown.
    """

    def __init__(self, *, total: int, finished: int, progress: Progress) -> None:
        self._progress, self._total, self._ended, self._failed = progress, total, finished, 0
        self._running: dict[str, None] = {}  # in the order in which they began
        self._named: set[str] = set()
        self._bar = tqdm(total=total, initial=finished, unit="task", disable=progress is not True)

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
                self._stage(f"{task.name} …", event="task begins", task=task.name)
            self._named.add(task.name)
            self._refresh()
            yield task

    def ended(self, outcome: Outcome, *, failure: Path | None = None) -> None:
        """A task came to an end, in failure where that is on record in a file."""
        name = outcome.task.name
        self._ended += 1
        if failure is not None:
            self._failed += 1
            traceback = f" (traceback in {failure})" if outcome.detail else ""
            line = f"{name} failed: {' '.join(outcome.reason.split())}{traceback}"
            more = {"event": "task fails", "task": name, "reason": outcome.reason}
            self._say(line, shown=bool(self._progress), **more)
        else:
            self._stage(f"{name} done, {self._ended} of {self._total}", event="task ends", task=name)
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

    def _stage(self, line: str, **more: str) -> None:
        """A line that a bar would say in its own way."""
        self._say(line, shown=self._progress == "stages", **more)

    def _say(self, line: str, *, shown: bool, **more: str) -> None:
        """Write a line to standard error where it is shown, and to the log in any case, with `more` as its fields."""
        _LOG.info("%s", line, extra=more)
        if shown:
            tqdm.write(line, file=sys.stderr)
