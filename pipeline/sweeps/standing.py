"""How a task stands: to be done, done, failed, changed or damaged, as its folder and the record of its failure say."""

import os
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from treeprobe.overlap import made_ahead
from treeprobe.pipeline.results.findings import FindingsError
from treeprobe.pipeline.results.sweep_folder import SweepFolder
from treeprobe.pipeline.sweeps.known_records import KnownRecords
from treeprobe.pipeline.sweeps.tasks import Task

_RUN, _THREADS = 50, 8
"""Tasks that a thread looks at before it takes others, and how many threads look."""

State = Literal["to do", "done", "failed", "changed", "damaged"]


@dataclass(frozen=True)
class Standing:
    """How a task stands.

    Attributes:
        state: `changed` is finished, but of another checkpoint, treebank or options by the same name; `damaged` was
            finished, but its files are no longer as they were written, so that it is to be done again.
        reason: why it failed, or what was changed or is damaged.
        failure: the record of its failure with this checkpoint, treebank and options, also beside older results.
    """

    state: State
    reason: str = ""
    failure: Mapping[str, Any] | None = None


def standings_of(
    tasks: Sequence[Task], folder: SweepFolder, *, verify: bool = False, known: KnownRecords | None = None
) -> dict[str, Standing]:
    """How all tasks of a sweep stand, by name, as `standing_of` says of each.

    Two listings tell of most that nothing is there to be read, and `known` of most that are done that they need not be
    read; the rest is read, by several threads where most of the time is waiting, as on a disk of the network.
    """
    finished, failures = (
        set(os.listdir(place)) if place.is_dir() else set() for place in (folder.tasks, folder.failures)
    )
    found = {task.name: Standing("to do") for task in tasks}
    failed = {task.name for task in tasks if f"{task.name}.json" in failures}
    there = [task for task in tasks if task.name in finished or task.name in failed]
    runs = [there[first : first + _RUN] for first in range(0, len(there), _RUN)]

    def read(run: Sequence[Task]) -> list[tuple[str, Standing]]:
        return [
            (task.name, standing_of(task, folder, verify=verify, may_have_failed=task.name in failed, known=known))
            for task in run
        ]

    wall, processor = time.perf_counter(), time.thread_time()
    for run in runs[:1]:
        found.update(read(run))
    # Threads that do not wait are in each other's way.
    waits = time.perf_counter() - wall > 2 * (time.thread_time() - processor)
    for standings in made_ahead(read, runs[1:], threads=_THREADS) if waits else map(read, runs[1:]):
        found.update(standings)
    return found


def standing_of(
    task: Task,
    folder: SweepFolder,
    *,
    verify: bool = False,
    may_have_failed: bool = True,
    known: KnownRecords | None = None,
) -> Standing:
    """How a task stands. Files are compared with the record by their sizes and, with `verify`, by their digests.

    Where a listing tells that no failure is on record (`may_have_failed`), none is looked for; where `known` tells that
    it is done, its record is not read.
    """
    if known is not None and known.says_done(task):
        return DONE
    stamp = None if known is None else known.stamp(task.name)
    failure = folder.failure(task.name) if may_have_failed else None
    if failure is not None and failure["identity"] != dict(task.identity):
        failure = None
    try:
        record = folder.record(task.name, verify=verify)
    except FindingsError as error:
        return Standing("damaged", str(error), failure)
    if record is not None:
        if known is not None:
            known.note(task.name, stamp, record)
        changes = _changes(record.get("identity", {}), task.identity)
        return Standing("changed", f"changed since it was done: {', '.join(changes)}", failure) if changes else DONE
    return Standing("to do") if failure is None else Standing("failed", failure["reason"], failure)


DONE = Standing("done")


def _changes(before: Mapping[str, str], now: Mapping[str, str]) -> list[str]:
    """Which of the things that a task depends on are no longer what they were."""
    return [name for name in {**now, **before} if before.get(name) != now.get(name)]
