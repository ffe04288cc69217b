"""Work that is done once for each run, by whoever holds the lock of the run's folder."""

import logging
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from tqdm import tqdm

from treeprobe.errors import BusyError
from treeprobe.pipeline.ablations.plan import AblationPlan, Run
from treeprobe.pipeline.ablations.variants import AblationError
from treeprobe.pipeline.stopwatch import Progress
from treeprobe.pipeline.sweeps.execution import bounded_threads
from treeprobe.pipeline.sweeps.workers import Workers, run_jobs

_LOG = logging.getLogger(__name__)
_POLL_SECONDS = 2.0
"""How often runs that other processes are doing are looked at, when there is nothing else to do."""
Work = Callable[[Run, AblationPlan], None]
"""Does something of a run unless it is done already; raises BusyError where another process is at it."""


@dataclass(frozen=True)
class Attempt:
    """How an attempt ended; `busy` where another process is at it, `lost` the reason why its worker died."""

    run: Run
    busy: bool = False
    lost: str = ""


@dataclass(frozen=True)
class _Attempts:
    """What a worker does with a run; it can be sent to another process."""

    work: Work
    plan: AblationPlan
    threads: int

    def __call__(self, run: Run) -> Attempt:
        try:
            with bounded_threads(self.threads):
                self.work(run, self.plan)
        except BusyError:
            return Attempt(run, busy=True)
        return Attempt(run)


def do_all(
    work: Work, runs: Sequence[Run], plan: AblationPlan, workers: Workers, *, title: str, progress: Progress
) -> None:
    """Do some work for every run, here or by waiting for the process that does it.

    Args:
        title: what the bar calls it.

    Raises:
        AblationError: a run took its worker with it.
    """
    left = list(runs)
    attempt = _Attempts(work, plan, workers.task_threads)
    with tqdm(total=len(left), desc=title, unit="run", disable=progress is not True) as bar:
        while left:
            ended: set[str] = set()
            for one in run_jobs(workers, attempt, left, lost=_lost):
                if one.lost:
                    raise AblationError(f"{one.run.name}: {one.lost}; the same command goes on from there")
                if one.busy:
                    continue
                ended.add(one.run.name)
                bar.update()
                _LOG.info("%s: %s done", title, one.run.name)
                if progress == "stages":
                    tqdm.write(f"{title}: {one.run.name} done", file=sys.stderr)
            left = [run for run in left if run.name not in ended]
            if left and not ended:
                time.sleep(_POLL_SECONDS)


def _lost(run: Run, reason: str) -> Attempt:
    """The attempt at a run that took its worker with it."""
    return Attempt(run, lost=reason)
