"""How one task of a sweep is done: by whoever holds the claim on its folder, its failure an outcome like any other."""

import errno
import os
import socket
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Literal

import torch
from threadpoolctl import threadpool_limits

from treeprobe.claims import claimed_folder
from treeprobe.digests import json_digest
from treeprobe.errors import BusyError, TreeprobeError
from treeprobe.parsing import TreebankError
from treeprobe.pipeline.analysis import open_subject, perform
from treeprobe.pipeline.results.findings import FindingsError
from treeprobe.pipeline.results.sweep_folder import SweepFolder
from treeprobe.pipeline.subjects.subject import Subject
from treeprobe.pipeline.sweeps.leaving import GraceOver, leaving_on_signals
from treeprobe.pipeline.sweeps.standing import Standing, standing_of
from treeprobe.pipeline.sweeps.tasks import Task

End = Literal["done", "failed", "busy", "disk", "left"]
DISK = {errno.ENOSPC: "is full", errno.EDQUOT: "has no room left for this user", errno.EROFS: "is read-only"}
"""What is wrong with a disk, by the number of the error: no fault of a task's."""


class CheckpointChangedError(TreeprobeError, RuntimeError):
    """A checkpoint whose files were overwritten between the plan of a sweep and the end of a task."""


@dataclass(frozen=True)
class Outcome:
    """How an attempt at a task ended: `busy` when another process is at it, `left` when this one was asked to leave.

    `reason` says why it failed, or what is wrong with the `disk`.
    """

    task: Task
    state: End
    reason: str = ""
    detail: str = ""


def execute(
    task: Task, folder: SweepFolder, *, threads: int, figures: bool, replace: bool = False, verify: bool = False
) -> Outcome:
    """Do a task and put its folder in place; one that has ended, or is being done, here or elsewhere, is left alone.

    With `replace`, what was found of another checkpoint, treebank or options under the task's name is replaced; what is
    damaged always is, and `verify` looks for it in the bytes. Never raises for what the task is about: a failure is an
    outcome.
    """
    standing = standing_of(task, folder, verify=verify)
    if standing.state == "done":
        return Outcome(task, "done")
    if (failure := standing.failure) is not None:
        return Outcome(task, "failed", failure["reason"], failure["detail"])
    if (lacking := _lacking_probes(task, folder)) is not None:
        return Outcome(task, "failed", lacking)
    if standing.state == "changed" and not replace:
        return _done_by_others(task, standing)
    overwrite = replace or standing.state == "damaged"
    try:
        with claimed_folder(folder.task(task.name), overwrite=overwrite) as draft, bounded_threads(threads):
            if overwrite and standing_of(task, folder, verify=verify).state == "done":
                raise BusyError(f"{task.name}: another process has just done it")
            _check_weights(task)
            subject = open_subject(task.analysis, task.sources)
            _check_unchanged(task, subject)
            perform(task.analysis, subject, draft, options=task.options, figures=figures, about=_about(task))
            _check_weights(task)
    except BusyError:
        return Outcome(task, "busy")
    except Exception as error:
        # Another process may have finished it between the first look and the lock: then its folder is in the way.
        standing = standing_of(task, folder, verify=verify)
        if standing.state == "changed" and not replace:
            return _done_by_others(task, standing)
        return Outcome(task, "done") if standing.state == "done" else _failure(task, error)
    return Outcome(task, "done")


def execute_elsewhere(task: Task, *, home: int, work: Callable[[Task], Outcome]) -> Outcome:
    """Do a task in a process of its own, which a signal that reaches it asks to leave; `home` is the sweep's process.

    In the sweep's own process the sweep itself watches for signals.
    """
    if os.getpid() == home:
        return work(task)
    try:
        with leaving_on_signals():
            return work(task)
    except GraceOver:
        return Outcome(task, "left")


def _lacking_probes(task: Task, folder: SweepFolder) -> str | None:
    """Why the task cannot have the probes that it takes over; None when they are there, or it needs none."""
    if task.after is None:
        return None
    failure = folder.failure(task.after)
    try:
        record = folder.record(task.after)
    except FindingsError as error:
        return f"it needs the probes of {task.after}, which is damaged: {error}"
    if record is not None and json_digest(record.get("identity", {})) == task.identity["probes"]:
        return None
    reason = "is not done" if failure is None else f"failed: {failure['reason']}"
    return f"it needs the probes of {task.after}, which {reason}"


def _about(task: Task) -> dict[str, object]:
    """What the record says of the task besides what every analysis records."""
    return {
        "task": task.name,
        "identity": dict(task.identity),
        "revision": task.checkpoint.revision,
        "family": task.checkpoint.family,
        "step": task.checkpoint.step,
        "machine": f"{socket.gethostname()}, process {os.getpid()}",
    }


def _check_weights(task: Task) -> None:
    """Refuse checkpoints that are no longer what they were when the sweep was planned."""
    if changed := [weights.checkpoint.source for weights in task.weights.values() if weights.changed]:
        raise CheckpointChangedError(
            f"{', '.join(changed)}: overwritten while the sweep was running; what was found of it is dropped. Start "
            "the sweep again once it is complete"
        )


def _check_unchanged(task: Task, subject: Subject) -> None:
    """Refuse treebanks that are no longer what they were when the sweep was planned."""
    for split, bank in subject.splits.items():
        if bank.annotation_digest != task.identity[split]:
            raise TreebankError(f"{bank.path} changed while the sweep was running; start it again")


def _done_by_others(task: Task, standing: Standing) -> Outcome:
    """The outcome of a task whose folder another sweep has filled since this one was planned."""
    reason = (
        f"another sweep into this folder has done it otherwise ({standing.reason}); choose another folder, or pass "
    )
    return Outcome(task, "failed", f"{reason}--replace; its results are kept")


def _failure(task: Task, error: Exception) -> Outcome:
    """The outcome of a task that raised; a full disk is no fault of the task's."""
    causes: list[BaseException] = [error]
    while (cause := causes[-1].__cause__ or causes[-1].__context__) is not None and cause not in causes:
        causes.append(cause)
    for cause in causes:
        if isinstance(cause, OSError) and cause.errno in DISK:
            return Outcome(task, "disk", DISK[cause.errno], str(error))
    return Outcome(task, "failed", f"{type(error).__name__}: {error}", traceback.format_exc())


@contextmanager
def bounded_threads(threads: int) -> Iterator[None]:
    """Keep torch, BLAS and OpenMP to so many threads, so that workers on one machine do not fight for cores."""
    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    try:
        with threadpool_limits(threads):
            yield
    finally:
        torch.set_num_threads(before)
