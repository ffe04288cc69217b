"""A checkpoint with the head that a task needs."""

import os
from pathlib import Path
from typing import Any

from transformers import PreTrainedModel

from treeprobe.extraction import Encoder
from treeprobe.extraction.encoder import quiet_loading
from treeprobe.extraction.hub import read_locally
from treeprobe.training.finetuning.options import FinetuningError
from treeprobe.training.finetuning.shape import Shape


def with_head(model: str | Path, encoder: Encoder, shape: Shape[Any, Any], *, random_weights: bool) -> PreTrainedModel:
    """The checkpoint with a new head; weights that it lacks are drawn by torch's seed.

    Args:
        model: its folder or hub name.
        encoder: the same checkpoint, already loaded and found to be whole.
        random_weights: draw all weights anew.

    Raises:
        FinetuningError: transformers has no such head for this architecture.
    """
    name = os.path.expanduser(model)
    config = type(encoder.model.config).from_dict({**encoder.model.config.to_dict(), **shape.head})
    try:
        with quiet_loading():
            if random_weights:
                return shape.model_class.from_config(config)
            # A head that was trained for another task is left behind with its labels.
            return shape.model_class.from_pretrained(
                name, config=config, dtype="float32", ignore_mismatched_sizes=True, local_files_only=read_locally(name)
            )
    except ValueError as error:
        raise FinetuningError(
            f"checkpoint {encoder.name}: transformers knows no head for {shape.name} on a "
            f"{type(encoder.model).__name__}"
        ) from error
