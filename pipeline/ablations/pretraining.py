"""The pre-training runs of a plan, each done by whoever holds the lock of its folder."""

import logging
import sys
import time
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from tqdm import tqdm

from treeprobe.errors import BusyError
from treeprobe.pipeline.ablations.plan import AblationPlan, Run
from treeprobe.pipeline.ablations.variants import AblationError
from treeprobe.pipeline.stopwatch import Progress
from treeprobe.pipeline.subjects.treebanks import read_split
from treeprobe.pipeline.sweeps.execution import bounded_threads
from treeprobe.pipeline.sweeps.workers import Workers, run_jobs
from treeprobe.training import pretrain

_LOG = logging.getLogger(__name__)
_POLL_SECONDS = 2.0
"""How often runs that other processes are doing are looked at, when there is nothing else to do."""


@dataclass(frozen=True)
class Attempt:
    """How an attempt at a run ended; `busy` where another process is at it, `lost` the reason why its worker died."""

    run: Run
    busy: bool = False
    lost: str = ""


def pretrain_all(plan: AblationPlan, workers: Workers, *, progress: Progress) -> None:
    """Pre-train every run that is not complete, those that were begun from where they were.

    Raises:
        TreeprobeError: a run cannot be made as asked, or its folder not be written; what is complete is kept.
        AblationError: a run took its worker with it.
    """
    left = plan.runs()
    work = partial(_attempt, plan=plan, threads=workers.task_threads)
    with tqdm(total=len(left), desc="pre-training", unit="run", disable=progress is not True) as bar:
        while left:
            ended: set[str] = set()
            for attempt in run_jobs(workers, work, left, lost=_lost):
                if attempt.lost:
                    raise AblationError(f"{attempt.run.name}: {attempt.lost}; the same command goes on from there")
                if attempt.busy:
                    continue
                ended.add(attempt.run.name)
                bar.update()
                _LOG.info("%s pre-trained", attempt.run.name)
                if progress == "stages":
                    tqdm.write(f"{attempt.run.name} pre-trained", file=sys.stderr)
            left = [run for run in left if run.name not in ended]
            if left and not ended:
                time.sleep(_POLL_SECONDS)


def run_path(plan: AblationPlan, run: Run) -> Path:
    """The folder of a run."""
    return plan.folder / "runs" / run.name


def _attempt(run: Run, *, plan: AblationPlan, threads: int) -> Attempt:
    """Pre-train one run, unless another process is at it."""
    sentences = read_split(plan.train, "train", limit=plan.max_sentences)
    try:
        with bounded_threads(threads):
            pretrain(sentences, run_path(plan, run), options=run.options, device=plan.device, progress=False)
    except BusyError:
        return Attempt(run, busy=True)
    return Attempt(run)


def _lost(run: Run, reason: str) -> Attempt:
    """The attempt at a run that took its worker with it."""
    return Attempt(run, lost=reason)
