"""A checkpoint with the head that a task needs."""

import os
from pathlib import Path
from typing import Any

from transformers import AutoModelForSequenceClassification, PreTrainedModel

from treeprobe.extraction import Encoder
from treeprobe.extraction.hub import read_locally
from treeprobe.extraction.loading import quiet_loading
from treeprobe.training.finetuning.left_to_right import BertLastForSequenceClassification, reads_left_to_right
from treeprobe.training.finetuning.options import FinetuningError
from treeprobe.training.finetuning.shape import Shape


def with_head(model: str | Path, encoder: Encoder, shape: Shape[Any, Any], *, random_weights: bool) -> PreTrainedModel:
    """The checkpoint with a new head; weights that it lacks are drawn by torch's seed.

    Args:
        model: its folder or hub name.
        encoder: the same checkpoint, already loaded and found to be whole.
        random_weights: draw all weights anew, except for those that the configuration names in `fixed_weights`.

    Raises:
        FinetuningError: transformers has no such head for this architecture.
    """
    name = os.path.expanduser(model)
    _make_padding(encoder)
    config = type(encoder.model.config).from_dict({**encoder.model.config.to_dict(), **shape.head, "use_cache": False})
    kind = shape.model_class
    if kind is AutoModelForSequenceClassification and reads_left_to_right(config):
        kind = BertLastForSequenceClassification
    options = {"dtype": "float32", "local_files_only": read_locally(name)}
    try:
        with quiet_loading():
            # A head that was trained for another task is left behind with its labels.
            loaded = kind.from_pretrained(name, config=config, ignore_mismatched_sizes=True, **options)
    except ValueError as error:
        raise FinetuningError(
            f"checkpoint {encoder.name}: transformers knows no head for {shape.name} on a "
            f"{type(encoder.model).__name__}"
        ) from error
    return _random_twin(loaded) if random_weights else loaded


def _make_padding(encoder: Encoder) -> None:
    """Have texts padded at their end, by the end-of-text token where the checkpoint has none for padding."""
    tokenizer = encoder.tokenizer
    tokenizer.padding_side = "right"
    if tokenizer.pad_token is None:
        tokenizer.pad_token = tokenizer.eos_token
        encoder.model.config.pad_token_id = tokenizer.pad_token_id


def _random_twin(model: PreTrainedModel) -> PreTrainedModel:
    """The same architecture with weights drawn anew by its own initialisation."""
    twin = type(model)(type(model.config).from_dict(model.config.to_dict()))
    for name in getattr(model.config, "fixed_weights", ()):
        twin.base_model.get_parameter(name).data.copy_(model.base_model.get_parameter(name).data)
    return twin
