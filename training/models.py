"""Small BERTs: their architecture, what they predict, and how they are saved."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy, pad
from transformers import (
    BertConfig,
    BertForMaskedLM,
    BertForPreTraining,
    BertLMHeadModel,
    PreTrainedModel,
    PreTrainedTokenizerBase,
    PreTrainedTokenizerFast,
)
from transformers.utils import logging

from treeprobe.devices import moved
from treeprobe.training.neighbour_heads import start_at_neighbours
from treeprobe.training.options import PositionCode, PretrainingOptions

NOT_PREDICTED = -100
"""The label of subwords that are not predicted, as in transformers."""
_POSITIONS = "embeddings.position_embeddings.weight"


class BertLMForPreTraining(BertForPreTraining):
    """A left-to-right BERT with both of its heads: the next subword, and the next sentence, as `predict` reads them."""


@dataclass(frozen=True)
class Predictions:
    """What a model predicts of a batch, and what is right.

    Attributes:
        subwords: (predicted, vocabulary) logits at the places that are predicted alone.
        labels: (predicted,) the right subwords.
        next_sentence: (sentences, 2) logits; of the second, that the second sentence is a random one. None where it is
            not predicted.
        next_labels: (sentences,) 1 where it is random.
    """

    subwords: Tensor
    labels: Tensor
    next_sentence: Tensor | None = None
    next_labels: Tensor | None = None

    @property
    def losses(self) -> dict[str, Tensor]:
        """Cross-entropy in nats, by objective: `language_model`, and `next_sentence` where it is predicted."""
        losses = {"language_model": cross_entropy(self.subwords, self.labels)}
        if self.next_sentence is not None and self.next_labels is not None:
            losses["next_sentence"] = cross_entropy(self.next_sentence, self.next_labels)
        return losses


def new_model(tokenizer: PreTrainedTokenizerFast, options: PretrainingOptions) -> PreTrainedModel:
    """A BERT of the size asked for with the output heads that its objective needs, weights drawn by torch's seed."""
    config = BertConfig(
        vocab_size=len(tokenizer),
        hidden_size=options.dim,
        num_hidden_layers=options.layers,
        num_attention_heads=options.heads,
        intermediate_size=4 * options.dim,
        max_position_embeddings=options.max_subwords,
        hidden_dropout_prob=options.dropout,
        attention_probs_dropout_prob=options.dropout,
        is_decoder=options.left_to_right,
        pad_token_id=tokenizer.pad_token_id,
    )
    if options.next_sentence:
        model = (BertLMForPreTraining if options.left_to_right else BertForPreTraining)(config)
    else:
        model = (BertLMHeadModel if options.left_to_right else BertForMaskedLM)(config)
    if options.position_code != "learned":
        fix_positions(model, options.position_code)
    if options.neighbour_heads:
        start_at_neighbours(model)
    if options.embedding_scale != 1:
        scale_embeddings(model, options.embedding_scale)
    return model


@torch.no_grad()
def scale_embeddings(model: PreTrainedModel, factor: float) -> None:
    """Multiply the vectors of words and of positions, in place.

    Their sum is normalized, so a new model computes the same but for its logits; an optimizer's step changes the
    direction of a larger vector less.
    """
    embeddings: Any = model.base_model.embeddings
    for table in (embeddings.word_embeddings, embeddings.position_embeddings):
        table.weight.mul_(factor)


@torch.no_grad()
def fix_positions(model: PreTrainedModel, code: PositionCode) -> None:
    """Give a BERT position vectors that are not trained: the sines of Vaswani et al. (2017, section 3.5), or zeros.

    They stand in the table of BERT's own learned ones, so that the checkpoint is an ordinary one. Its configuration
    names the table in `fixed_weights`, which the random twin of an encoder keeps. Sines are as large as learned vectors
    are at first; else they would drown the words, which BERT draws small.
    """
    table = model.bert.get_parameter(_POSITIONS)
    size = model.config.initializer_range * 2**0.5
    table.copy_(size * sinusoids(*table.shape) if code == "sinusoidal" else torch.zeros_like(table))
    table.requires_grad_(False)
    model.config.fixed_weights = [_POSITIONS]


def sinusoids(positions: int, dim: int) -> Tensor:
    """(positions, dim): sines in even dimensions, cosines in odd ones, of wavelengths from 2π to 10000 · 2π."""
    rates = torch.exp(-torch.log(torch.tensor(10000.0)) * torch.arange(0, dim, 2) / dim)
    angles = torch.arange(positions)[:, None] * rates
    return torch.stack([angles.sin(), angles.cos()], dim=-1).flatten(1)[:, :dim]


def predict(model: PreTrainedModel, batch: Mapping[str, Tensor]) -> Predictions:
    """What a model predicts of a batch on the CPU, with logits computed for the predicted subwords alone.

    transformers computes logits over the vocabulary at every position, and then uses the 15 % that are predicted; in a
    small model that is most of the work.
    """
    labels = batch["labels"]
    if model.config.is_decoder:
        labels = pad(labels[:, 1:], (0, 1), value=NOT_PREDICTED)  # each subword is predicted from the one before it
    # Places rather than a mask, found here: for a mask, a card would have to wait to learn how many they are.
    places = (labels.flatten() != NOT_PREDICTED).nonzero().squeeze(1)
    place = model.device
    inputs = {name: moved(x, place) for name, x in batch.items() if name not in ("labels", "next_sentence_label")}
    encoder: Any = model.bert
    heads: Any = model.cls
    encoded = encoder(**inputs, **({"use_cache": False} if model.config.is_decoder else {}))
    states = encoded.last_hidden_state
    subwords = heads.predictions(states.flatten(0, 1)[moved(places, place)])
    found = Predictions(subwords, moved(labels.flatten()[places], place))
    if "next_sentence_label" not in batch:
        return found
    if model.config.is_decoder:
        last = moved(batch["attention_mask"].sum(1) - 1, place)  # the last separator
        pooled = encoder.pooler(states[torch.arange(len(states), device=place), last][:, None])
    else:
        pooled = encoded.pooler_output
    next_sentence = heads.seq_relationship(pooled)
    return Predictions(found.subwords, found.labels, next_sentence, moved(batch["next_sentence_label"], place))


def training_losses(model: PreTrainedModel, batch: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The losses of a batch in nats, by objective; their sum is trained on."""
    return predict(model, batch).losses


def save_checkpoint(model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, folder: Path) -> None:
    """Save a model with its tokenizer, without transformers' own progress bar."""
    shown = logging.is_progress_bar_enabled()
    logging.disable_progress_bar()
    try:
        model.save_pretrained(folder)
        tokenizer.save_pretrained(folder)
    finally:
        if shown:
            logging.enable_progress_bar()
