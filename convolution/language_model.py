"""The masked-language-model loss of a checkpoint, where it has that head."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from transformers import PreTrainedModel

from extraction import CheckpointError, Encoder
from extraction.masked_lm import load_masked_lm

MASKED_SHARE = 0.15
"""How many of the subwords are masked (Devlin et al. 2019, section 3.1)."""

HEADED = ("ForMaskedLM", "ForPreTraining", "LMHeadModel")
"""How the classes of models that were trained with such a head are called, in a checkpoint's configuration."""

SENTENCES_AT_ONCE = 32
INDIFFERENT = -100
"""The label of a subword that counts for no loss, by PyTorch's convention."""


@dataclass(frozen=True)
class MaskedLanguageModel:
    """A model with its masked-LM head; edits of `encoder`'s attention act on its loss."""

    model: PreTrainedModel
    encoder: Encoder

    @torch.inference_mode()
    def loss(self, words: Sequence[Sequence[str]], *, seed: int = 0) -> float:
        """Mean cross-entropy in nats of the masked subwords; one `seed` always masks the same ones.

        Each subword is masked by chance, with probability 0.15, and becomes the mask token. Sentences are cut at the
        model's greatest length.

        Raises ValueError when chance masked no subword.
        """
        generator = torch.Generator().manual_seed(seed)
        total, count = 0.0, 0
        for first in range(0, len(words), SENTENCES_AT_ONCE):
            ids, present, labels = self._masked(words[first : first + SENTENCES_AT_ONCE], generator)
            logits = self.model(input_ids=ids, attention_mask=present).logits
            total += float(
                nn.functional.cross_entropy(logits.flatten(0, 1), labels.flatten(), reduction="sum").double()
            )
            count += int((labels != INDIFFERENT).sum())
        if not count:
            raise ValueError(
                f"no subword of {len(words)} sentences was masked; expected a text of a few dozen subwords at least"
            )
        return total / count

    def _masked(self, words: Sequence[Sequence[str]], generator: torch.Generator) -> tuple[Tensor, Tensor, Tensor]:
        tokenizer = self.encoder.tokenizer
        encoded = tokenizer(
            [" ".join(sentence) for sentence in words],
            padding=True,
            truncation=True,
            max_length=self.encoder.max_subwords,
            padding_side="right",
            return_special_tokens_mask=True,
            return_tensors="pt",
        )
        ids = encoded["input_ids"]
        free = encoded["special_tokens_mask"] == 0
        masked = (torch.rand(ids.shape, generator=generator) < MASKED_SHARE) & free
        labels = torch.where(masked, ids, INDIFFERENT)
        return torch.where(masked, tokenizer.mask_token_id, ids), encoded["attention_mask"], labels


def masked_language_model(folder_or_hub_name: str | Path, encoder: Encoder) -> MaskedLanguageModel | None:
    """The checkpoint with its masked-LM head, or None where it has none (or no mask token).

    `encoder` is the same checkpoint, already loaded; its tokenizer is used again.
    """
    config = encoder.model.config
    headed = any(name.endswith(HEADED) for name in config.architectures or ())
    # A decoder's head predicts the next subword, whatever mask token its tokenizer may have.
    if not headed or getattr(config, "is_decoder", False):
        return None
    try:
        model = load_masked_lm(folder_or_hub_name, encoder)
    except CheckpointError:
        return None
    base: Any = model.base_model
    if not isinstance(base, type(encoder.model)):
        return None
    edited = Encoder.from_parts(base, encoder.tokenizer, name=encoder.name, dtype=encoder.dtype)  # type: ignore[arg-type]
    # The base alone was brought to the encoder's number format; its head must follow.
    return MaskedLanguageModel(model.eval().to(encoder.model.dtype), edited)
