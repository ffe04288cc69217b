"""What a sweep would do: the state of every task, how long it may take, and the disk that it needs."""

import statistics

import pandas as pd
from transformers import AutoConfig

from treeprobe.pipeline.sweeps.checkpoints import Checkpoint
from treeprobe.pipeline.sweeps.known_digests import KnownDigests
from treeprobe.pipeline.sweeps.standing import Standing, standings_of
from treeprobe.pipeline.sweeps.tasks import Plan, Task

STORED_BYTES = 2
"""Bytes of a number in a cache of hidden states."""


def dry_run(plan: Plan, *, retry: bool = False, verify: bool = False) -> pd.DataFrame:
    """What `sweep` would do, without doing or writing anything: one row a task.

    Columns: task, state (to do, done, failed, changed, or damaged, which is done again), seconds (the median time of
    the finished tasks of the same analysis), cache_bytes (of the hidden states that the task reads; tasks of one
    checkpoint and treebank share them), reason (why it failed or will, what was changed or is damaged). Unknown numbers
    are empty. Raises as `sweep` does.
    """
    folder = plan.folder
    tasks = plan.tasks(known=KnownDigests(folder, reread=verify))
    folder.check()
    times: dict[str, list[float]] = {}
    for files in folder.read_tasks()[0]:
        times.setdefault(files.record["analysis"], []).append(files.record["seconds"]["total"])
    medians = {analysis: statistics.median(seconds) for analysis, seconds in times.items()}
    sizes = {task.checkpoint: _state_size(task.checkpoint) for task in tasks}
    standings = standings_of(tasks, folder, verify=verify)
    rows = []
    for task in tasks:
        standing = _expected(task, standings[task.name], retry=retry)
        rows.append(
            {
                "task": task.name,
                "state": standing.state,
                "seconds": medians.get(task.analysis.name),
                "cache_bytes": _cache_bytes(task, sizes[task.checkpoint]),
                "reason": standing.reason,
            }
        )
    return pd.DataFrame(rows).astype({"seconds": "Float64", "cache_bytes": "Int64"})


def _expected(task: Task, standing: Standing, *, retry: bool) -> Standing:
    """How a task will stand for a sweep: one that failed may be tried again, and a folder without weights must fail."""
    if standing.state not in ("to do", "failed", "damaged"):
        return standing
    if standing.failure is not None and not retry:
        return Standing("failed", str(standing.failure["reason"]))
    if (lacks := task.checkpoint.lacks) is not None:
        return Standing("failed", lacks)
    return Standing("to do") if standing.state == "failed" else standing


def _state_size(checkpoint: Checkpoint) -> int | None:
    """Numbers in a word's states at all layers, by the configuration; None when that cannot be read offline."""
    try:
        config = AutoConfig.from_pretrained(checkpoint.source, revision=checkpoint.revision, local_files_only=True)
        return (int(config.num_hidden_layers) + 1) * int(config.hidden_size)
    except (OSError, ValueError, AttributeError):
        return None


def _cache_bytes(task: Task, size: int | None) -> int | None:
    """Bytes of the hidden states that a task reads from the cache; None when the checkpoint's size is unknown."""
    twin = "random_baseline" in task.analysis.options and task.options.random_baseline
    models = 2 if twin or task.analysis.before else 1
    if "pooling" not in task.analysis.options and not task.analysis.carried:
        return 0
    words = sum(sum(map(len, bank)) for bank in task.sources.read().values())
    return None if size is None else models * words * size * STORED_BYTES
