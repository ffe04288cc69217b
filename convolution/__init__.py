"""Self-attention and convolution: the theorem, the image experiment, and how convolutional the heads of a model are."""

from convolution.classifier import ImageClassifier
from convolution.experiment import ImageRun, experiment_table, run_experiment
from convolution.images import Images, cifar10, digits
from convolution.kernels import KernelFit, Kernels, fit_kernels
from convolution.logits import LogitSplit, LogitSplitError, split_logits
from convolution.position_codes import PositionCode, compare_codes, position_embeddings, random_code, sinusoidal_code
from convolution.quadratic import QuadraticSelfAttention
from convolution.relations import beyond_kernels
from convolution.relative import LearnedSelfAttention
from convolution.replacement import StateChange, replace_heads, state_change
from convolution.statistics import OffsetStatistics, measure_offsets

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
