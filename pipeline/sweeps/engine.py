"""Does the tasks of a plan, each once, in this process, in local processes, or on a cluster; resumes and joins in."""

import os
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Literal

import pandas as pd

from treeprobe.claims import claimed, remove_leftovers
from treeprobe.errors import BusyError, OutputError
from treeprobe.pipeline.results.finished import (
    collect_scores,
    read_contents,
    table_is_current,
    tasks_changed,
    write_table,
)
from treeprobe.pipeline.results.sweep_folder import SweepFolder
from treeprobe.pipeline.stopwatch import Progress
from treeprobe.pipeline.sweeps.execution import Outcome, execute, execute_elsewhere
from treeprobe.pipeline.sweeps.known_digests import KnownDigests
from treeprobe.pipeline.sweeps.known_records import KnownRecords
from treeprobe.pipeline.sweeps.leaving import GraceOver, Leaving, SweepLeftError, leaving_on_signals
from treeprobe.pipeline.sweeps.plans import put_on_record
from treeprobe.pipeline.sweeps.progress import SweepProgress
from treeprobe.pipeline.sweeps.shares import Share
from treeprobe.pipeline.sweeps.standing import Standing, standing_of, standings_of
from treeprobe.pipeline.sweeps.tasks import Plan, SweepError, Task
from treeprobe.pipeline.sweeps.waiting import Waiting
from treeprobe.pipeline.sweeps.workers import Workers, run_jobs

Retry = bool | Literal["only"]
CHANGED = "Pass --replace to do these tasks again, or choose another folder; nothing was touched"


@dataclass(frozen=True)
class Ended:
    """How the tasks of a sweep ended, by name.

    Attributes:
        done, failed: what came to an end during this call, here or in another process; the failed with their reasons.
        skipped: what was done before it.
        failed_before: what failed before it and was not asked for again, with the reasons.
    """

    out: Path
    done: tuple[str, ...]
    failed: dict[str, str]
    skipped: tuple[str, ...]
    failed_before: dict[str, str]


@dataclass(frozen=True)
class Sweep(Ended):
    """What a sweep leaves: its folder, how its tasks ended, and the table of scores.

    Attributes:
        damaged: finished tasks of the folder whose scores can no longer be read, with what is wrong.
    """

    scores: pd.DataFrame
    damaged: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class _Conduct:
    """How a sweep goes about its tasks, as `sweep` is asked to."""

    workers: Workers
    retry: Retry
    replace: bool
    verify: bool
    keep_cache: bool
    progress: Progress


def sweep(
    plan: Plan,
    *,
    workers: Workers | None = None,
    retry: Retry = False,
    replace: bool = False,
    verify: bool = False,
    keep_cache: bool = True,
    progress: Progress = True,
) -> Sweep:
    """Do every task of a plan that is not done yet, and write one table of all scores.

    A task is done once: finished ones are left as they are, however the sweep before ended, unless their files are
    damaged. A failure is recorded with its reason and does not stop the rest. Any number of processes may do the same
    plan in the same folder at once: each task is done by whoever holds the claim on it, and each process ends when all
    tasks have.

    Args:
        workers: where this process's tasks run; one by one in this process by default.
        retry: try failed tasks again; with "only", nothing else.
        replace: do tasks again whose checkpoint, treebank or options changed since they were done.
        verify: find damage of finished tasks by the digests of their files too, not by sizes and records alone, and
            read the weights of checkpoints again even where their files look as they did.
        keep_cache: keep hidden states; otherwise a checkpoint's are removed when its last task ends.
        progress: show a bar that names the running tasks, and each failure as it happens; with "stages", a line when a
            task begins and ends instead of the bar.

    Raises:
        TreeprobeError: something cannot be used as asked; nothing was computed.
        SweepError: the disk is full or read-only; every finished task is kept.
        SweepLeftError: a signal asked this process to leave (`treeprobe.pipeline.sweeps.leaving`).
    """
    conduct = _Conduct(
        workers=workers or Workers(), retry=retry, replace=replace, verify=verify, keep_cache=keep_cache,
        progress=progress,
    )  # fmt: skip
    ended = _end_all(plan, conduct, share=None)
    scores, damaged = _write_table(plan.folder)
    return Sweep(**vars(ended), scores=scores, damaged=damaged)


def sweep_share(
    plan: Plan,
    share: Share,
    *,
    workers: Workers | None = None,
    retry: Retry = False,
    replace: bool = False,
    verify: bool = False,
    keep_cache: bool = True,
    progress: Progress = True,
) -> Ended:
    """Do as `sweep` does as one job of an array: begin with a share of the tasks, then help with the rest.

    Failed tasks are tried again in the job's own share alone, so that an array tries each once. The table of all scores
    is written by one of the jobs, when all tasks have ended, and is not read back.

    Args, Raises: as of `sweep`.
    """
    conduct = _Conduct(
        workers=workers or Workers(), retry=retry, replace=replace, verify=verify, keep_cache=keep_cache,
        progress=progress,
    )  # fmt: skip
    ended = _end_all(plan, conduct, share=share)
    try:
        with claimed(plan.folder.path / "results"):
            if not table_is_current(plan.folder.path):
                _write_table(plan.folder)
    except BusyError:
        pass  # another job is at it
    return ended


