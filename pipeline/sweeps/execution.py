"""How one task of a sweep is done: by whoever holds its folder's lock, its failure an outcome like any other."""

import errno
import os
import socket
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Literal

import torch
from threadpoolctl import threadpool_limits

from treeprobe.digests import json_digest
from treeprobe.errors import BusyError
from treeprobe.files import staged_folder
from treeprobe.parsing import TreebankError
from treeprobe.pipeline.analysis import open_subject, perform
from treeprobe.pipeline.results.findings import FindingsError
from treeprobe.pipeline.results.sweep_folder import SweepFolder
from treeprobe.pipeline.subjects.subject import Subject
from treeprobe.pipeline.sweeps.standing import standing_of
from treeprobe.pipeline.sweeps.tasks import Task

End = Literal["done", "failed", "busy", "disk full"]
FULL = (errno.ENOSPC, errno.EDQUOT)


@dataclass(frozen=True)
class Outcome:
    """How an attempt at a task ended: `busy` when another process is at it; `reason` says why it failed."""

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
    overwrite = replace or standing.state == "damaged"
    try:
        with staged_folder(folder.task(task.name), overwrite=overwrite) as staging, bounded_threads(threads):
            subject = open_subject(task.analysis, task.sources)
            _check_unchanged(task, subject)
            perform(task.analysis, subject, staging, options=task.options, figures=figures, about=_about(task))
    except BusyError:
        return Outcome(task, "busy")
    except Exception as error:
        # Another process may have finished it between the first look and the lock: then its folder is in the way.
        finished = standing_of(task, folder, verify=verify).state == "done"
        return Outcome(task, "done") if finished else _failure(task, error)
    return Outcome(task, "done")


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


def _check_unchanged(task: Task, subject: Subject) -> None:
    """Refuse treebanks that are no longer what they were when the sweep was planned."""
    for split, bank in subject.splits.items():
        if bank.annotation_digest != task.identity[split]:
            raise TreebankError(f"{bank.path} changed while the sweep was running; start it again")


def _failure(task: Task, error: Exception) -> Outcome:
    """The outcome of a task that raised; a full disk is no fault of the task's."""
    causes: list[BaseException] = [error]
    while (cause := causes[-1].__cause__ or causes[-1].__context__) is not None and cause not in causes:
        causes.append(cause)
    full = any(isinstance(cause, OSError) and cause.errno in FULL for cause in causes)
    return Outcome(task, "disk full" if full else "failed", f"{type(error).__name__}: {error}", traceback.format_exc())


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
