"""Batches of a task, and a model's own loss on them."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from torch import Tensor
from transformers import PreTrainedModel

from treeprobe.devices import moved
from treeprobe.training.examples import length_batches


def batches_of(inputs: Sequence[dict[str, Any]], collate: Any, *, size: int, seed: int) -> Iterator[dict[str, Tensor]]:
    """Batches without end, in a new random order every epoch, each of examples of about one length.

    Args:
        inputs: one mapping of arguments an example, answers among them.
        collate: makes a batch of several.
        size: examples a batch.
        seed: of the order.
    """
    generator = np.random.default_rng(seed)
    lengths = np.array([len(one["input_ids"]) for one in inputs])
    while True:
        for chosen in length_batches(lengths, size, generator):
            yield dict(collate([inputs[i] for i in chosen.tolist()]))


def task_loss(model: PreTrainedModel, batch: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The loss of the model's own head on a batch from the CPU: nats for classes, a squared error for numbers."""
    return {"task": model(**{name: moved(values, model.device) for name, values in batch.items()}).loss}
