"""What a model is fine-tuned with."""

from collections.abc import Sequence
from dataclasses import dataclass

from treeprobe.errors import TreeprobeError


class FinetuningError(TreeprobeError, ValueError):
    """A task that cannot be trained on, options that contradict one another, or a model without the head it needs."""


class TaskFileError(FinetuningError):
    """A task's file that is not in the format of that task; the message names the file and the line."""


@dataclass(frozen=True)
class FinetuningOptions:
    """The schedule of fine-tuning.

    Attributes:
        epochs: passes over the training examples.
        steps: optimizer steps, instead of `epochs`.
        save_steps: steps whose checkpoints are saved beside the last one; step 0 is the model with its new head, before
            training.
        evaluations: how often held-out examples are scored on the way, evenly spaced, beside the saved steps; the last
            time is the end of training.
        batch_size: examples a step.
        learning_rate: its peak, reached after a tenth of the steps and decreasing linearly from there. Devlin et al.
            (2019) take 2e-5 to 5e-5 for BERT; small models need more.
        max_subwords: longest input; longer ones are truncated, and long contexts of span tasks divided. Never more
            than the model can read.
        random_weights: train the same architecture from random weights, the control of what pre-training gives.
        seed: of new weights, order and dropout.

    Raises:
        FinetuningError: options that contradict one another.
    """

    epochs: float = 3.0
    steps: int | None = None
    save_steps: Sequence[int] = ()
    evaluations: int = 4
    batch_size: int = 32
    learning_rate: float = 2e-4
    max_subwords: int = 128
    random_weights: bool = False
    seed: int = 0

    def __post_init__(self) -> None:
        if self.steps is None and self.epochs <= 0:
            raise FinetuningError(f"epochs={self.epochs}; expected more than 0")
        for name, least in (("steps", 1), ("evaluations", 1), ("batch_size", 1), ("max_subwords", 8)):
            value = getattr(self, name)
            if value is not None and value < least:
                raise FinetuningError(f"{name}={value}; expected at least {least}")
        if self.learning_rate <= 0:
            raise FinetuningError(f"learning_rate={self.learning_rate}; expected more than 0")
        if min(self.save_steps, default=0) < 0:
            raise FinetuningError(f"save_steps={list(self.save_steps)}; expected steps of at least 0")
