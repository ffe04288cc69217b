"""One task, from start to finish, in whatever process or machine it was sent to."""

import errno
import os
import socket
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import torch
from filelock import FileLock
from threadpoolctl import threadpool_limits

from treeprobe.extraction import Encoder
from treeprobe.files import staged_folder, write_json
from treeprobe.parsing import Treebank
from treeprobe.pipeline.record import Stopwatch, versions
from treeprobe.pipeline.sweeping.errors import SweepError
from treeprobe.pipeline.sweeping.plan import Task, bank_digests
from treeprobe.pipeline.sweeping.store import Store
from treeprobe.pipeline.sweeping.treebank_sources import Splits

State = Literal["done", "failed", "disk full"]
FULL = (errno.ENOSPC, errno.EDQUOT)


@dataclass(frozen=True)
class Outcome:
    """How a task ended; `seconds` is the time that its work took, and `reason` why it failed."""

    name: str
    state: State
    seconds: float = 0.0
    reason: str = ""
    detail: str = ""


def execute(task: Task, store: Store, *, threads: int) -> Outcome:
    """Do a task and put its folder in place; a task that is done already, by whoever, is left as it is.

    Never raises for what the task is about: a failure is an outcome.
    """
    with FileLock(store.tasks / f".{task.name}.lock"):
        record = store.record(task)
        if record is not None and record["identity"] == dict(task.identity):
            return Outcome(task.name, "done", record["seconds"]["total"])
        stopwatch = Stopwatch()
        try:
            with stopwatch.stage("total"), bounded_threads(threads):
                perform(task, store, stopwatch)
        except Exception as error:
            return failure(task, error, seconds=stopwatch.seconds["total"])
        return Outcome(task.name, "done", stopwatch.seconds["total"])


def perform(task: Task, store: Store, stopwatch: Stopwatch) -> None:
    """The work of a task, written to its folder whole."""
    with staged_folder(store.task_folder(task), overwrite=True) as folder:
        start = Stopwatch()
        with start.stage("total"):
            banks = read_banks(task.scored or task.treebank, task, prefix="" if task.scored is None else "scored ")
            analyse(task, banks, folder, store, stopwatch)
        write_json(
            folder / "task.json",
            {
                "task": task.name,
                "checkpoint": task.checkpoint.name,
                "source": task.checkpoint.source,
                "revision": task.checkpoint.revision,
                "family": task.checkpoint.family,
                "step": task.checkpoint.step,
                "treebank": task.treebank.name,
                "scored": None if task.scored is None else task.scored.name,
                "analysis": task.analysis,
                "identity": dict(task.identity),
                "words": {split: sum(map(len, bank)) for split, bank in banks.items()},
                "seconds": {**stopwatch.seconds, **start.seconds},
                "machine": f"{socket.gethostname()}, process {os.getpid()}",
                "versions": versions(),
            },
        )


def analyse(task: Task, banks: dict[str, Treebank], folder: Path, store: Store, stopwatch: Stopwatch) -> None:
    """Send a task to its analysis; each writes its files into `folder`."""
    cache = store.cache_of(task)
    if task.analysis == "structure":
        from treeprobe.pipeline.sweeping.structure_task import analyse_structure

        encoder = load_encoder(task, stopwatch)
        analyse_structure(encoder, banks, folder, options=task.options, cache=cache, stopwatch=stopwatch)
    elif task.analysis == "transfer":
        from treeprobe.pipeline.sweeping.transfer_task import analyse_transfer

        encoder, trained = load_encoder(task, stopwatch), store.task_folder(task.source)
        analyse_transfer(
            encoder, banks, folder, trained=trained, options=task.options, cache=cache, stopwatch=stopwatch
        )
    else:
        from treeprobe.pipeline.sweeping.attention_tasks import analyse_convolution, analyse_heads

        work = analyse_heads if task.analysis == "heads" else analyse_convolution
        work(task.checkpoint, banks, folder, options=task.options, stopwatch=stopwatch)


def load_encoder(task: Task, stopwatch: Stopwatch) -> Encoder:
    """The task's checkpoint, by the name that the sweep has for it."""
    with stopwatch.stage("load"):
        loaded = Encoder.from_pretrained(task.checkpoint.source, revision=task.checkpoint.revision)
        return replace(loaded, name=task.checkpoint.name)


def read_banks(splits: Splits, task: Task, *, prefix: str) -> dict[str, Treebank]:
    """The treebanks of a task. Raises SweepError when one is no longer what it was when the sweep was planned."""
    banks = splits.read(max_sentences=task.options.max_sentences)
    for split, digest in bank_digests(banks).items():
        if task.identity[f"{prefix}{split}"] != digest:
            raise SweepError(f"{splits.paths[split]} changed while the sweep was running; start it again")
    return banks


def failure(task: Task, error: Exception, *, seconds: float) -> Outcome:
    """The outcome of a task that raised; a full disk is no fault of the task's."""
    causes: list[BaseException] = [error]
    while (cause := causes[-1].__cause__ or causes[-1].__context__) is not None and cause not in causes:
        causes.append(cause)
    full = any(isinstance(cause, OSError) and cause.errno in FULL for cause in causes)
    reason = f"{type(error).__name__}: {error}"
    return Outcome(task.name, "disk full" if full else "failed", seconds, reason, traceback.format_exc())


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
