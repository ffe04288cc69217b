"""Queries, keys and values: what the heads of each block attend with."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Literal

from torch import Tensor, nn

from treeprobe.extraction.attention_interface import attending, goes_through_interface, heads_named
from treeprobe.extraction.encoder import Encoder

HeadSite = Literal["query", "key", "value"]


def head_dim(encoder: Encoder) -> int:
    """Width of a head's queries, keys and values."""
    config: Any = encoder.model.config
    named = getattr(config, "head_dim", None) or getattr(config, "d_kv", None)  # Llama and its kin; T5
    return int(named) if named else encoder.dim // encoder.heads


def site_heads(encoder: Encoder, site: HeadSite) -> int:
    """How many heads have queries, keys or values of their own: of keys and values fewer, where queries share them."""
    shared = None if site == "query" else getattr(encoder.model.config, "num_key_value_heads", None)
    return int(shared or encoder.heads)


def shows_heads(encoder: Encoder) -> bool:
    """Whether queries, keys and values can be read: where attention can be edited."""
    return bool(getattr(encoder.model.config, "num_attention_heads", None)) and goes_through_interface(encoder)


@contextmanager
def capture_heads(encoder: Encoder, site: HeadSite) -> Iterator[dict[int, Tensor]]:
    """Within this context, each forward pass leaves the queries, keys or values in the dictionary, by layer.

    They are those that a block's scores and outputs are computed of: head after head, and where positions enter by
    rotation, rotated. The model attends as it did, edits of its attention included.

    Yields:
        layer, from 1 -> (sentences, positions, heads · head_dim).

    Raises:
        AttentionError: the model does not go through transformers' attention interface.
    """
    before = str(encoder.model.config._attn_implementation)
    found: dict[int, Tensor] = {}

    def attend(block: int, module: nn.Module, *tensors: Tensor, **options: Any) -> tuple[Tensor, Tensor | None]:
        chosen = dict(zip(("query", "key", "value"), tensors, strict=False))[site]
        found[block + 1] = chosen.transpose(1, 2).flatten(2)
        return heads_named(before, module)(module, *tensors, **options)

    with attending(encoder, attend, purpose="read", masks=before):
        yield found
