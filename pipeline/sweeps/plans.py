"""Which tasks a folder is to hold: every plan that was begun in it, so that anyone can say what is left."""

from collections.abc import Sequence
from dataclasses import dataclass

from treeprobe.digests import json_digest
from treeprobe.errors import OutputError
from treeprobe.files import write_json
from treeprobe.pipeline.results.findings import FindingsError
from treeprobe.pipeline.results.sweep_folder import SweepFolder
from treeprobe.pipeline.sweeps.known_digests import KnownDigests
from treeprobe.pipeline.sweeps.tasks import Task
from treeprobe.records import Fields, sealed


@dataclass(frozen=True)
class PlannedTask:
    """A task as a plan lists it; `identity` is the digest of what its result depends on."""

    name: str
    checkpoint: str
    treebank: str
    analysis: str
    identity: str


def _write_plan(folder: SweepFolder, tasks: Sequence[Task]) -> None:
    """Put the tasks of a plan on record, unless they are."""
    entries = [vars(PlannedTask(task.name, **task.about, identity=task.identity_digest)) for task in tasks]
    content = {"tasks": entries}
    path = folder.plans / f"{json_digest(content)[:16]}.json"
    if not path.exists():
        write_json(path, sealed(content), indent=None)


def put_on_record(folder: SweepFolder, tasks: Sequence[Task], known: KnownDigests) -> None:
    """Write which tasks there are, and what was read of checkpoints. Raises OutputError where it cannot be written."""
    try:
        _write_plan(folder, tasks)
        known.write()
    except OSError as error:
        raise OutputError(f"{folder.path}: cannot be written: {error.strerror}") from error


def planned_tasks(folder: SweepFolder) -> list[PlannedTask]:
    """The tasks of all plans of a folder, each once.

    Raises FindingsError when a plan cannot be read.
    """
    found: dict[str, PlannedTask] = {}
    for path in sorted(folder.plans.glob("[!.]*.json")):
        record = Fields.read(path, error=FindingsError, remedy="remove it, and start the sweep again")
        for one in record.parts("tasks"):
            task = PlannedTask(*(one.text(name) for name in PlannedTask.__dataclass_fields__))
            found[task.name] = task
    return list(found.values())
