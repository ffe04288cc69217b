"""A task: its examples, their shape, and the metrics that judge what is predicted for them."""

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Generic

import numpy as np

from treeprobe.training.finetuning.metrics import Metric
from treeprobe.training.finetuning.options import FinetuningError
from treeprobe.training.finetuning.shape import E, P, Shape


class UnseenLabels(UserWarning):
    """Held-out examples with labels that do not occur in training, which no model can predict."""


@dataclass(frozen=True, repr=False)
class Task(Generic[E, P]):
    """Something to fine-tune a model for.

    Attributes:
        name: what commands and tables call it.
        shape: what a model reads, and how it answers.
        metrics: the headline first.
        train: examples to learn from, each with its answer.
        held_out: examples to score predictions on, by the name of their split.
        unlabelled: examples whose answers are not published, to predict alone.
        sources: digests of the files that it was read from, by their names.
    """

    name: str
    shape: Shape[E, P]
    metrics: tuple[Metric[E, P], ...]
    train: Sequence[E]
    held_out: Mapping[str, Sequence[E]]
    unlabelled: Mapping[str, Sequence[E]] = field(default_factory=dict)
    sources: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not self.train:
            raise FinetuningError(f"task {self.name}: no examples to train on")
        for split, examples in self.held_out.items():
            if not examples:
                raise FinetuningError(f"task {self.name}: no examples in {split}")

    def shortened(self, train: int | None, held_out: int | None = None, *, seed: int = 0) -> "Task[E, P]":
        """The task with a random sample of so many examples of its splits at most, in their order; None leaves all.

        Args:
            train: of those to learn from.
            held_out: of those of each split to score on.
            seed: of the sample.
        """
        splits = {split: _sample(examples, held_out, seed) for split, examples in self.held_out.items()}
        return replace(self, train=_sample(self.train, train, seed), held_out=splits)

    def __repr__(self) -> str:
        splits = {"train": self.train, **self.held_out, **self.unlabelled}
        counts = ", ".join(f"{name} {len(examples):,}" for name, examples in splits.items())
        return f"Task({self.name!r}: {self.shape.name}; {counts})"


def _sample(examples: Sequence[E], size: int | None, seed: int) -> Sequence[E]:
    """So many examples at random, in their order; all where there are no more."""
    if size is None or size >= len(examples):
        return examples
    chosen = np.sort(np.random.default_rng(seed).permutation(len(examples))[:size])
    return [examples[place] for place in chosen.tolist()]


def seen_labels(task: str, labels: Mapping[str, Sequence[str]]) -> tuple[str, ...]:
    """The classes that occur in training, sorted; what occurs in other splits alone is warned of.

    Args:
        task: the task's name, for messages.
        labels: every label of each split, the one to train on called `train`.

    Raises:
        FinetuningError: there are fewer than two classes.
    """
    seen = tuple(sorted(set(labels["train"])))
    if len(seen) < 2:
        raise FinetuningError(
            f"task {task}: all {len(labels['train'])} training labels are {', '.join(map(repr, seen)) or 'none'}; "
            "expected at least two classes"
        )
    for split, given in labels.items():
        unseen = sorted(set(given) - set(seen))
        if unseen:
            count = sum(label in unseen for label in given)
            warnings.warn(
                f"task {task}: {count} of {len(given)} labels in {split} do not occur in training "
                f"({', '.join(unseen)}), so that no prediction of them is right",
                UnseenLabels,
                stacklevel=3,
            )
    return seen


AnyTask = Task[Any, Any]
"""A task of any shape."""
