"""Does the tasks of a plan, each once, in this process, in local processes, or on a cluster; resumes and joins in."""

import heapq
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import pandas as pd

from treeprobe.pipeline.results.finished import collect_scores, read_contents, write_table
from treeprobe.pipeline.results.sweep_folder import SweepFolder
from treeprobe.pipeline.stopwatch import Progress
from treeprobe.pipeline.sweeps.execution import Outcome, execute
from treeprobe.pipeline.sweeps.progress import SweepProgress
from treeprobe.pipeline.sweeps.standing import Standing, standing_of
from treeprobe.pipeline.sweeps.tasks import Plan, SweepError, Task
from treeprobe.pipeline.sweeps.workers import Workers, run_jobs

POLL_SECONDS = 0.5
"""How often tasks that other processes are doing are looked at, when there is nothing else to do."""

CHANGED = "Pass --replace to do these tasks again, or choose another folder; nothing was touched"


@dataclass(frozen=True)
class Sweep:
    """What a sweep leaves: its folder, the table of scores, and the state of its tasks, by name.

    Attributes:
        done, failed: what came to an end during this call, here or in another process; the failed with their reasons.
        skipped: what was done before it.
        failed_before: what failed before it and was not asked for again, with the reasons.
        damaged: finished tasks of the folder whose scores can no longer be read, with what is wrong.
    """

    out: Path
    scores: pd.DataFrame
    done: tuple[str, ...]
    failed: dict[str, str]
    skipped: tuple[str, ...]
    failed_before: dict[str, str]
    damaged: dict[str, str] = field(default_factory=dict)


def sweep(
    plan: Plan,
    *,
    workers: Workers | None = None,
    retry: bool = False,
    replace: bool = False,
    verify: bool = False,
    keep_cache: bool = True,
    progress: Progress = True,
) -> Sweep:
    """Do every task of a plan that is not done yet, and write one table of all scores.

    A task is done once: finished ones are left as they are, however the sweep before ended, unless their files are
    damaged. A failure is recorded with its reason and does not stop the rest. Any number of processes may do the same
    plan in the same folder at once: each task is done by whoever holds its lock, and each process ends when all tasks
    have.

    Args:
        workers: where this process's tasks run; one by one in this process by default.
        retry: try failed tasks again.
        replace: do tasks again whose checkpoint, treebank or options changed since they were done.
        verify: find damage of finished tasks by the digests of their files too, not by sizes and records alone.
        keep_cache: keep hidden states; otherwise a checkpoint's are removed when its last task ends.
        progress: show a bar that names the running tasks, and each failure as it happens; with "stages", a line when a
            task begins and ends instead of the bar.

    Raises:
        TreeprobeError: something cannot be used as asked; nothing was computed.
        SweepError: the disk is full; every finished task is kept.
    """
    folder, tasks = plan.folder, plan.tasks()
    folder.begin()
    standings = {task.name: standing_of(task, folder, verify=verify) for task in tasks}
    changed = {name: standing for name, standing in standings.items() if standing.state == "changed"}
    if changed and not replace:
        raise SweepError("\n".join([*(f"{name}: {one.reason}" for name, one in changed.items()), CHANGED]))
    failed_before = {} if retry else _earlier_failures(standings)
    for task in tasks if retry else ():
        folder.forget_failure(task.name)
    skipped = tuple(name for name, standing in standings.items() if standing.state == "done")
    todo = [task for task in tasks if task.name not in {*skipped, *failed_before}]
    workers = workers or Workers()
    work = partial(
        execute, folder=folder, threads=workers.task_threads, figures=plan.figures, replace=replace, verify=verify
    )
    settle = partial(_settle, folder=folder, verify=verify)
    run = partial(run_jobs, workers, work, lost=_lost)
    with SweepProgress(total=len(tasks), finished=len(tasks) - len(todo), progress=progress) as shown:
        outcomes = _run_all(todo, folder, run, settle=settle, keep_cache=keep_cache, progress=shown)
    finished, damaged = read_contents(folder.path)
    scores, unreadable = collect_scores(finished)
    write_table(folder.path, scores)
    return Sweep(
        folder.path,
        scores,
        tuple(one.task.name for one in outcomes if one.state == "done"),
        {one.task.name: one.reason for one in outcomes if one.state == "failed"},
        skipped,
        failed_before,
        {**damaged, **unreadable},
    )


