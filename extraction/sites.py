"""Where in a block states are read: its output, or what its attention or its MLP adds to the residual stream."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Literal

import torch
from torch import Tensor, nn

from .batching import Batch
from .encoder import Encoder

Site = Literal["hidden", "attention", "mlp"]
"""`hidden`: block outputs, and the embedding output as layer 0. `attention`, `mlp`: the output of that part of each
block after its last projection, before it is added to the residual stream and before a LayerNorm that follows the
addition; layers 1 to n."""


@dataclass(frozen=True)
class SitePath:
    """A module within a block, and whether its output has positions before sentences."""

    path: str
    positions_first: bool = False


PATHS: Mapping[str, tuple[SitePath, ...]] = {
    "attention": (
        SitePath("attention.output.dense"),  # BERT, RoBERTa, ELECTRA, DeBERTa
        SitePath("attention.out_lin"),  # DistilBERT
        SitePath("layer.0.SelfAttention"),  # T5
        SitePath("rel_attn.dropout", positions_first=True),  # XLNet: its last dropout follows the projection
        SitePath("self_attn"),  # Llama
        SitePath("attn"),  # GPT-2, ModernBERT
    ),
    "mlp": (
        SitePath("output.dense"),  # BERT, RoBERTa, ELECTRA, DeBERTa
        SitePath("ffn"),  # DistilBERT
        SitePath("layer.1.DenseReluDense"),  # T5
        SitePath("ff.layer_2", positions_first=True),  # XLNet
        SitePath("mlp"),  # Llama, GPT-2, ModernBERT
    ),
}


def site_layers(encoder: Encoder, site: Site) -> range:
    """The layers that a site has: 0 to n for hidden states, 1 to n within blocks."""
    return encoder.layers if site == "hidden" else encoder.layers[1:]


def read_site(encoder: Encoder, batch: Batch, site: Site) -> dict[int, Tensor]:
    """States of a batch at a site: layer number -> (sentences, subwords, dim)."""
    if site == "hidden":
        states = encoder.hidden_states(batch.input_ids, batch.attention_mask, batch.token_type_ids)
        return dict(enumerate(states))
    with watch(encoder, site) as seen, torch.inference_mode():
        encoder.run(batch.input_ids, batch.attention_mask, batch.token_type_ids)
    missing = [layer for layer in site_layers(encoder, site) if layer not in seen]
    if missing:
        raise ValueError(f"{encoder.name}: the blocks of layers {missing} never showed their {site} output")
    return seen


@contextmanager
def watch(encoder: Encoder, site: Site) -> Iterator[dict[int, Tensor]]:
    """Within this context, each forward pass leaves the outputs of a site in the dictionary: layer -> output.

    The hooks are removed on leaving, whatever happens.

    Raises:
        ValueError: the model's blocks have no such part under any name that is known here.
    """
    blocks, place = _find(encoder, site)
    seen: dict[int, Tensor] = {}
    hooks = []
    try:
        for layer, block in enumerate(blocks, start=1):
            module = block.get_submodule(place.path)
            hooks.append(module.register_forward_hook(_keep(seen, layer, place)))
        yield seen
    finally:
        for hook in hooks:
            hook.remove()


def _keep(seen: dict[int, Tensor], layer: int, place: SitePath) -> Any:
    def hook(_module: nn.Module, _inputs: Any, output: Any) -> None:
        found = output[0] if isinstance(output, tuple) else output
        # A module that runs twice in a block is wanted for the last time that it runs.
        seen[layer] = found.transpose(0, 1) if place.positions_first and found.dim() == 3 else found

    return hook


def _find(encoder: Encoder, site: Site) -> tuple[nn.ModuleList, SitePath]:
    for place in PATHS[site]:
        for module in encoder.model.modules():
            if isinstance(module, nn.ModuleList) and len(module) == encoder.blocks and _has(module[0], place.path):
                return module, place
    raise ValueError(f"{type(encoder.model).__name__}: no {site} output found in its blocks")


def _has(block: nn.Module, path: str) -> bool:
    try:
        block.get_submodule(path)
    except AttributeError:
        return False
    return True
