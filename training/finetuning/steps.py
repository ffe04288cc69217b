"""The steps of fine-tuning, with something to do between some of them."""

from collections.abc import Callable, Collection, Iterator, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor
from tqdm import tqdm
from transformers import PreTrainedModel, get_linear_schedule_with_warmup

from treeprobe.devices import moved
from treeprobe.training.examples import length_batches
from treeprobe.training.finetuning.options import FinetuningOptions


def train(
    model: PreTrainedModel,
    inputs: Sequence[dict[str, Any]],
    collate: Any,
    *,
    steps: int,
    options: FinetuningOptions,
    after: Collection[int],
    act: Callable[[int], None],
    progress: bool = True,
) -> list[float]:
    """Train a model by AdamW, with its own loss, on batches of about one length in a new order every epoch.

    Args:
        model: in place.
        inputs: one mapping of arguments an example, answers among them.
        collate: makes a batch of several.
        steps: how many updates.
        after: steps after which `act` is called with their number.
        progress: show a progress bar.

    Returns:
        The loss of each step before its update, in nats for classes.
    """
    optimizer = torch.optim.AdamW(model.parameters(), lr=options.learning_rate, weight_decay=0.01)
    # The learning rate of the last step is above zero, that of the step after it would be zero.
    course = get_linear_schedule_with_warmup(optimizer, steps // 10, steps + 1)
    batches = batches_of(inputs, collate, size=options.batch_size, seed=options.seed)
    losses: list[Tensor] = []
    for step in tqdm(range(1, steps + 1), "fine-tuning", unit="step", disable=not progress):
        model.train()
        loss = model(**{name: moved(values, model.device) for name, values in next(batches).items()}).loss
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        course.step()
        optimizer.zero_grad()
        losses.append(loss.detach())  # a tensor: to read each would have a card wait for it
        if step in after:
            act(step)
    return torch.stack(losses).tolist()


def batches_of(inputs: Sequence[dict[str, Any]], collate: Any, *, size: int, seed: int) -> Iterator[dict[str, Tensor]]:
    """Batches without end, in a new random order every epoch, each of examples of about one length."""
    generator = np.random.default_rng(seed)
    lengths = np.array([len(one["input_ids"]) for one in inputs])
    while True:
        for chosen in length_batches(lengths, size, generator):
            yield dict(collate([inputs[i] for i in chosen.tolist()]))
