"""`treeprobe status`: how a sweep stands, while any number of processes are at it.

A command of its own, as `report` is: `sweep` takes any number of models by name, so that a word after it is a model.
"""

import json
import time
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from treeprobe.pipeline.commands.showing import in_words

if TYPE_CHECKING:
    from treeprobe.pipeline.sweeps.status import SweepStatus

SHOWN = 40
"""Waiting tasks are counted; of others no more than so many are listed unless asked."""


def status_command(
    sweep: Annotated[Path, typer.Argument(help="The folder of a sweep.")],
    list_all: Annotated[bool, typer.Option("--all", help="List every task, the done and the waiting too.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print it as JSON.")] = False,
) -> None:
    """Say how a sweep stands: done, running where and for how long, failed and why, and how long is left."""
    from treeprobe.pipeline.sweeps.status import sweep_status

    found = sweep_status(sweep)
    if as_json:
        content = {"counts": found.counts, "seconds_left": found.seconds_left, "tasks": list(map(asdict, found.tasks))}
        typer.echo(json.dumps(content, indent=1, ensure_ascii=False))
        return
    for line in _lines(found, list_all=list_all):
        typer.echo(line)


def _lines(found: "SweepStatus", *, list_all: bool) -> list[str]:
    """What a person reads."""
    counts = found.counts
    states = ("done", "running", "silent", "failed", "waiting")
    lines = [f"{len(found.tasks)} tasks: " + ", ".join(f"{counts.get(state, 0)} {state}" for state in states)]
    for state in ("running", "silent", "failed", *(("done", "waiting") if list_all else ())):
        tasks = [task for task in found.tasks if task.state == state]
        lines += [f"  {state}: {task.name}{_details(task.machine, task.seconds, task.reason)}" for task in
                  (tasks if list_all else tasks[:SHOWN])]  # fmt: skip
        if len(tasks) > SHOWN and not list_all:
            lines.append(f"  and {len(tasks) - SHOWN} more {state}: --all lists them")
    if counts.get("silent"):
        lines.append("silent: its process is gone, or has given no sign of life; the next one that looks takes it over")
    if counts.get("failed"):
        lines.append("Try the failed ones again, and nothing else, with `treeprobe sweep ... --failed-only`")
    if found.seconds_left is None:
        lines.append("time left: unknown, since nobody is at work, or nothing of its kind is done yet")
    elif found.seconds_left:
        lines.append(f"time left: {in_words(found.seconds_left)} at this pace")
    return lines


def _details(machine: str, seconds: float | None, reason: str) -> str:
    """Where a task runs and since when, or why it failed."""
    parts = []
    if machine and seconds is not None:
        since = time.strftime("%a %H:%M", time.localtime(time.time() - seconds))
        parts.append(f"on {machine}, for {in_words(seconds)} (since {since})")
    if reason:
        parts.append(" ".join(reason.split()))
    return "".join(f": {part}" for part in parts)