def _end_all(plan: Plan, conduct: _Conduct, *, share: Share | None) -> Ended:
    """Bring every task to its end, here or elsewhere."""
    folder, known = plan.folder, KnownDigests(plan.folder, reread=conduct.verify)
    tasks = plan.tasks(known=known)
    folder.begin()
    put_on_record(folder, tasks, known)
    remove_leftovers(folder.tasks)  # those that cannot be told yet from claims of the living are, at the end
    records = KnownRecords(folder, reread=conduct.verify)
    standings = standings_of(tasks, folder, verify=conduct.verify, known=records)
    records.write()
    changed = {name: standing for name, standing in standings.items() if standing.state == "changed"}
    if changed and not conduct.replace:
        raise SweepError("\n".join([*(f"{name}: {one.reason}" for name, one in changed.items()), CHANGED]))
    own = {task.name for task in (tasks if share is None else share.own(tasks))}
    failures = _earlier_failures(standings)
    failed_before = {name: why for name, why in failures.items() if not (conduct.retry and name in own)}
    for name in failures.keys() - failed_before.keys():
        folder.forget_failure(name)
    skipped = tuple(name for name, standing in standings.items() if standing.state == "done")
    over = {*skipped, *failed_before}
    todo = [task for task in tasks if task.name not in over]
    if conduct.retry == "only":
        todo = [task for task in todo if task.name in failures]
    with leaving_on_signals(grace=conduct.workers.grace) as leaving:
        try:
            outcomes = _run_all(
                todo if share is None else share.ordered(todo, among=tasks),
                plan,
                conduct,
                leaving=leaving,
                total=len(tasks),
            )
        except GraceOver:
            outcomes = []
        if leaving:  # even where nothing is left: the table of thousands of tasks takes longer than there is time
            raise SweepLeftError(f"left as {leaving.signal} asked; start the same command again to go on")
    remove_leftovers(folder.tasks)
    return Ended(
        folder.path,
        tuple(one.task.name for one in outcomes if one.state == "done"),
        {one.task.name: one.reason for one in outcomes if one.state == "failed"},
        skipped,
        failed_before,
    )


def _write_table(folder: SweepFolder) -> tuple[pd.DataFrame, dict[str, str]]:
    """Write the table of all scores; returns it, and what is wrong with tasks that cannot be read, by name.

    Raises OutputError where it cannot be written.
    """
    changed = tasks_changed(folder.path)
    finished, damaged = read_contents(folder.path)
    scores, unreadable = collect_scores(finished)
    try:
        write_table(folder.path, scores, changed=changed)
    except OSError as error:
        raise OutputError(f"{folder.path}: the table of all scores cannot be written: {error.strerror}") from error
    return scores, {**damaged, **unreadable}


def _earlier_failures(standings: Mapping[str, Standing]) -> dict[str, str]:
    """Why tasks failed that are not done, by name."""
    return {
        name: str(standing.failure["reason"])
        for name, standing in standings.items()
        if standing.state != "done" and standing.failure is not None
    }


def _run_all(tasks: Sequence[Task], plan: Plan, conduct: _Conduct, *, leaving: Leaving, total: int) -> list[Outcome]:
    """Try every task until each has ended, here or elsewhere; one that needs another's probes waits for it.

    Tasks begin in their order as workers become free, so that a checkpoint is finished, and its cache can be dropped,
    before the next one begins.
    """
    folder, workers = plan.folder, conduct.workers
    work = partial(
        execute,
        folder=folder,
        threads=workers.task_threads,
        figures=plan.figures,
        replace=conduct.replace,
        verify=conduct.verify,
    )
    work = partial(execute_elsewhere, home=os.getpid(), work=work)
    waiting = Waiting(tasks, claimed=folder.claimed, leaving=leaving)
    of_checkpoint = Counter(task.checkpoint.name for task in tasks)
    outcomes: list[Outcome] = []
    with SweepProgress(total=total, finished=total - len(tasks), progress=conduct.progress) as progress:
        while waiting.left and not leaving:
            before = len(outcomes)
            if waiting.begin_round():
                for outcome in run_jobs(workers, work, progress.watched(waiting.round()), lost=_lost):
                    task = outcome.task
                    if outcome.state in ("busy", "left"):
                        waiting.found_busy(task)
                        progress.left(outcome)
                        continue
                    progress.ended(outcome, failure=_settle(outcome, folder=folder, verify=conduct.verify))
                    outcomes.append(outcome)
                    waiting.end(task)
                    of_checkpoint[task.checkpoint.name] -= 1
                    if not of_checkpoint[task.checkpoint.name] and not conduct.keep_cache:
                        folder.drop_cache(task.checkpoint.name)
            if len(outcomes) == before:
                waiting.pause()
    return outcomes


def _settle(outcome: Outcome, *, folder: SweepFolder, verify: bool) -> Path | None:
    """Put the end of a task on record; returns the file where it is a failure.

    Raises SweepError when the disk is full or read-only: no other task could do better.
    """
    name = outcome.task.name
    if outcome.state == "disk":
        raise SweepError(
            f"the disk {outcome.reason} ({outcome.detail}); {name} was left undone. Finished tasks are kept: put that "
            "right and start the sweep again"
        )
    try:
        if outcome.state == "failed" and standing_of(outcome.task, folder, verify=verify).state != "done":
            return folder.write_failure(
                name, outcome.task.identity, about=outcome.task.about, reason=outcome.reason, detail=outcome.detail
            )
        folder.forget_failure(name)
    except OSError as error:
        raise SweepError(
            f"{folder.failures}: cannot be written: {error.strerror}; that {name} failed is not on record. Finished "
            f"tasks are kept. Why it failed: {outcome.reason}"
        ) from error
    return None


def _lost(task: Task, reason: str) -> Outcome:
    """The outcome of a task that took its worker with it."""
    return Outcome(task, "failed", reason)
