"""Many checkpoints, treebanks and analyses: a sweep that resumes, in any number of processes."""

from treeprobe.pipeline.sweeps.checkpoints import Checkpoint, CheckpointNameError, find_checkpoints
from treeprobe.pipeline.sweeps.engine import Ended, Sweep, sweep, sweep_share
from treeprobe.pipeline.sweeps.leaving import SweepLeftError
from treeprobe.pipeline.sweeps.preview import dry_run
from treeprobe.pipeline.sweeps.shares import Share
from treeprobe.pipeline.sweeps.tasks import Plan, SweepError, Task
from treeprobe.pipeline.sweeps.workers import Workers

__all__ = [
    "Checkpoint",
    "CheckpointNameError",
    "Ended",
    "Plan",
    "Share",
    "Sweep",
    "SweepError",
    "SweepLeftError",
    "Task",
    "Workers",
    "dry_run",
    "find_checkpoints",
    "sweep",
    "sweep_share",
]
