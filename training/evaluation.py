"""How well a model predicts text that it was not trained on."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy
from transformers import PreTrainedModel

from treeprobe.training.models import predict


@dataclass(frozen=True)
class Evaluation:
    """What a model knows of held-out text.

    Attributes:
        loss: of the language model, in nats a predicted subword; its exponential is the perplexity. Of masked subwords
            or of next ones, as the model was trained: two quantities that do not compare.
        accuracy: share of the predicted subwords that are the model's first choice.
        next_sentence_loss: in nats a pair; None where the next sentence is not predicted.
        next_sentence_accuracy: share of the pairs; chance is about one half.
        subwords: how many were predicted.
        pairs: how many were judged.
    """

    loss: float
    accuracy: float
    next_sentence_loss: float | None
    next_sentence_accuracy: float | None
    subwords: int
    pairs: int


@torch.inference_mode()
def evaluate(model: PreTrainedModel, batches: Sequence[Mapping[str, Tensor]]) -> Evaluation:
    """Evaluate a model on batches such as `held_out_batches` makes; the model is left in evaluation mode."""
    model.eval()
    subwords, pairs = [], []
    for batch in batches:
        found = predict(model, batch)
        subwords.append(_judged(found.subwords, found.labels))
        if found.next_sentence is not None and found.next_labels is not None:
            pairs.append(_judged(found.next_sentence, found.next_labels))
    judged = torch.cat(subwords)
    loss, accuracy = judged.mean(0).tolist()
    if not pairs:
        return Evaluation(loss, accuracy, None, None, len(judged), 0)
    judged_pairs = torch.cat(pairs)
    next_loss, next_accuracy = judged_pairs.mean(0).tolist()
    return Evaluation(loss, accuracy, next_loss, next_accuracy, len(judged), len(judged_pairs))


def _judged(logits: Tensor, labels: Tensor) -> Tensor:
    """(predicted, 2): the loss of each prediction, and 1 where the first choice is right."""
    losses = cross_entropy(logits, labels, reduction="none")
    return torch.stack([losses, (logits.argmax(-1) == labels).to(losses)], dim=-1)
