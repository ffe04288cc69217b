"""Small checkpoints made here, in minutes and without a download: something to sweep over."""

from pipeline.checkpoints.family import make_family
from pipeline.checkpoints.pretraining import Pretraining, PretrainingError, pretrain

__all__ = ["Pretraining", "PretrainingError", "make_family", "pretrain"]
