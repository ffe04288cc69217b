"""How a task stands: to be done, done, failed, changed or damaged, as its folder and the record of its failure say."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from treeprobe.pipeline.results.findings import FindingsError
from treeprobe.pipeline.results.sweep_folder import SweepFolder
from treeprobe.pipeline.sweeps.tasks import Task

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


def standing_of(task: Task, folder: SweepFolder, *, verify: bool = False) -> Standing:
    """How a task stands. Files are compared with the record by their sizes and, with `verify`, by their digests."""
    failure = folder.failure(task.name)
    if failure is not None and failure["identity"] != dict(task.identity):
        failure = None
    try:
        record = folder.record(task.name, verify=verify)
    except FindingsError as error:
        return Standing("damaged", str(error), failure)
    if record is not None:
        changes = _changes(record.get("identity", {}), task.identity)
        return Standing("changed", f"changed since it was done: {', '.join(changes)}", failure) if changes else DONE
    return Standing("to do") if failure is None else Standing("failed", failure["reason"], failure)


DONE = Standing("done")


def _changes(before: Mapping[str, str], now: Mapping[str, str]) -> list[str]:
    """Which of the things that a task depends on are no longer what they were."""
    return [name for name in {**now, **before} if before.get(name) != now.get(name)]
