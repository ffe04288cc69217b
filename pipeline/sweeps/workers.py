"""Where tasks run: this process, local processes, or a Dask cluster, all through joblib.

A task that takes its worker down with it (killed, out of memory) breaks the pool it ran in. Those that were running
then are tried again one at a time, so that the guilty one is found and the others lose nothing but time.
"""

import importlib.util
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures.process import BrokenProcessPool
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from typing import Any, TypeVar

import joblib

from treeprobe.pipeline.sweeps.leaving import GRACE_SECONDS
from treeprobe.pipeline.sweeps.tasks import SweepError

Job = TypeVar("Job")
Result = TypeVar("Result")
CONNECT_SECONDS = 10


@dataclass(frozen=True)
class Workers:
    """Where tasks run.

    Attributes:
        jobs: tasks at once; on a cluster, None asks for as many as it has threads.
        scheduler: address of a Dask scheduler, `tcp://HOST:PORT`; local processes where None.
        threads: threads of one task; by default, local cores are shared out evenly, and cluster tasks take one.
    """

    jobs: int | None = 1
    scheduler: str | None = None
    threads: int | None = None

    @property
    def task_threads(self) -> int:
        """How many threads one task may use."""
        if self.threads is not None:
            return self.threads
        cores = joblib.cpu_count()
        return 1 if self.scheduler is not None else max(1, cores // min(self.jobs or cores, cores))

    @property
    def grace(self) -> float:
        """Seconds after which a sweep that is to leave stops waiting for its workers, who have a little less."""
        return GRACE_SECONDS if self.scheduler is None and self.jobs == 1 else GRACE_SECONDS + 3


Configure = Callable[[int | None], AbstractContextManager[Any]]


def run_jobs(
    workers: Workers, work: Callable[[Job], Result], jobs: Iterable[Job], *, lost: Callable[[Job, str], Result]
) -> Iterator[Result]:
    """The result of every job, as each is done; `lost` makes the result of one whose worker died with it twice.

    A job is taken from `jobs` when a worker is free for it.

    Raises SweepError when the cluster cannot be reached or has no workers.
    """
    numbered = enumerate(jobs)
    with _connected(workers) as configure:
        while True:
            running: dict[int, Job] = {}
            try:
                for number, result in _parallel(configure, workers.jobs, work, numbered, running):
                    del running[number]
                    yield result
                return
            except _worker_deaths():
                for job in list(running.values()):
                    yield _alone(configure, work, job, lost=lost)


def _parallel(
    configure: Configure,
    most: int | None,
    work: Callable[[Job], Result],
    numbered: Iterator[tuple[int, Job]],
    running: dict[int, Job],
) -> Iterator[tuple[int, Result]]:
    """Numbered results in the order in which they are done; jobs are in `running` once they are handed out."""

    def handed_out() -> Iterator[Any]:
        for number, job in numbered:
            running[number] = job
            yield joblib.delayed(_numbered)(work, number, job)

    with configure(most):
        yield from joblib.Parallel(return_as="generator_unordered", batch_size=1, pre_dispatch="n_jobs")(handed_out())


def _alone(
    configure: Configure, work: Callable[[Job], Result], job: Job, *, lost: Callable[[Job, str], Result]
) -> Result:
    """One job with no other beside it, so that a dead worker can only be its own."""
    try:
        # Two, since joblib runs a single job in the calling process, which must outlive it.
        with configure(2):
            (result,) = joblib.Parallel(batch_size=1)([joblib.delayed(work)(job)])
            return result
    except _worker_deaths() as death:
        reason = str(death).strip().splitlines()[0] if str(death).strip() else type(death).__name__
        return lost(job, f"its worker died, twice: killed, or out of memory ({reason})")


def _numbered(work: Callable[[Job], Result], number: int, job: Job) -> tuple[int, Result]:
    """A job's number with its result."""
    return number, work(job)


@contextmanager
def _connected(workers: Workers) -> Iterator[Configure]:
    """How to set joblib up for a number of jobs; the connection to a cluster is closed at the end."""
    if workers.scheduler is None:
        yield lambda jobs: joblib.parallel_config("loky", n_jobs=jobs or -1, inner_max_num_threads=workers.task_threads)
        return
    with _dask_client(workers.scheduler) as client:
        yield lambda jobs: joblib.parallel_config("dask", client=client, n_jobs=jobs or -1)


@contextmanager
def _dask_client(scheduler: str) -> Iterator[Any]:
    """A client of a Dask scheduler.

    Raises SweepError when Dask is not installed, or when nothing answers at the address.
    """
    try:
        from distributed import Client
    except ImportError as error:
        raise SweepError("Dask is not installed; install it with `pip install 'treeprobe[cluster]'`") from error
    try:
        client = Client(scheduler, timeout=CONNECT_SECONDS, set_as_default=False)
    except (OSError, ValueError) as error:
        raise SweepError(f"no Dask scheduler answers at {scheduler}: {error}") from error
    with client:
        yield client


def _worker_deaths() -> tuple[type[Exception], ...]:
    """What joblib's engines raise when a worker process is gone."""
    found: list[type[Exception]] = [BrokenProcessPool]
    if importlib.util.find_spec("distributed") is not None:
        from distributed import KilledWorker

        found.append(KilledWorker)
    return tuple(found)