def _earlier_failures(standings: Mapping[str, Standing]) -> dict[str, str]:
    """Why tasks failed that are not done, by name."""
    return {
        name: str(standing.failure["reason"])
        for name, standing in standings.items()
        if standing.state != "done" and standing.failure is not None
    }


class _Waiting:
    """Tasks that have not ended, in their order: each is given out once a round, when it waits for no other."""

    def __init__(self, tasks: Sequence[Task]) -> None:
        self.left = {task.name: task for task in tasks}
        self._places = {task.name: place for place, task in enumerate(tasks)}
        self._after: dict[str, list[Task]] = defaultdict(list)
        for task in tasks:
            if task.after is not None:
                self._after[task.after].append(task)
        self._ready: list[int] = []
        self._tasks = tasks

    def round(self) -> Iterator[Task]:
        """Each task once, as soon as what it waits for has ended. Workers ask from a thread of their own."""
        self._ready = [self._places[name] for name, task in self.left.items() if task.after not in self.left]
        heapq.heapify(self._ready)
        while self._ready:
            yield self._tasks[heapq.heappop(self._ready)]

    def end(self, task: Task) -> None:
        """A task has ended: those that waited for it are ready."""
        del self.left[task.name]
        for waiting in self._after[task.name]:
            heapq.heappush(self._ready, self._places[waiting.name])


def _run_all(
    tasks: Sequence[Task],
    folder: SweepFolder,
    run: Callable[[Iterator[Task]], Iterator[Outcome]],
    *,
    settle: Callable[[Outcome], Path | None],
    keep_cache: bool,
    progress: SweepProgress,
) -> list[Outcome]:
    """Try every task until each has ended, here or elsewhere; one that needs another's probes waits for it.

    Tasks begin in their order as workers become free, so that a checkpoint is finished, and its cache can be dropped,
    before the next one begins.
    """
    waiting = _Waiting(tasks)
    of_checkpoint = Counter(task.checkpoint.name for task in tasks)
    outcomes: list[Outcome] = []
    while waiting.left:
        before = len(outcomes)
        for outcome in run(progress.watched(waiting.round())):
            if outcome.state == "busy":
                progress.left(outcome)
                continue
            task = outcome.task
            progress.ended(outcome, failure=settle(outcome))
            outcomes.append(outcome)
            waiting.end(task)
            of_checkpoint[task.checkpoint.name] -= 1
            if not of_checkpoint[task.checkpoint.name] and not keep_cache:
                folder.drop_cache(task.checkpoint.name)
        if len(outcomes) == before:
            time.sleep(POLL_SECONDS)
    return outcomes


def _settle(outcome: Outcome, *, folder: SweepFolder, verify: bool) -> Path | None:
    """Put the end of a task on record; returns the file where it is a failure.

    Raises SweepError when the disk is full: no other task could do better.
    """
    name = outcome.task.name
    if outcome.state == "disk full":
        raise SweepError(
            f"the disk is full ({outcome.reason}); {name} was left undone. Finished tasks are kept: free some space "
            "and start the sweep again"
        )
    if outcome.state == "failed" and standing_of(outcome.task, folder, verify=verify).state != "done":
        task = outcome.task
        return folder.write_failure(name, task.identity, about=task.about, reason=outcome.reason, detail=outcome.detail)
    folder.forget_failure(name)
    return None


def _lost(task: Task, reason: str) -> Outcome:
    """The outcome of a task that took its worker with it."""
    return Outcome(task, "failed", reason)
