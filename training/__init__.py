"""Small checkpoints made on the spot: BERT pre-trained on a treebank's text, in minutes and without a download."""

from treeprobe.training.family import make_family
from treeprobe.training.options import PretrainingError, PretrainingOptions
from treeprobe.training.pretraining import pretrain

__all__ = ["PretrainingError", "PretrainingOptions", "make_family", "pretrain"]
