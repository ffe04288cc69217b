"""What a model with a head predicts for examples."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from treeprobe.devices import moved
from treeprobe.training.finetuning.shape import E, Encoded, P, Scores, Shape

_ANSWERS = ("labels", "start_positions", "end_positions", "heads", "relations")
"""What inputs hold of the answers."""
_LOGITS = ("logits", "start_logits", "end_logits", "best_relations")


def predict(
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
    shape: Shape[E, P],
    examples: Sequence[E],
    *,
    max_subwords: int,
    batch_size: int = 32,
) -> list[P]:
    """What the model predicts for each example, in order.

    Args:
        model: with the head of `shape`, on any device; its mode (training or not) is as it was afterwards.
        max_subwords: as in training.
        batch_size: inputs a pass.
    """
    encoded = shape.encode(examples, tokenizer, max_subwords=max_subwords)
    return shape.decode(
        examples, encoded, compute_logits(model, encoded, shape.collator(tokenizer), batch_size=batch_size)
    )


@torch.inference_mode()
def compute_logits(
    model: PreTrainedModel, encoded: Sequence[Encoded], collate: Any, *, batch_size: int
) -> list[Scores]:
    """The outputs of the model for each input, in order; those per position go on where the batch was padded."""
    lengths = np.array([len(one.inputs["input_ids"]) for one in encoded])
    order = np.argsort(lengths, kind="stable")  # batches of about one length hold little padding
    found: list[Scores] = [()] * len(encoded)
    was_training = model.training
    model.eval()
    try:
        for start in range(0, len(order), batch_size):
            chosen = order[start : start + batch_size]
            inputs = [
                {key: value for key, value in encoded[i].inputs.items() if key not in _ANSWERS} for i in chosen.tolist()
            ]
            batch = {key: moved(value, model.device) for key, value in collate(inputs).items()}
            outputs = model(**batch)
            arrays = [outputs[name].float().cpu().numpy() for name in _LOGITS if name in outputs]
            for row, i in enumerate(chosen.tolist()):
                found[i] = tuple(array[row] for array in arrays)
    finally:
        model.train(was_training)
    return found
