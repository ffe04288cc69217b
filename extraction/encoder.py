"""A checkpoint ready to encode sentences: the model, its fast tokenizer, and its digest."""

import hashlib
import os
from dataclasses import dataclass, field
from typing import Any, Literal, get_args

import torch
from torch import Tensor
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from treeprobe.devices import check_device, memory_named, moved, seeded
from treeprobe.extraction.checkpoint import (
    AttentionError,
    CheckpointError,
    check_finite,
    checkpoint_name,
    weights_digest,
)
from treeprobe.extraction.float64 import in_float64
from treeprobe.extraction.loading import UNREAD, load_parts
from treeprobe.extraction.peculiarities import Peculiarities, peculiarities_of
from treeprobe.extraction.places import Pass, Places
from treeprobe.extraction.tokenizer_check import check_tokenizer
from treeprobe.processor import warn_where_bfloat16_is_slow

Dtype = Literal["float32", "bfloat16", "float16", "float64"]
"""Number formats of weights and states, by torch's name."""


@dataclass(frozen=True, eq=False, repr=False)
class Encoder:
    """A transformers model in evaluation mode with its fast tokenizer.

    Layer 0 is the embedding output and layer i the output of block i, so a model of n blocks has n + 1 layers.
    Where a model normalises its last block's output (GPT-2, Llama, ModernBERT, T5), layer n is what leaves the
    model: normalised, as transformers reports it. An encoder-decoder model stands here as its encoder alone.
    """

    model: PreTrainedModel
    tokenizer: PreTrainedTokenizerBase
    name: str
    digest: str
    """SHA-256 of the checkpoint's weights as stored (names, dtypes, shapes, bytes), before `dtype` is applied."""
    under_way: Pass = field(default_factory=Pass)
    """What edits of states (`edit_states`) must know of the pass that is running; encoders of one model share it."""
    peculiarities: Peculiarities = field(default_factory=Peculiarities)
    """How it reads what its configuration does not say."""

    @classmethod
    def from_pretrained(
        cls,
        folder_or_hub_name: str | os.PathLike[str],
        *,
        revision: str | None = None,
        device: str | torch.device | None = None,
        dtype: Dtype | torch.dtype = "float32",
        trust_remote_code: bool = False,
    ) -> "Encoder":
        """Load a checkpoint from a folder, or by its hub name from the local hub cache or the network.

        Args:
            revision: branch, tag or commit on the hub.
            device: where the model computes; the CPU where None.
            dtype: the number format it computes in.
            trust_remote_code: run Python code that came with the checkpoint. Off: such checkpoints are refused.

        Raises:
            CheckpointError: nothing is there, it is not a checkpoint, it lacks weights or has some that are
                not finite, or it has no fast tokenizer that can read text for it.
            DeviceError: there is no such device here.
            DeviceMemoryError: the model does not fit into its memory.
        """
        check_device(torch, str(device or "cpu"))
        name = os.path.expanduser(folder_or_hub_name)  # transformers takes "~" for a part of a hub name
        model, tokenizer = load_parts(name, revision=revision, trust_remote_code=trust_remote_code)
        return cls.from_parts(model, tokenizer, name=checkpoint_name(name), device=device, dtype=dtype)

    @classmethod
    def from_parts(
        cls,
        model: PreTrainedModel,
        tokenizer: PreTrainedTokenizerBase,
        *,
        name: str,
        device: str | torch.device | None = None,
        dtype: Dtype | torch.dtype = "float32",
    ) -> "Encoder":
        """An encoder from a model and a fast tokenizer that are already in memory; the model is changed in place.

        In bfloat16 on a CPU it attends by plain matrix products (`eager`), which PyTorch computes faster there than its
        fused attention; where the processor has no instructions for bfloat16, a warning says once that it is slower.
        In float64, which is for comparisons, it does so everywhere: the softmax of several families is in float32
        there whatever the model is in, and only equal formulas agree beyond that.
        """
        if not getattr(tokenizer, "is_fast", False):
            raise CheckpointError(
                f"checkpoint {name} has no fast tokenizer ({type(tokenizer).__name__}); its offsets are needed to "
                "find the words"
            )
        check_tokenizer(model, tokenizer, name=name)
        check_finite(model.named_parameters(), name=name)
        digest = weights_digest((key, value) for key, value in model.state_dict().items() if not key.startswith(UNREAD))
        number = str(dtype).removeprefix("torch.")
        if number not in get_args(Dtype):
            raise ValueError(f"dtype must be one of {', '.join(get_args(Dtype))}; found {dtype}")
        check_device(torch, str(device or "cpu"))
        with memory_named(torch, work=f"loading {name}", remedy="bfloat16 (dtype)"):
            model = model.eval().requires_grad_(False).to(device=device or "cpu", dtype=getattr(torch, number))
        slow = model.device.type == "cpu" and number == "bfloat16"
        if slow:
            warn_where_bfloat16_is_slow(torch.cpu, work="extraction")
        if (slow or number == "float64") and model._can_set_attn_implementation():
            model.set_attn_implementation("eager")
        if number == "float64" and model._can_set_experts_implementation():
            model.set_experts_implementation("eager")
        peculiarities = peculiarities_of(model, padding=tokenizer.pad_token_id or 0)
        return cls(model, tokenizer, name, digest, peculiarities=peculiarities)

    def with_random_weights(self, seed: int = 0) -> "Encoder":
        """The same architecture and tokenizer with weights drawn anew by the model's own initialisation.

        Weights that were never trained stay as they are: those that the configuration names in `fixed_weights`, such as
        a table of sines.
        """
        with seeded(torch, seed):
            model = type(self.model)(type(self.model.config).from_dict(self.model.config.to_dict()))
        with torch.no_grad():
            for name in getattr(self.model.config, "fixed_weights", ()):
                model.get_parameter(name).copy_(self.model.get_parameter(name))
        return Encoder.from_parts(
            model, self.tokenizer, name=f"{self.name}-random-{seed}", device=self.device, dtype=self.model.dtype
        )

    def __repr__(self) -> str:
        return f"Encoder({self.name!r}: {self.blocks} blocks, dim {self.dim}, {self.dtype} on {self.device})"

    @property
    def blocks(self) -> int:
        """How many transformer blocks the model has."""
        return int(self.model.config.num_hidden_layers)

    @property
    def heads(self) -> int:
        """How many attention heads a block has. Raises AttentionError when the model has none."""
        heads = getattr(self.model.config, "num_attention_heads", None)
        if not heads:
            raise AttentionError(
                f"{type(self.model).__name__} has no attention heads; expected a checkpoint with self-attention, such "
                "as BERT's. Its hidden states can be probed all the same"
            )
        # ConvBERT's convolutions take the places of so many heads.
        return max(1, int(heads) // int(getattr(self.model.config, "head_ratio", 1)))

    @property
    def layers(self) -> range:
        """Layer numbers: 0 is the embedding output, i the output of block i."""
        return range(self.blocks + 1)

    @property
    def dim(self) -> int:
        """Width of a hidden state."""
        return int(self.model.config.hidden_size)

    @property
    def dtype(self) -> str:
        """The number format that the model computes in."""
        return str(self.model.dtype).removeprefix("torch.")

    @property
    def device(self) -> torch.device:
        """Where the model computes."""
        return self.model.device

    @property
    def tokenizer_digest(self) -> str:
        """SHA-256 of the tokenizer's whole serialised form."""
        return hashlib.sha256(self.tokenizer.backend_tokenizer.to_str().encode()).hexdigest()

    @property
    def segments(self) -> int:
        """How many segment embeddings the model has; 0 where it knows no segments."""
        return int(getattr(self.model.config, "type_vocab_size", 0) or 0)

    @property
    def max_subwords(self) -> int | None:
        """The longest input in subwords, special tokens counted; None where the model sets no limit."""
        limits = [_positions(self.model), self.tokenizer.model_max_length]
        known = [int(limit) for limit in limits if limit is not None and 0 < limit < 1 << 30]
        return min(known, default=None)

    @torch.inference_mode()
    def hidden_states(
        self,
        input_ids: Tensor,
        attention_mask: Tensor,
        token_type_ids: Tensor | None = None,
        *,
        places: Places | None = None,
    ) -> tuple[Tensor, ...]:
        """Hidden states of a batch, layer 0 first.

        Args:
            input_ids: (sentences, subwords); attention_mask: same shape, 1 where a subword is, 0 at padding.
            token_type_ids: same shape; left to the model's default where None.
            places: as in `run`.

        Returns:
            one (sentences, subwords, dim) tensor for each of `layers`.
        """
        output = self.run(input_ids, attention_mask, token_type_ids, places=places, output_hidden_states=True)
        states = output.hidden_states
        if self.peculiarities.begins_late:
            embeddings: Any = self.model.get_input_embeddings()
            states = (embeddings(moved(input_ids, self.device)), *states[:-2], states[-1])
        if len(states) != len(self.layers):
            raise CheckpointError(
                f"{type(self.model).__name__} reports {len(states)} layers of hidden states, expected "
                f"{len(self.layers)}"
            )
        expected = (*input_ids.shape, self.dim)
        for layer, found in enumerate(states):
            if getattr(found, "shape", None) != expected:
                shape = tuple(found.shape) if isinstance(found, Tensor) else type(found).__name__
                raise CheckpointError(
                    f"{type(self.model).__name__} reports hidden states of shape {shape} at layer {layer}, expected "
                    f"{expected}: a vector of one width for each subword, without which there is none for a word"
                )
        return tuple(states)

    def run(
        self,
        input_ids: Tensor,
        attention_mask: Tensor,
        token_type_ids: Tensor | None = None,
        *,
        places: Places | None = None,
        **options: Any,
    ) -> Any:
        """One forward pass of a batch on the encoder's device.

        Args:
            input_ids, attention_mask, token_type_ids: as in `hidden_states`.
            places: the word that each position holds, for edits of words (`edit_states`); batches carry it.
            options: given to the model.
        """
        inputs = {"input_ids": input_ids, "attention_mask": attention_mask}
        if token_type_ids is not None:
            inputs["token_type_ids"] = token_type_ids
        if getattr(self.model.config, "use_cache", False):
            options["use_cache"] = False
        with self.under_way.reading(places), in_float64(self.model.dtype):
            return self.model(**{key: moved(value, self.device) for key, value in inputs.items()}, **options)


def wide(number: torch.dtype) -> torch.dtype:
    """The number format in which sums and logarithms are computed: float32, or float64 where the model is in it."""
    return torch.promote_types(number, torch.float32)


def _positions(model: PreTrainedModel) -> int | None:
    """How many positions the model can number, specials counted; None where its positions have no end."""
    for name, module in model.named_modules():
        if name.endswith("position_embeddings") and isinstance(module, torch.nn.Embedding):
            # RoBERTa numbers positions from just after its padding index, so that many rows are never reached.
            reserved = 0 if module.padding_idx is None else module.padding_idx + 1
            return module.num_embeddings - reserved
    limit = getattr(model.config, "max_position_embeddings", None)
    return limit if limit and limit > 0 else None
