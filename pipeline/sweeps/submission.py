"""Jobs of a sweep on a Slurm cluster, through submitit: an array in which none is special.

submitit keeps a job's arguments and its logs in the sweep's folder, `jobs/`; what it pickles there only it reads back.
Before a job's time is over it is sent a signal, on which submitit puts it into the queue again; the task at work then
is given up, and its claim released.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from treeprobe.pipeline.sweeps.engine import Ended, Retry, sweep_share
from treeprobe.pipeline.sweeps.known_digests import KnownDigests
from treeprobe.pipeline.sweeps.plans import put_on_record
from treeprobe.pipeline.sweeps.shares import Share
from treeprobe.pipeline.sweeps.tasks import Plan, SweepError
from treeprobe.pipeline.sweeps.workers import Workers

Cluster = Literal["slurm", "local"]
SIGNAL_SECONDS = 120
"""How long before the end of its time a job is told to go back into the queue."""
REQUEUES = 20
"""How often a job whose time is over goes back."""


@dataclass(frozen=True, kw_only=True)
class Resources:
    """What each job asks the cluster for.

    Attributes:
        partition: where it runs; the cluster's own choice where None.
        minutes: how long at most; a job that has more to do goes back into the queue.
        memory: gigabytes; the cluster's own default where None.
        gpus, cpus: how many of each.
    """

    partition: str | None = None
    minutes: int = 240
    memory: float | None = None
    gpus: int = 0
    cpus: int = 1


@dataclass(frozen=True, kw_only=True)
class ArrayJob:
    """What one job does, wherever submitit calls it."""

    plan: Plan
    share: Share
    workers: Workers
    retry: Retry
    replace: bool
    keep_cache: bool

    def __call__(self) -> Ended:
        """Begin with the share, help with the rest."""
        return sweep_share(
            self.plan, self.share, workers=self.workers, retry=self.retry, replace=self.replace,
            keep_cache=self.keep_cache, progress="stages",
        )  # fmt: skip

    def checkpoint(self) -> Any:
        """What submitit puts into the queue when the time is over: the same, since the folder knows what is left."""
        from submitit.helpers import DelayedSubmission

        return DelayedSubmission(self)


def submit(jobs: Sequence[ArrayJob], *, cluster: Cluster = "slurm", resources: Resources | None = None) -> list[str]:
    """Submit jobs as one array, once the plan is known to be right and the weights were read; returns their numbers.

    Args:
        cluster: `local` starts processes here instead, as submitit does for trials.

    Raises:
        TreeprobeError: the plan cannot be done as asked, as of `sweep`.
        SweepError: submitit is not installed, or there is no such cluster here.
    """
    plan, asked = jobs[0].plan, resources or Resources()
    known = KnownDigests(plan.folder)
    tasks = plan.tasks(known=known)
    plan.folder.begin()
    put_on_record(plan.folder, tasks, known)
    executor = _executor(plan, cluster, asked)
    with executor.batch():
        submitted = [executor.submit(job) for job in jobs]
    return [str(job.job_id) for job in submitted]


def _executor(plan: Plan, cluster: Cluster, asked: Resources) -> Any:
    """submitit's executor with what each job asks for."""
    try:
        import submitit
    except ImportError as error:
        raise SweepError("submitit is not installed; install it with `pip install 'treeprobe[slurm]'`") from error
    try:
        executor = submitit.AutoExecutor(plan.folder.path / "jobs", cluster=cluster, slurm_max_num_timeout=REQUEUES)
    except RuntimeError as error:
        raise SweepError(f"no Slurm cluster can be reached from here: {error}") from error
    executor.update_parameters(
        name="treeprobe",
        timeout_min=asked.minutes,
        mem_gb=asked.memory,
        cpus_per_task=asked.cpus,
        gpus_per_node=asked.gpus or None,
        slurm_partition=asked.partition,
        slurm_signal_delay_s=SIGNAL_SECONDS,
    )
    return executor
