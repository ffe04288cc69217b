"""The training loop that all small models share."""

from collections.abc import Callable, Iterator
from typing import Any

import torch
from torch import Tensor
from transformers import PreTrainedModel

from treeprobe.training.models import training_loss

Schedule = Callable[[torch.optim.Optimizer, int, int], Any]
"""A learning rate's course from the optimizer, the steps of its rise and the step where it is zero, as transformers'
`get_linear_schedule_with_warmup` and `get_cosine_schedule_with_warmup`."""


def training_steps(
    model: PreTrainedModel,
    batches: Iterator[dict[str, Tensor]],
    *,
    steps: int,
    learning_rate: float,
    schedule: Schedule,
) -> Iterator[Tensor]:
    """Train the model by AdamW, and yield the loss of each step in nats, after its update, where the model is.

    Args:
        learning_rate: its peak, reached after a tenth of the steps.
        schedule: its course.
    """
    optimizer = torch.optim.AdamW(model.parameters(), lr=learning_rate, weight_decay=0.01)
    # The learning rate of the last step is above zero, that of the step after it would be zero.
    course = schedule(optimizer, steps // 10, steps + 1)
    model.train()
    for _ in range(steps):
        loss = training_loss(model, next(batches))
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        course.step()
        optimizer.zero_grad()
        yield loss.detach()
