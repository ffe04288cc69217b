"""Many checkpoints at once: a sweep that resumes, its results as data."""

from pipeline.sweeping.backends import Backend
from pipeline.sweeping.errors import SweepError
from pipeline.sweeping.plan import Analysis, SweepOptions
from pipeline.sweeping.sources import Checkpoint, Splits, find_checkpoints, read_list, splits_of
from pipeline.sweeping.sweep import Sweep, load_results, plan, sweep

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
