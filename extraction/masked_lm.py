"""A checkpoint's masked-LM head, for losses that need the model to say words."""

import os

from transformers import AutoModelForMaskedLM, PreTrainedModel

from extraction.checkpoint import CheckpointError
from extraction.encoder import Encoder, quiet_loading


def load_masked_lm(folder_or_hub_name: str | os.PathLike[str], encoder: Encoder) -> PreTrainedModel:
    """The model of a checkpoint with its masked-LM head, in the number format of the checkpoint.

    Args:
        encoder: the same checkpoint, already loaded.

    Raises:
        CheckpointError: the checkpoint has no masked-LM head, or its tokenizer no mask token.
    """
    try:
        with quiet_loading():
            model, loading = AutoModelForMaskedLM.from_pretrained(
                str(folder_or_hub_name), dtype="auto", output_loading_info=True, trust_remote_code=False
            )
    except ValueError as error:
        raise CheckpointError(
            f"checkpoint {encoder.name} has no masked-LM head: transformers knows none for a "
            f"{type(encoder.model).__name__}"
        ) from error
    missing = sorted(loading["missing_keys"])
    if missing or encoder.tokenizer.mask_token_id is None:
        found = f"weights such as {missing[0]} are not in it" if missing else "its tokenizer has no mask token"
        raise CheckpointError(f"checkpoint {encoder.name} has no masked-LM head: {found}")
    return model
