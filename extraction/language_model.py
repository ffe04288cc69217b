"""A checkpoint with its language-model head: it predicts masked subwords, or the next one."""

import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any, Literal

import torch
from torch import Tensor, nn
from transformers import (
    MODEL_FOR_CAUSAL_LM_MAPPING,
    MODEL_FOR_MASKED_LM_MAPPING,
    AutoModelForCausalLM,
    AutoModelForMaskedLM,
    PreTrainedModel,
)

from treeprobe.extraction.checkpoint import CheckpointError, check_finite
from treeprobe.extraction.encoder import Encoder
from treeprobe.extraction.hub import read_locally
from treeprobe.extraction.loading import quiet_loading

Prediction = Literal["masked", "next"]
"""What a language model predicts: masked subwords from both sides, or the next subword from those before it."""

_HEADS: dict[Prediction, str] = {"masked": "masked-LM head", "next": "head that predicts the next subword"}


class TiedHeadAssumed(UserWarning):
    """A checkpoint saved without its head, whose architecture has none but its own embeddings."""


@dataclass(frozen=True)
class LanguageModel:
    """An encoder with a language-model head, and what the head predicts.

    Attributes:
        encoder: the head on top of the modules of the encoder that it was made for: edits of either act on both.
    """

    encoder: Encoder
    prediction: Prediction


def language_model(folder_or_hub_name: str | os.PathLike[str], encoder: Encoder) -> LanguageModel:
    """The checkpoint with the head that its architecture is trained with: masked-LM where there is such a head.

    Args:
        encoder: the same checkpoint, already loaded. The head is put on its modules, so no weight is held twice, and
            what edits the encoder (`edit_attention`) edits the language model.

    Raises:
        CheckpointError: the checkpoint has no such head, or the head cannot predict with this tokenizer; the message
            says what is missing.
    """
    kind, config = encoder.model.config.model_type, encoder.model.config
    if getattr(config, "is_encoder_decoder", False):
        raise CheckpointError(
            f"checkpoint {encoder.name} has no language-model head that reads the encoder alone: a {kind} predicts by "
            "its decoder"
        )
    # By the class of the configuration, so that classes count that were registered with transformers.
    if type(config) in MODEL_FOR_MASKED_LM_MAPPING and not getattr(config, "is_decoder", False):
        return LanguageModel(masked_lm_encoder(folder_or_hub_name, encoder), "masked")
    return LanguageModel(causal_lm_encoder(folder_or_hub_name, encoder), "next")


def masked_lm_encoder(folder_or_hub_name: str | os.PathLike[str], encoder: Encoder) -> Encoder:
    """The checkpoint with its masked-LM head, as an encoder that shares the modules of the one given.

    Args:
        encoder: the same checkpoint, already loaded. Edits of either encoder act on both.

    Raises:
        CheckpointError: the checkpoint has no masked-LM head, or its tokenizer no mask token.
    """
    refusal = f"checkpoint {encoder.name} has no {_HEADS['masked']}"
    if getattr(encoder.model.config, "is_decoder", False):
        raise CheckpointError(f"{refusal}: it is a decoder, whose head predicts the next subword")
    model = _load(AutoModelForMaskedLM, folder_or_hub_name, encoder, refusal=refusal)
    if encoder.tokenizer.mask_token_id is None:
        raise CheckpointError(f"{refusal}: its tokenizer has no mask token")
    return _on_modules_of(encoder, model, refusal=refusal)


