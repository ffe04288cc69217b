"""What a model does with its input that its configuration does not say, found by running it on a few subwords."""

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from transformers import PreTrainedModel

from treeprobe.extraction.float64 import in_float64

_ROUNDING = 1e-3
"""Share of a vector's length that may be rounding; in half precision a hundred times as much."""


@dataclass(frozen=True)
class Peculiarities:
    """What two small inputs show of a model."""

    feels_padding: bool = False
    """Whether states change with padding though a mask says that it is none of theirs: convolutions, Fourier transforms
    and approximations of attention look at it. Such a model reads sentences of one length together."""
    begins_late: bool = False
    """Whether the first hidden states that it reports are the first block's output (Mamba, RWKV): then the embeddings
    are read apart, and of the last block what leaves the model."""


@torch.inference_mode()
def peculiarities_of(model: PreTrainedModel, *, padding: int) -> Peculiarities:
    """Look at a model.

    Args:
        padding: the number of the padding token.
    """
    size = int(getattr(model.config, "vocab_size", 0) or 0)
    if model.device.type == "meta" or size < 8:
        return Peculiarities()
    ids = torch.tensor([[token for token in range(8) if token != padding][:4]])
    padded = torch.cat([ids, torch.full((1, 3), padding)], 1)
    mask = torch.cat([torch.ones_like(ids), torch.zeros(1, 3, dtype=torch.int64)], 1)
    outputs: list[Tensor] = []
    block = _first_block(model)

    def changed(_: nn.Module, args: tuple[Any, ...], options: dict[str, Any], output: Any) -> None:
        found = _tensor(output)
        # A block that hands on what it is given would look like embeddings that were left out.
        if not any(isinstance(one, Tensor) and torch.equal(one, found) for one in (*args, *options.values())):
            outputs.append(found)

    hooks = [] if block is None else [block.register_forward_hook(changed, with_kwargs=True)]
    try:
        alone = _states(model, ids, torch.ones_like(ids))
        together = _states(model, padded, mask)
    except Exception:  # What cannot read this may still read what it is given by whoever knows it.
        return Peculiarities()
    finally:
        for hook in hooks:
            hook.remove()
    late = bool(outputs) and outputs[0].shape == alone[0].shape and torch.equal(outputs[0], alone[0])
    return Peculiarities(any(map(_changes, alone, together)), late)


def _changes(alone: Tensor, padded: Tensor) -> bool:
    """Whether the states of a layer, (1, positions, dim), differ by more than rounding from those with padding."""
    if alone.shape[1] > padded.shape[1]:
        return False
    here, there = alone.float(), padded[:, : alone.shape[1]].float()
    much = _ROUNDING * (100 if alone.dtype in (torch.bfloat16, torch.float16) else 1)
    return bool(((here - there).norm(dim=-1) > much * here.norm(dim=-1)).any())


def _states(model: PreTrainedModel, ids: Tensor, mask: Tensor) -> tuple[Tensor, ...]:
    options: dict[str, Any] = {"use_cache": False} if getattr(model.config, "use_cache", False) else {}
    with in_float64(model.dtype):
        output = model(
            input_ids=ids.to(model.device),
            attention_mask=mask.to(model.device),
            output_hidden_states=True,
            **options,
        )
    return tuple(output.hidden_states)


def _first_block(model: PreTrainedModel) -> nn.Module | None:
    blocks = getattr(model.config, "num_hidden_layers", None)
    lists = (found for found in model.modules() if isinstance(found, nn.ModuleList) and len(found) == blocks)
    return next((found[0] for found in lists), None)


def _tensor(output: Any) -> Tensor:
    found = output[0] if isinstance(output, tuple) else output
    return found if isinstance(found, Tensor) else torch.empty(0)
