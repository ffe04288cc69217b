"""Does the tasks of a plan, each once, in this process, in local processes, or on a cluster; resumes and joins in."""

import statistics
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import pandas as pd
from tqdm import tqdm
from transformers import AutoConfig

from treeprobe.pipeline.results import load_results, write_table
from treeprobe.pipeline.sweep_folder import SweepFolder
from treeprobe.pipeline.sweeps.checkpoints import Checkpoint
from treeprobe.pipeline.sweeps.tasks import Outcome, Plan, SweepError, Task, execute, failure_of, is_done
from treeprobe.pipeline.sweeps.workers import Workers, run_jobs

POLL_SECONDS = 0.5
"""How often tasks that other processes are doing are looked at, when there is nothing else to do."""

STORED_BYTES = 2
"""Bytes of a number in a cache of hidden states."""

CHANGED = "Pass --replace to do these tasks again, or choose another folder; nothing was touched"


@dataclass(frozen=True)
class Sweep:
    """What a sweep leaves: its folder, the table of scores, and the state of its tasks, by name.

    Attributes:
        done, failed: what came to an end during this call, here or in another process; the failed with their reasons.
        skipped: what was done before it.
        failed_before: what failed before it and was not asked for again, with the reasons.
    """

    out: Path
    scores: pd.DataFrame
    done: tuple[str, ...]
    failed: dict[str, str]
    skipped: tuple[str, ...]
    failed_before: dict[str, str]


def sweep(
    plan: Plan,
    *,
    workers: Workers | None = None,
    retry: bool = False,
    replace: bool = False,
    keep_cache: bool = True,
    progress: bool = True,
) -> Sweep:
    """Do every task of a plan that is not done yet, and write one table of all scores.

    A task is done once: finished ones are left as they are, however the sweep before ended. A failure is recorded with
    its reason and does not stop the rest. Any number of processes may do the same plan in the same folder at once: each
    task is done by whoever holds its lock, and each process ends when all tasks have.

    Args:
        workers: where this process's tasks run; one by one in this process by default.
        retry: try failed tasks again.
        replace: do tasks again whose checkpoint, treebank or options changed since they were done.
        keep_cache: keep hidden states; otherwise a checkpoint's are removed when its last task ends.

    Raises:
        TreeprobeError: something cannot be used as asked; nothing was computed.
        SweepError: the disk is full; every finished task is kept.
    """
    folder, tasks = plan.folder, plan.tasks()
    folder.begin()
    changed = [task for task in tasks if _is_changed(task, folder)]
    if changed and not replace:
        raise SweepError("\n".join([*(_explain_change(task, folder) for task in changed), CHANGED]))
    if retry:
        for task in tasks:
            folder.forget_failure(task.name)
    skipped = [task for task in tasks if is_done(task, folder)]
    open_tasks = [task for task in tasks if task not in skipped]
    failed_before = {
        task.name: failure["reason"] for task in open_tasks if (failure := failure_of(task, folder)) is not None
    }
    todo = [task for task in open_tasks if task.name not in failed_before]
    workers = workers or Workers()
    work = partial(execute, folder=folder, threads=workers.task_threads, figures=plan.figures, replace=replace)
    with tqdm(total=len(tasks), initial=len(tasks) - len(todo), unit="task", disable=not progress) as bar:
        outcomes = _run_all(todo, folder, partial(run_jobs, workers, work, lost=_lost), keep_cache=keep_cache, bar=bar)
    scores = load_results(folder.path)
    write_table(folder.path, scores)
    return Sweep(
        folder.path,
        scores,
        tuple(one.task.name for one in outcomes if one.state == "done"),
        {one.task.name: one.reason for one in outcomes if one.state == "failed"},
        tuple(task.name for task in skipped),
        failed_before,
    )


def dry_run(plan: Plan, *, retry: bool = False) -> pd.DataFrame:
    """What `sweep` would do, without doing or writing anything: one row a task.

    Columns: task, state (to do, done, failed, changed), seconds (the median time of the finished tasks of the same
    analysis), cache_bytes (of the hidden states that the task reads; tasks of one checkpoint and treebank share them).
    Unknown numbers are empty. Raises as `sweep` does.
    """
    folder, tasks = plan.folder, plan.tasks()
    folder.check()
    times: dict[str, list[float]] = {}
    for path in folder.finished():
        if (record := folder.record(path.name)) is not None:
            times.setdefault(record["analysis"], []).append(record["seconds"]["total"])
    medians = {analysis: statistics.median(seconds) for analysis, seconds in times.items()}
    sizes = {task.checkpoint: _state_size(task.checkpoint) for task in tasks}
    rows = [
        {
            "task": task.name,
            "state": _state_of(task, folder, retry=retry),
            "seconds": medians.get(task.analysis.name),
            "cache_bytes": _cache_bytes(task, sizes[task.checkpoint]),
        }
        for task in tasks
    ]
    return pd.DataFrame(rows).astype({"seconds": "Float64", "cache_bytes": "Int64"})


