"""Loading a checkpoint with transformers: its model and its fast tokenizer, or one clear reason why not."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from safetensors import SafetensorError
from transformers import AutoModel, AutoTokenizer, PreTrainedModel, PreTrainedTokenizerBase
from transformers.utils import logging

from treeprobe.errors import first_line
from treeprobe.extraction.checkpoint import CheckpointError
from treeprobe.extraction.hub import check_place, read_locally
from treeprobe.extraction.tokenizer_check import EXPECTED

UNREAD = ("pooler.",)
"""Weights that no hidden state depends on; where a checkpoint lacks them, transformers initialises them at random."""


def load_parts(
    name: str, *, revision: str | None = None, trust_remote_code: bool = False
) -> tuple[PreTrainedModel, PreTrainedTokenizerBase]:
    """The model, without a head, and the tokenizer of a checkpoint; of an encoder-decoder model its encoder.

    Args:
        name: a folder, or a name on the hub.
        revision: branch, tag or commit there.
        trust_remote_code: run Python code that came with it.

    Raises:
        CheckpointError: nothing is there, it is not a checkpoint, it lacks weights, or it has no fast tokenizer.
    """
    check_place(name, revision=revision)
    options: dict[str, Any] = {
        "revision": revision,
        "trust_remote_code": trust_remote_code,
        "local_files_only": read_locally(name, revision=revision),
    }
    try:
        with quiet_loading():
            tokenizer = AutoTokenizer.from_pretrained(name, use_fast=True, **options)
            options |= {"dtype": "auto", "output_loading_info": True}
            model, loading = AutoModel.from_pretrained(name, **options)
            if model.config._attn_implementation != "eager" and not model._can_set_attn_implementation():
                # Falcon: only so does it report attention with its mask.
                model, loading = AutoModel.from_pretrained(name, attn_implementation="eager", **options)
    except (OSError, ValueError, KeyError, ImportError, RuntimeError, SafetensorError) as error:
        raise CheckpointError(_explain(name, error)) from error
    missing = [key for key in sorted(loading["missing_keys"]) if not key.startswith(UNREAD)]
    if getattr(model.config, "is_encoder_decoder", False):
        model = model.get_encoder()
        missing = [key for key in missing if not key.startswith("decoder.")]
    if missing:
        raise CheckpointError(
            f"checkpoint {name} lacks {len(missing)} weights of {type(model).__name__}, the first of them "
            f"{missing[0]}; they would be random numbers"
        )
    return model, tokenizer


@contextmanager
def quiet_loading() -> Iterator[None]:
    """Silence transformers' progress bar and load report.

    Loading takes a moment, heads are left off on purpose, and weights that are missing are refused right after.
    """
    shown, told = logging.is_progress_bar_enabled(), logging.get_verbosity()
    logging.disable_progress_bar()
    logging.set_verbosity_error()
    try:
        yield
    finally:
        logging.set_verbosity(told)
        if shown:
            logging.enable_progress_bar()


def _explain(name: str, error: Exception) -> str:
    """Why transformers could not load a checkpoint, in one line."""
    first = first_line(error)
    if Path(name).is_dir():
        if "backend tokenizer" in first:
            return f"checkpoint {name} has no tokenizer that can be made of its files; {EXPECTED}"
        return f"the checkpoint in {name} cannot be loaded: {first}"
    return (
        f"checkpoint {name} is neither a folder here nor on the Hugging Face hub, or the hub cannot be reached "
        f"({first})"
    )
