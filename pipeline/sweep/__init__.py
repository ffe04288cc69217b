"""Many checkpoints at once: a sweep that resumes, its results as data."""

from pipeline.sweep.backends import Backend
from pipeline.sweep.errors import SweepError
from pipeline.sweep.plan import Analysis, SweepOptions
from pipeline.sweep.sources import Checkpoint, Splits, find_checkpoints, read_list, splits_of
from pipeline.sweep.sweep import Sweep, load_results, plan, sweep

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
