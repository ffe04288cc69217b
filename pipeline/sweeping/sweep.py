"""Every checkpoint × treebank × analysis: planned, done once, resumed, spread over processes or a cluster."""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path

import pandas as pd
from tqdm import tqdm

from treeprobe.pipeline.sweeping.backends import Backend, run_jobs
from treeprobe.pipeline.sweeping.checkpoint_sources import find_checkpoints
from treeprobe.pipeline.sweeping.errors import SweepError
from treeprobe.pipeline.sweeping.estimate import estimate
from treeprobe.pipeline.sweeping.plan import Analysis, SweepOptions, Task, plan_tasks
from treeprobe.pipeline.sweeping.store import Store, in_order, join_scores, task_scores
from treeprobe.pipeline.sweeping.tasks import Outcome, execute
from treeprobe.pipeline.sweeping.treebank_sources import Splits


@dataclass(frozen=True)
class Sweep:
    """What a sweep leaves: its folder, the table of scores, and how its tasks stand, by name.

    Attributes:
        done, failed: what this call did, the failed ones with their reasons.
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
    models: Iterable[str | Path],
    treebanks: Splits | Sequence[Splits],
    out: str | Path,
    *,
    analyses: Sequence[Analysis] = ("structure",),
    options: SweepOptions | None = None,
    backend: Backend | None = None,
    retry: bool = False,
    replace: bool = False,
    keep_cache: bool = True,
    cache: str | Path | None = None,
    progress: bool = True,
) -> Sweep:
    """Do every analysis of every checkpoint on every treebank, and keep the results in `out`.

    A task is done once: finished ones are left as they are, whatever ended the sweep before. A failure is recorded
    with its reason and does not stop the rest.

    Args:
        models: as `find_checkpoints` takes them.
        backend: where tasks run; in this process, one by one, unless told.
        retry: take up failed tasks again.
        replace: do tasks again whose checkpoint, treebank or options changed since they were done.
        keep_cache: keep hidden states; otherwise a checkpoint's go when its last task ends, so that the disk holds
            those of as many checkpoints as there are tasks at once, and no more.
        cache: folder of hidden states, inside `out` unless told; every worker must see both.

    Raises:
        SweepError, TreebankError: something cannot be used as asked; nothing was computed.
        SweepError: the disk is full; every finished task is kept.
    """
    options, backend, store = options or SweepOptions(), backend or Backend(), Store.at(out, cache=cache)
    banks = [treebanks] if isinstance(treebanks, Splits) else list(treebanks)
    tasks = plan_tasks(find_checkpoints(models), banks, analyses, options)
    store.begin({"options": asdict(options)})
    with store.driving():
        changed = [task for task in tasks if is_stale(task, store)]
        if changed and not replace:
            raise SweepError("\n".join([*(explain_change(task, store) for task in changed), CHANGED]))
        todo = [task for task in tasks if is_open(task, store, retry=retry)]
        outcomes = run_all(todo, store, backend, keep_cache=keep_cache, progress=progress, total=len(tasks))
    open_names = {task.name for task in todo}
    left = ((task.name, store.failure(task)) for task in tasks if task.name not in open_names)
    earlier = {name: failure["reason"] for name, failure in left if failure is not None}
    return Sweep(
        store.folder,
        load_results(store.folder),
        tuple(outcome.name for outcome in outcomes if outcome.state == "done"),
        {outcome.name: outcome.reason for outcome in outcomes if outcome.state == "failed"},
        tuple(task.name for task in tasks if task.name not in open_names and task.name not in earlier),
        earlier,
    )


def plan(
    models: Iterable[str | Path],
    treebanks: Splits | Sequence[Splits],
    out: str | Path,
    *,
    analyses: Sequence[Analysis] = ("structure",),
    options: SweepOptions | None = None,
    backend: Backend | None = None,
    retry: bool = False,
    keep_cache: bool = True,
) -> tuple[pd.DataFrame, str]:
    """What `sweep` would do, without doing it or writing anything: one row a task, and a line that sums it up.

    The columns are task, state (to do, done, failed, changed), seconds and cache_bytes. Raises as `sweep` does.
    """
    store = Store.at(out)
    banks = [treebanks] if isinstance(treebanks, Splits) else list(treebanks)
    tasks = plan_tasks(find_checkpoints(models), banks, analyses, options or SweepOptions())
    states = {task.name: state_of(task, store, retry=retry) for task in tasks}
    return estimate(tasks, store, states=states, backend=backend or Backend(), keep_cache=keep_cache)


def state_of(task: Task, store: Store, *, retry: bool) -> str:
    """How a task stands: to do, done, failed, or changed since it was done."""
    if is_stale(task, store):
        return "changed"
    if store.record(task) is not None:
        return "done"
    return "to do" if is_open(task, store, retry=retry) else "failed"


CHANGED = "Pass --replace to do these tasks again, or choose another folder; nothing was touched"


def is_stale(task: Task, store: Store) -> bool:
    """Whether the task is finished, but of another checkpoint, treebank or options by the same name."""
    record = store.record(task)
    return record is not None and record["identity"] != dict(task.identity)


def explain_change(task: Task, store: Store) -> str:
    """Which of the things that a finished task depends on are no longer what they were."""
    before = (store.record(task) or {})["identity"]
    changed = [name for name, digest in task.identity.items() if before.get(name) != digest]
    changed += [name for name in before if name not in task.identity]
    return f"{task.name}: changed since it was done: {', '.join(changed)}"


def is_open(task: Task, store: Store, *, retry: bool) -> bool:
    """Whether there is something to do for a task."""
    if store.record(task) is not None:
        return is_stale(task, store)
    failure = store.failure(task)
    return failure is None or retry or failure["identity"] != dict(task.identity)


def run_all(
    tasks: Sequence[Task], store: Store, backend: Backend, *, keep_cache: bool, progress: bool, total: int
) -> list[Outcome]:
    """Do the tasks, one phase after the other; the table grows by each as it is done."""
    table = {path.name: frame for path in store.finished() if (frame := task_scores(path)) is not None}
    by_name = {task.name: task for task in tasks}
    left = Counter(task.checkpoint.name for task in tasks)
    outcomes: list[Outcome] = []
    with tqdm(total=total, initial=total - len(tasks), unit="task", disable=not progress) as bar:
        for phase in sorted({task.phase for task in tasks}):
            ready = [task for task in tasks if task.phase == phase]
            for outcome in run_jobs(backend, worker(store, backend), ready, lost=lost):
                task = by_name[outcome.name]
                settle(task, outcome, store, table)
                outcomes.append(outcome)
                left[task.checkpoint.name] -= 1
                if not left[task.checkpoint.name] and not keep_cache:
                    store.drop_cache(task)
                bar.update()
                bar.set_postfix_str(f"{sum(one.state == 'failed' for one in outcomes)} failed", refresh=False)
    if table:
        store.write_table(join_scores([table[name] for name in sorted(table, key=in_order)]))
    return outcomes


def worker(store: Store, backend: Backend) -> Callable[[Task], Outcome]:
    """What a worker does with a task."""
    return partial(execute, store=store, threads=backend.task_threads)


def lost(task: Task, reason: str) -> Outcome:
    """The outcome of a task that took its worker with it."""
    return Outcome(task.name, "failed", reason=reason)


def settle(task: Task, outcome: Outcome, store: Store, table: dict[str, pd.DataFrame]) -> None:
    """Write down how a task ended. Raises SweepError when the disk is full: no other task could do better."""
    if outcome.state == "disk full":
        raise SweepError(
            f"the disk is full ({outcome.reason}); {task.name} was left undone. Finished tasks are kept: free some "
            "space and start the sweep again"
        )
    if outcome.state == "failed":
        store.write_failure(task, outcome.reason, outcome.detail)
        return
    store.forget_failure(task)
    frame = task_scores(store.task_folder(task))
    if frame is not None:
        table[task.name] = frame
        store.write_table(join_scores([table[name] for name in sorted(table, key=in_order)]))


def load_results(folder: str | Path) -> pd.DataFrame:
    """The scores of every finished task, tidy: the columns of the score table, then analysis, trained_on, family, step.

    Read from the finished tasks themselves, so that it is right at any moment, also while a sweep is at work or after
    one was killed. Raises SweepError when the folder holds no sweep.
    """
    store = Store.existing(folder)
    frames = [frame for path in store.finished() if (frame := task_scores(path)) is not None]
    return join_scores(frames)
