"""Small BERTs: their architecture, their loss, and how they are saved."""

from pathlib import Path

from torch import Tensor
from torch.nn.functional import cross_entropy
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
from treeprobe.training.options import PretrainingOptions

_NOT_PREDICTED = -100
"""The label of subwords that are not predicted, as in transformers."""


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
    if options.left_to_right:
        return BertLMHeadModel(config)
    return BertForPreTraining(config) if options.next_sentence else BertForMaskedLM(config)


def training_loss(model: PreTrainedModel, batch: dict[str, Tensor]) -> Tensor:
    """`model(**batch).loss`, in nats, with logits computed for the masked subwords alone; batches are on the CPU.

    transformers computes logits over the vocabulary at every position, and then uses the 15 % that are predicted; in a
    small model that is most of the work.
    """
    # Places rather than a mask, found here: for a mask, a card would have to wait to learn how many they are.
    places = (batch["labels"].flatten() != _NOT_PREDICTED).nonzero().squeeze(1)
    batch = {name: moved(values, model.device) for name, values in batch.items()}
    if isinstance(model, BertLMHeadModel):
        return model(**batch).loss
    labels, next_sentence = batch["labels"], batch.get("next_sentence_label")
    inputs = {name: values for name, values in batch.items() if name not in ("labels", "next_sentence_label")}
    encoded = model.bert(**inputs)
    predicted = moved(places, model.device)
    chosen = encoded.last_hidden_state.flatten(0, 1)[predicted]
    loss = cross_entropy(model.cls.predictions(chosen), labels.flatten()[predicted])
    if next_sentence is None:
        return loss
    return loss + cross_entropy(model.cls.seq_relationship(encoded.pooler_output), next_sentence)


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
