"""Many checkpoints at once: a sweep that resumes, its results as data."""

from treeprobe.pipeline.sweeping.backends import Backend
from treeprobe.pipeline.sweeping.checkpoint_sources import Checkpoint, find_checkpoints
from treeprobe.pipeline.sweeping.errors import SweepError
from treeprobe.pipeline.sweeping.plan import Analysis, SweepOptions
from treeprobe.pipeline.sweeping.sweep import Sweep, load_results, plan, sweep
from treeprobe.pipeline.sweeping.treebank_sources import Splits, read_list, splits_of

__all__ = [
    "Analysis",
    "Backend",
    "Checkpoint",
    "Splits",
    "Sweep",
    "SweepError",
    "SweepOptions",
    "find_checkpoints",
    "load_results",
    "plan",
    "read_list",
    "splits_of",
    "sweep",
]
