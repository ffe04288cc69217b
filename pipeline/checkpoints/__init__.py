"""Small checkpoints made here, in minutes and without a download: something to sweep over."""

from treeprobe.pipeline.checkpoints.family import make_family
from treeprobe.pipeline.checkpoints.pretraining import Pretraining, PretrainingError, pretrain

__all__ = ["Pretraining", "PretrainingError", "make_family", "pretrain"]
