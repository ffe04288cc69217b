"""The attention tasks of a sweep: statistics of heads, and how convolutional they are; folders of CSV tables."""

from collections.abc import Mapping
from pathlib import Path

from treeprobe.parsing import Treebank
from treeprobe.pipeline.attention_heads.analysis import heads
from treeprobe.pipeline.head_kernels.analysis import convolve
from treeprobe.pipeline.record import Stopwatch
from treeprobe.pipeline.sweeping.checkpoint_sources import Checkpoint
from treeprobe.pipeline.sweeping.plan import SweepOptions


def analyse_convolution(
    checkpoint: Checkpoint, banks: Mapping[str, Treebank], folder: Path, *, options: SweepOptions, stopwatch: Stopwatch
) -> None:
    """Kernels of every head, and what survives of the model's syntax when heads are replaced by them."""
    with stopwatch.stage("convolution"):
        convolve(
            checkpoint.local_folder(),
            banks["dev"],
            folder / "convolution",
            train=banks["train"],
            rank=max(options.ranks),
            training=options.training,
            punctuation=options.punctuation,
            seed=options.seeds[0],
            progress=False,
        )


def analyse_heads(
    checkpoint: Checkpoint, banks: Mapping[str, Treebank], folder: Path, *, options: SweepOptions, stopwatch: Stopwatch
) -> None:
    """What every head attends to, and which relations it tracks; offsets to compare with are chosen on `train`."""
    with stopwatch.stage("heads"):
        heads(
            checkpoint.local_folder(),
            banks["dev"],
            folder / "heads",
            train=banks["train"],
            punctuation=options.punctuation,
            progress=False,
        )
