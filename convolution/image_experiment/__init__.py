"""The theorem and the image experiment of Cordonnier, Loukas & Jaggi (2020)."""

from treeprobe.convolution.image_experiment.classifier import ImageClassifier, Trunk
from treeprobe.convolution.image_experiment.experiment import (
    ImageRun,
    TrainingOptions,
    experiment_table,
    run_experiment,
)
from treeprobe.convolution.image_experiment.images import Images, cifar10, digits, photograph_patches, photographs
from treeprobe.convolution.image_experiment.learned_attention import LearnedSelfAttention
from treeprobe.convolution.image_experiment.learned_filter import (
    FILTERS,
    FilterRun,
    FilterTraining,
    filter_bank,
    learn_convolution,
)
from treeprobe.convolution.image_experiment.quadratic_attention import Borders, QuadraticSelfAttention

__all__ = [
    "FILTERS",
    "Borders",
    "FilterRun",
    "FilterTraining",
    "ImageClassifier",
    "ImageRun",
    "Images",
    "LearnedSelfAttention",
    "QuadraticSelfAttention",
    "TrainingOptions",
    "Trunk",
    "cifar10",
    "digits",
    "experiment_table",
    "filter_bank",
    "learn_convolution",
    "photograph_patches",
    "photographs",
    "run_experiment",
]