def _run_all(
    tasks: Sequence[Task],
    folder: SweepFolder,
    run: Callable[[Iterator[Task]], Iterator[Outcome]],
    *,
    keep_cache: bool,
    bar: "tqdm[Any]",
) -> list[Outcome]:
    """Try every task until each has ended, here or elsewhere; one that needs another's probes waits for it.

    Tasks begin in their order as workers become free, so that a checkpoint is finished, and its cache can be dropped,
    before the next one begins.
    """
    left = {task.name: task for task in tasks}
    of_checkpoint = Counter(task.checkpoint.name for task in tasks)
    outcomes: list[Outcome] = []
    while left:
        before = len(left)
        for outcome in run(_ready(left)):
            if outcome.state == "busy":
                continue
            task = outcome.task
            _settle(outcome, folder)
            outcomes.append(outcome)
            del left[task.name]
            of_checkpoint[task.checkpoint.name] -= 1
            if not of_checkpoint[task.checkpoint.name] and not keep_cache:
                folder.drop_cache(task.checkpoint.name)
            bar.update()
            bar.set_postfix_str(f"{sum(one.state == 'failed' for one in outcomes)} failed", refresh=False)
        if len(left) == before:
            time.sleep(POLL_SECONDS)
    return outcomes


def _ready(left: Mapping[str, Task]) -> Iterator[Task]:
    """Each task of `left` once, which shrinks meanwhile, as soon as it waits for no other."""
    tried: set[str] = set()
    # Workers ask for the next task from a thread of their own.
    while ready := [task for task in list(left.values()) if task.name not in tried and task.after not in left]:
        tried.add(ready[0].name)
        yield ready[0]


def _settle(outcome: Outcome, folder: SweepFolder) -> None:
    """Put the end of a task on record. Raises SweepError when the disk is full: no other task could do better."""
    name = outcome.task.name
    if outcome.state == "disk full":
        raise SweepError(
            f"the disk is full ({outcome.reason}); {name} was left undone. Finished tasks are kept: free some space "
            "and start the sweep again"
        )
    if outcome.state == "failed" and not is_done(outcome.task, folder):
        task = outcome.task
        folder.write_failure(name, task.identity, about=task.about, reason=outcome.reason, detail=outcome.detail)
    else:
        folder.forget_failure(name)


def _lost(task: Task, reason: str) -> Outcome:
    """The outcome of a task that took its worker with it."""
    return Outcome(task, "failed", reason)


def _is_changed(task: Task, folder: SweepFolder) -> bool:
    """Whether the task is finished, but of another checkpoint, treebank or options by the same name."""
    return folder.record(task.name) is not None and not is_done(task, folder)


def _explain_change(task: Task, folder: SweepFolder) -> str:
    """Which of the things that a finished task depends on are no longer what they were."""
    before = (folder.record(task.name) or {}).get("identity", {})
    changed = [name for name, digest in task.identity.items() if before.get(name) != digest]
    changed += [name for name in before if name not in task.identity]
    return f"{task.name}: changed since it was done: {', '.join(changed)}"


def _state_of(task: Task, folder: SweepFolder, *, retry: bool) -> str:
    """The state of a task: to do, done, failed, or changed since it was done."""
    if _is_changed(task, folder):
        return "changed"
    if is_done(task, folder):
        return "done"
    return "to do" if retry or failure_of(task, folder) is None else "failed"


def _state_size(checkpoint: Checkpoint) -> int | None:
    """Numbers in a word's states at all layers, by the configuration; None when that cannot be read offline."""
    try:
        config = AutoConfig.from_pretrained(checkpoint.source, revision=checkpoint.revision, local_files_only=True)
        return (int(config.num_hidden_layers) + 1) * int(config.hidden_size)
    except (OSError, ValueError, AttributeError):
        return None


def _cache_bytes(task: Task, size: int | None) -> int | None:
    """Bytes of the hidden states that a task reads from the cache; None when the checkpoint's size is unknown."""
    models = 2 if "random_baseline" in task.analysis.options and task.options.random_baseline else 1
    if "pooling" not in task.analysis.options and not task.analysis.carried:
        return 0
    words = sum(sum(map(len, bank)) for bank in task.sources.read().values())
    return None if size is None else models * words * size * STORED_BYTES
