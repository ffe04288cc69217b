"""The tasks of a sweep that have not ended, for one of the processes that share them: which to try next, and when."""

import heapq
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence

from treeprobe.claims import REFRESH_SECONDS
from treeprobe.pipeline.sweeps.leaving import Leaving
from treeprobe.pipeline.sweeps.tasks import Task

SHORTEST, LONGEST = 0.5, 5.0
"""Seconds between two looks at what others are doing, when there is nothing else to do."""


class Waiting:
    """Tasks that have not ended, in their order: each is given out once a round, when it waits for no other.

    Args:
        claimed: the tasks that some process is at, by one listing. Of these, one that was found busy is not tried again
            before its holder must have given a sign of life, so that a hundred idle processes do not wear out the disk.
        leaving: nothing is given out any more once this process was asked to leave.
    """

    def __init__(self, tasks: Sequence[Task], *, claimed: Callable[[], set[str]], leaving: Leaving) -> None:
        self.left = {task.name: task for task in tasks}
        self._tasks, self._claimed, self._leaving = tasks, claimed, leaving
        self._places = {task.name: place for place, task in enumerate(tasks)}
        self._after: dict[str, list[Task]] = defaultdict(list)
        for task in tasks:
            if task.after is not None:
                self._after[task.after].append(task)
        self._ready: list[int] = []
        self._tried: dict[str, float] = {}
        self._pause = SHORTEST

    def begin_round(self) -> bool:
        """Whether there is a task to try now."""
        held = self._claimed() if self._tried else set()
        now = time.monotonic()
        self._ready = [
            self._places[name]
            for name, task in self.left.items()
            if task.after not in self.left
            and not (name in held and now - self._tried.get(name, -REFRESH_SECONDS) < REFRESH_SECONDS)
        ]
        heapq.heapify(self._ready)
        return bool(self._ready)

    def round(self) -> Iterator[Task]:
        """Each task once, as soon as what it waits for has ended. Workers ask from a thread of their own."""
        while self._ready and not self._leaving:
            yield self._tasks[heapq.heappop(self._ready)]

    def found_busy(self, task: Task) -> None:
        """Another process is at a task."""
        self._tried[task.name] = time.monotonic()

    def end(self, task: Task) -> None:
        """A task has ended: those that waited for it are ready."""
        self._pause = SHORTEST
        self._tried.pop(task.name, None)
        del self.left[task.name]
        for waiting in self._after[task.name]:
            heapq.heappush(self._ready, self._places[waiting.name])

    def pause(self) -> None:
        """Wait before the next round, each time for longer while nothing ends, or until this process is to leave."""
        end = time.monotonic() + self._pause
        self._pause = min(2 * self._pause, LONGEST)
        while not self._leaving and (left := end - time.monotonic()) > 0:
            time.sleep(min(left, 0.2))
