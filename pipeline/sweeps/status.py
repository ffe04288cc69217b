"""How a sweep stands, from its folder alone: what is done, who is at what, what failed and why, what is left."""

import os
import statistics
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from treeprobe.claims import LEASE_SECONDS, Seen, seen_claim
from treeprobe.pipeline.results.findings import FindingsError, read_record
from treeprobe.pipeline.results.sweep_folder import SweepFolder, natural_key
from treeprobe.pipeline.sweeps.plans import PlannedTask, planned_tasks

Stand = Literal["done", "running", "silent", "failed", "waiting"]
SAMPLED = 50
"""Finished tasks of an analysis whose times are read."""


@dataclass(frozen=True)
class TaskStatus:
    """How a task stands.

    Attributes:
        state: `silent` is running, by a process that is gone or has given no sign of life for so long that the next
            process that looks at it twice takes it over.
        machine: where it runs, and in which process.
        seconds: for how long it has run, by its own clock when it last gave a sign of life.
        reason: why it failed.
    """

    name: str
    state: Stand
    machine: str = ""
    seconds: float | None = None
    reason: str = ""


@dataclass(frozen=True)
class SweepStatus:
    """How the tasks of a sweep stand, and the seconds that it will still take at this pace; None where unknown."""

    tasks: Sequence[TaskStatus]
    seconds_left: float | None

    @property
    def counts(self) -> Mapping[str, int]:
        """How many tasks stand how."""
        return Counter(task.state for task in self.tasks)


def sweep_status(folder: str | Path) -> SweepStatus:
    """How the sweep in a folder stands; reads only, and compares no clock with another.

    Raises FindingsError when the folder holds no sweep, or a plan in it cannot be read.
    """
    place = SweepFolder.existing(folder)
    planned = {task.name: task for task in planned_tasks(place)}
    names = os.listdir(place.tasks)
    finished = {name for name in names if not name.startswith(".")}
    failures = {str(one["task"]): str(one["reason"]) for one in place.failed()}
    claims = {name: claim for name in place.claimed() if (claim := seen_claim(place.task(name))) is not None}
    # The last sign of life of anyone is the nearest that the disk has to a clock of its own.
    newest = max([claim.changed for claim in claims.values()], default=0.0)
    found = []
    for name in sorted({*planned, *finished, *failures, *claims}, key=natural_key):
        running = _running(name, claims[name], newest) if name in claims else None
        # A process may have been killed between putting its folder in place and releasing its claim.
        if running is not None and not (running.state == "silent" and name in finished):
            found.append(running)
        elif name in finished:
            found.append(TaskStatus(name, "done"))
        elif name in failures:
            found.append(TaskStatus(name, "failed", reason=failures[name]))
        else:
            found.append(TaskStatus(name, "waiting"))
    return SweepStatus(found, _seconds_left(place, found, planned))


def _running(name: str, claim: Seen, newest: float) -> TaskStatus:
    """A task that is claimed."""
    holder = claim.holder
    if holder is None:
        return TaskStatus(name, "running")
    silent = holder.is_gone or newest - claim.changed > LEASE_SECONDS
    machine = f"{holder.machine}, process {holder.process}"
    return TaskStatus(name, "silent" if silent else "running", machine, holder.seconds)


def _seconds_left(folder: SweepFolder, tasks: Sequence[TaskStatus], planned: Mapping[str, PlannedTask]) -> float | None:
    """What is left by the median time of finished tasks of the same analysis, over those who are at work."""
    open_tasks = [task for task in tasks if task.state in ("waiting", "running", "silent")]
    if not open_tasks:
        return 0.0
    medians = _medians(folder, [task.name for task in tasks if task.state == "done"], planned)
    workers = sum(task.state == "running" for task in tasks)
    if not workers or any(
        task.name not in planned or planned[task.name].analysis not in medians for task in open_tasks
    ):
        return None
    work = 0.0
    for task in open_tasks:
        whole = medians[planned[task.name].analysis]
        work += max(whole - (task.seconds or 0.0), 0.0) if task.state == "running" else whole
    return work / workers


def _medians(folder: SweepFolder, done: Sequence[str], planned: Mapping[str, PlannedTask]) -> dict[str, float]:
    """The median seconds of each analysis, from some of its finished tasks."""
    by_analysis: dict[str, list[str]] = defaultdict(list)
    for name in done:
        if name in planned:
            by_analysis[planned[name].analysis].append(name)
    medians = {}
    for analysis, names in by_analysis.items():
        seconds = []
        for name in names[:: -(-len(names) // SAMPLED)]:
            with suppress(FindingsError):
                seconds.append(float(read_record(folder.task(name))["seconds"]["total"]))
        if seconds:
            medians[analysis] = statistics.median(seconds)
    return medians
