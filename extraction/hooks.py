"""States read by forward hooks: block outputs, what a block's parts add to the residual stream, parts of the input."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Literal, get_args

import torch
from torch import Tensor, nn

from treeprobe.errors import TreeprobeError
from treeprobe.extraction.attention_inputs import HeadSite, capture_heads, head_dim, shows_heads, site_heads
from treeprobe.extraction.batching import Batch
from treeprobe.extraction.encoder import Encoder

Site = Literal["hidden", "attention", "mlp", "query", "key", "value", "token", "position", "segment", "embedding"]
"""Where states are read.

`hidden`: block outputs, layers 1 to n, and the embedding output as layer 0.
`attention`, `mlp`: the output of that part of each block after its last projection, before it is added to the
residual stream and before a LayerNorm that follows the addition; layers 1 to n.
`query`, `key`, `value`: what the heads of a block attend with, head after head, rotated where positions enter by
rotation; layers 1 to n.
`token`, `position`, `segment`: one part of the input representation (Devlin et al. 2019, figure 2); layer 0 alone.
`embedding`: the sum of these parts after the LayerNorm of the embeddings, where the model has one; layer 0 alone.
"""

SITES: tuple[Site, ...] = get_args(Site)
_OUTPUTS = ("attention", "mlp")
_WITHIN_BLOCKS = (*_OUTPUTS, *get_args(HeadSite))


@dataclass(frozen=True)
class Hooked:
    """A module by the end of its name, and whether its states have positions before sentences."""

    path: str
    positions_first: bool = False


_HOOKED: Mapping[str, tuple[Hooked, ...]] = {
    "attention": (
        Hooked("attention.output.dense"),  # BERT, RoBERTa, ELECTRA, DeBERTa
        Hooked("attention.out_lin"),  # DistilBERT
        Hooked("layer.0.SelfAttention"),  # T5
        Hooked("rel_attn.dropout", positions_first=True),  # XLNet: its last dropout follows the projection
        Hooked("self_attn"),  # Llama
        Hooked("attn"),  # GPT-2, ModernBERT
    ),
    "mlp": (
        Hooked("output.dense"),  # BERT, RoBERTa, ELECTRA, DeBERTa
        Hooked("ffn"),  # DistilBERT
        Hooked("layer.1.DenseReluDense"),  # T5
        Hooked("ff.layer_2", positions_first=True),  # XLNet
        Hooked("mlp"),  # Llama, GPT-2, ModernBERT
    ),
    "token": (Hooked("word_embedding", positions_first=True),),  # XLNet; others name it by get_input_embeddings
    "position": (Hooked("embeddings.position_embeddings"), Hooked("wpe")),
    "segment": (Hooked("embeddings.token_type_embeddings"),),
    "embedding": (Hooked("embeddings.LayerNorm"), Hooked("embeddings.norm")),
}


class SiteError(TreeprobeError, ValueError):
    """A site that the model does not have, or not under any module name that is known here."""


def site_layers(encoder: Encoder, site: Site) -> range:
    """The layers that have a site."""
    if site == "hidden":
        return encoder.layers
    return encoder.layers[1:] if site in _WITHIN_BLOCKS else encoder.layers[:1]


def site_dim(encoder: Encoder, site: Site) -> int:
    """Width of a site's vectors. Embeddings may be narrower than hidden states (ELECTRA, ALBERT), and so may keys.

    Raises:
        SiteError: queries, keys and values of this model cannot be read.
    """
    if site == "query" or site == "key" or site == "value":
        if not shows_heads(encoder):
            raise SiteError(_no_heads_shown(encoder, site))
        return site_heads(encoder, site) * head_dim(encoder)
    if site == "hidden" or site in _OUTPUTS:
        return encoder.dim
    embeddings: Any = encoder.model.get_input_embeddings()
    return int(embeddings.embedding_dim)


def has_site(encoder: Encoder, site: Site) -> bool:
    """Whether the model has a site, under a name that is known here."""
    if site == "hidden":
        return True
    if site in get_args(HeadSite):
        return shows_heads(encoder)
    try:
        site_modules(encoder, site)
    except SiteError:
        return False
    return True


def read_site(encoder: Encoder, batch: Batch, site: Site) -> dict[int, Tensor]:
    """States of a batch at a site: layer number -> (windows, positions, dim)."""
    if site == "hidden" or (site == "embedding" and not has_site(encoder, site)):
        states = encoder.hidden_states(batch.input_ids, batch.attention_mask, batch.token_type_ids, places=batch.places)
        return dict(enumerate(states))
    reading = (
        capture_heads(encoder, site) if site == "query" or site == "key" or site == "value" else capture(encoder, site)
    )
    with reading as outputs, torch.inference_mode():
        encoder.run(batch.input_ids, batch.attention_mask, batch.token_type_ids, places=batch.places)
    missing = [layer for layer in site_layers(encoder, site) if layer not in outputs]
    if missing:
        raise SiteError(f"{encoder.name}: layers {missing} never showed their {site} output")
    # Embeddings of positions may be computed once for all sentences.
    return {layer: found.expand(*batch.input_ids.shape, -1) for layer, found in outputs.items()}


@contextmanager
def capture(encoder: Encoder, site: Site) -> Iterator[dict[int, Tensor]]:
    """Within this context, each forward pass leaves the outputs of a site in the dictionary: layer -> output.

    The forward hooks are removed on leaving, whatever happens.

    Args:
        site: any that is the output of a module: not `hidden`, which the model reports by itself, nor `query`, `key`
            and `value` (`capture_heads`).

    Raises:
        SiteError: the model has no such part under any module name that is known here.
    """
    modules, hooked = site_modules(encoder, site)
    outputs: dict[int, Tensor] = {}
    hooks = []
    try:
        for layer, module in zip(site_layers(encoder, site), modules):
            hooks.append(module.register_forward_hook(_keep(outputs, layer, hooked)))
        yield outputs
    finally:
        for hook in hooks:
            hook.remove()


def _keep(outputs: dict[int, Tensor], layer: int, hooked: Hooked) -> Any:
    def hook(_module: nn.Module, _inputs: Any, output: Any) -> None:
        found = output[0] if isinstance(output, tuple) else output
        # Of a module that runs twice in a block, the last output is kept.
        outputs[layer] = found.transpose(0, 1) if hooked.positions_first and found.dim() == 3 else found

    return hook


def block_modules(encoder: Encoder) -> tuple[list[nn.Module], Hooked]:
    """The blocks, in order; fewer than the encoder has where blocks share their weights (ALBERT).

    Raises:
        SiteError: they are not under any name that is known here.
    """
    modules: list[nn.Module] = list(encoder.model.base_model.modules())
    for parent in modules:
        lists = [each for each in parent.children() if isinstance(each, nn.ModuleList) and len(each) == encoder.blocks]
        if len(lists) > 1:
            raise SiteError(
                f"{type(encoder.model).__name__} keeps its blocks in pieces, {len(lists)} lists of {encoder.blocks}: "
                "what passes beside each piece would not be edited. Its states can be read, and not edited"
            )
    for found in modules:
        if isinstance(found, nn.ModuleList) and len(found) == encoder.blocks:
            return list(found), Hooked("", positions_first=_has(found[0], "rel_attn"))  # XLNet
    kind = (getattr(encoder.model, "_can_record_outputs", None) or {}).get("hidden_states")
    shared = [module for module in modules if isinstance(kind, type) and isinstance(module, kind)]
    if not shared:
        raise SiteError(f"{type(encoder.model).__name__} has no list of {encoder.blocks} blocks that is known here")
    return shared, Hooked("")


def site_modules(encoder: Encoder, site: Site) -> tuple[list[nn.Module], Hooked]:
    """The modules whose outputs are a site, one per layer."""
    if site in get_args(HeadSite):
        raise SiteError(f"site {site} is read and not edited: edit the attention, or the states that it is made of")
    named = dict(encoder.model.named_modules())
    for hooked in _HOOKED.get(site, ()):
        if site not in _OUTPUTS:
            found = [module for name, module in named.items() if f".{name}".endswith(f".{hooked.path}")]
            if found:
                return found[:1], hooked
            continue
        for module in named.values():
            if isinstance(module, nn.ModuleList) and len(module) == encoder.blocks and _has(module[0], hooked.path):
                return [block.get_submodule(hooked.path) for block in module], hooked
    if site == "token":
        return [encoder.model.get_input_embeddings()], Hooked("")
    each = f", one for each of {encoder.blocks} blocks" if site in _OUTPUTS else ""
    raise SiteError(f"{type(encoder.model).__name__} has no {site} output under any name known here{each}")


def _no_heads_shown(encoder: Encoder, site: HeadSite) -> str:
    return (
        f"{type(encoder.model).__name__} does not show its {site} vectors: it has no heads, or does not attend through "
        "transformers' attention interface, as BERT, RoBERTa, DistilBERT, ELECTRA, ALBERT, ModernBERT, GPT-2, Llama "
        "and T5 do"
    )


def _has(block: nn.Module, path: str) -> bool:
    try:
        block.get_submodule(path)
    except AttributeError:
        return False
    return True
