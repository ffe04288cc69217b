"""Self-attention and convolution: the theorem, the image experiment, and how convolutional the heads of a model are."""

from treeprobe.convolution.classifier import ImageClassifier
from treeprobe.convolution.experiment import ImageRun, experiment_table, run_experiment
from treeprobe.convolution.images import Images, cifar10, digits
from treeprobe.convolution.kernels import KernelFit, Kernels, fit_kernels
from treeprobe.convolution.logits import LogitSplit, LogitSplitError, split_logits
from treeprobe.convolution.position_codes import (
    PositionCode,
    compare_codes,
    position_embeddings,
    random_code,
    sinusoidal_code,
)
from treeprobe.convolution.quadratic import QuadraticSelfAttention
from treeprobe.convolution.relations import beyond_kernels
from treeprobe.convolution.relative import LearnedSelfAttention
from treeprobe.convolution.replacement import StateChange, replace_heads, state_change
from treeprobe.convolution.statistics import OffsetStatistics, measure_offsets

__all__ = [
    "ImageClassifier",
    "ImageRun",
    "Images",
    "KernelFit",
    "Kernels",
    "LearnedSelfAttention",
    "LogitSplit",
    "LogitSplitError",
    "OffsetStatistics",
    "PositionCode",
    "QuadraticSelfAttention",
    "StateChange",
    "beyond_kernels",
    "cifar10",
    "compare_codes",
    "digits",
    "experiment_table",
    "fit_kernels",
    "measure_offsets",
    "position_embeddings",
    "random_code",
    "replace_heads",
    "run_experiment",
    "sinusoidal_code",
    "split_logits",
    "state_change",
]
