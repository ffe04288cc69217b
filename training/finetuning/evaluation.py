"""Predictions for the splits of a task, and tables of how good they are."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

import pandas as pd
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from treeprobe.training.finetuning.prediction import predict
from treeprobe.training.finetuning.task import AnyTask

Predictions = Mapping[str, Sequence[Any]]
"""What is predicted for each example of each split."""


def predict_held_out(
    task: AnyTask, model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, *, max_subwords: int
) -> dict[str, list[Any]]:
    """What a model with the task's head predicts for its held-out examples, by split."""
    return {
        split: predict(model, tokenizer, task.shape, examples, max_subwords=max_subwords)
        for split, examples in task.held_out.items()
    }


def measure(task: AnyTask, predictions: Predictions) -> list[dict[str, Any]]:
    """The metrics of predictions without intervals: split, metric, value."""
    return [
        {"split": split, "metric": metric.name, "value": metric.value(task.held_out[split], found)}
        for split, found in predictions.items()
        for metric in task.metrics
    ]


def score_table(task: AnyTask, predictions: Predictions, *, system: str) -> pd.DataFrame:
    """The metrics of predictions with 95 % intervals: system, split, metric, value, low, high, n, resampled.

    Args:
        system: what predicted, as the table calls it.
    """
    return pd.DataFrame(
        {"system": system, "split": split, **asdict(metric.score(task.held_out[split], found))}
        for split, found in predictions.items()
        for metric in task.metrics
    )
