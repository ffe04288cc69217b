"""Self-attention as convolution: kernels of a language model's heads, and the theorem with its image experiment.

Blocks and heads are indices from 0 in arguments and array axes, and numbers from 1 in tables and messages ("5-9").
"""

from treeprobe.convolution.image_experiment import (
    FILTERS,
    Borders,
    FilterRun,
    FilterTraining,
    ImageClassifier,
    ImageRun,
    Images,
    LearnedSelfAttention,
    QuadraticSelfAttention,
    TrainingOptions,
    Trunk,
    cifar10,
    digits,
    experiment_table,
    filter_bank,
    learn_convolution,
    photograph_patches,
    photographs,
    run_experiment,
)
from treeprobe.convolution.kernels import KernelFit, Kernels, fit_kernels
from treeprobe.convolution.logits import LogitSplit, LogitSplitError, split_logits
from treeprobe.convolution.position_codes import (
    PositionCode,
    compare_codes,
    random_code,
    sinusoidal_code,
)
from treeprobe.convolution.position_tables import (
    matched_sinusoids,
    shifted_code,
    shuffled_code,
    strongest_frequencies,
    without_positions,
)
from treeprobe.convolution.relations import beyond_kernels
from treeprobe.convolution.replacement import StateChange, replace_heads, state_change
from treeprobe.convolution.statistics import OffsetStatistics, measure_offsets

__all__ = [
    "FILTERS",
    "Borders",
    "FilterRun",
    "FilterTraining",
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
    "TrainingOptions",
    "Trunk",
    "beyond_kernels",
    "cifar10",
    "compare_codes",
    "digits",
    "experiment_table",
    "filter_bank",
    "fit_kernels",
    "learn_convolution",
    "matched_sinusoids",
    "measure_offsets",
    "photograph_patches",
    "photographs",
    "random_code",
    "replace_heads",
    "run_experiment",
    "shifted_code",
    "shuffled_code",
    "sinusoidal_code",
    "split_logits",
    "state_change",
    "strongest_frequencies",
    "without_positions",
]