def causal_lm_encoder(folder_or_hub_name: str | os.PathLike[str], encoder: Encoder) -> Encoder:
    """The checkpoint with its head that predicts the next subword, sharing the modules of the encoder given.

    Raises:
        CheckpointError: the checkpoint has no such head, or the head sees the subwords that it predicts.
    """
    refusal = f"checkpoint {encoder.name} has no {_HEADS['next']}"
    if type(encoder.model.config) not in MODEL_FOR_CAUSAL_LM_MAPPING:
        raise CheckpointError(f"{refusal}: transformers knows none for a {type(encoder.model).__name__}")
    model = _load(AutoModelForCausalLM, folder_or_hub_name, encoder, refusal=refusal)
    saved_as = list(getattr(model.config, "architectures", None) or [])
    if saved_as and not any("LM" in name for name in saved_as):
        warnings.warn(
            f"checkpoint {encoder.name} was saved as a {saved_as[0]}, without a head; the head of a "
            f"{type(model).__name__} is its embeddings, which are taken. Its predictions mean nothing where it was "
            "trained for something else than predicting the next subword",
            TiedHeadAssumed,
            stacklevel=2,
        )
    speaker = _on_modules_of(encoder, model, refusal=refusal)
    if not _is_causal(speaker):
        raise CheckpointError(
            f"{refusal}: the predictions of a {type(model).__name__} change with the subwords that follow; expected a "
            "model that reads from left to right"
        )
    return speaker


@contextmanager
def only_at(encoder: Encoder, rows: Tensor, positions: Tensor) -> Iterator[None]:
    """Within this context the head reads the states of these places alone; logits are (places, 1, vocabulary).

    Logits at every position would cost as much as several blocks of the model.

    Args:
        encoder: one with a head, which reads each position by itself, as all heads of transformers do.
        rows, positions: (places,) sentence in the batch, and position.
    """

    def choose(_module: nn.Module, _inputs: Any, output: Any) -> Any:
        states = output.last_hidden_state
        output["last_hidden_state"] = states[rows.to(states.device), positions.to(states.device)][:, None]
        return output

    hook = encoder.model.base_model.register_forward_hook(choose)
    try:
        yield
    finally:
        hook.remove()


def _load(
    loader: Any, folder_or_hub_name: str | os.PathLike[str], encoder: Encoder, *, refusal: str
) -> PreTrainedModel:
    """The model with its head; a `CheckpointError` that begins with `refusal` where there is none."""
    name = os.path.expanduser(folder_or_hub_name)
    try:
        with quiet_loading():
            model, loading = loader.from_pretrained(
                name,
                dtype="auto",
                output_loading_info=True,
                trust_remote_code=False,
                local_files_only=read_locally(name),
            )
    except ValueError as error:
        raise CheckpointError(f"{refusal}: transformers knows none for a {type(encoder.model).__name__}") from error
    missing = sorted(loading["missing_keys"])
    if missing:
        raise CheckpointError(f"{refusal}: weights such as {missing[0]} are not in it")
    if not isinstance(model.base_model, type(encoder.model)):
        raise CheckpointError(
            f"{refusal}: a {type(model).__name__} encodes text by a {type(model.base_model).__name__}, not by the "
            f"{type(encoder.model).__name__} whose states are analysed"
        )
    check_finite(model.named_parameters(), name=encoder.name)
    return model


def _on_modules_of(encoder: Encoder, model: PreTrainedModel, *, refusal: str) -> Encoder:
    """The model's head on the encoder's own modules, in their number format and on their device."""
    setattr(model, model.base_model_prefix, encoder.model)
    # One configuration too: it says how blocks attend, which edits change.
    model.config = encoder.model.config
    model.tie_weights()
    if model.get_output_embeddings() is None:
        raise CheckpointError(f"{refusal}: a {type(model).__name__} has no output over the vocabulary")
    model = model.eval().requires_grad_(False).to(device=encoder.device, dtype=encoder.model.dtype)
    return replace(encoder, model=model)


@torch.inference_mode()
def _is_causal(encoder: Encoder) -> bool:
    """Whether predictions stay the same when the last subword changes."""
    size = int(encoder.model.config.vocab_size)
    if encoder.device.type == "meta" or size < 2:
        return True
    ids = torch.arange(4)[None].repeat(2, 1) % size
    ids[1, -1] = (ids[0, -1] + 1) % size
    logits = encoder.run(ids, torch.ones_like(ids)).logits[:, :-1].float()
    return bool(torch.allclose(logits[0], logits[1], rtol=1e-3, atol=1e-3))
