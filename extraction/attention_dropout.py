"""Attention probabilities changed at the dropout that follows the softmax, in models that do without the interface.

In evaluation a dropout hands on what it is given, so what a hook puts in its place is what the block attends with, and
what it reports.
"""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn

from treeprobe.extraction.attention_interface import check_blocks
from treeprobe.extraction.encoder import Encoder

_DROPOUTS = (
    "attention.self.dropout",  # DeBERTa, RoFormer, RemBERT, MegatronBERT, LUKE; BigBird of full attention
    "attention.attn.dropout",  # MPNet
    "rel_attn.dropout",  # XLNet
    "self_attention.attention_dropout",  # BLOOM
    "attn.attn_dropout",  # GPT-J, CodeGen, OpenAI GPT
)
"""Paths of that dropout in a block. GPT-Neo's is left out: nothing tells its windows from what it looks at little."""

Edit = Callable[[int, Tensor, Tensor], Tensor]
"""As `editing_attention.AttentionEdit`."""


def has_dropouts(encoder: Encoder) -> bool:
    """Whether every block has such a dropout, under a name that is known here."""
    return bool(_dropouts(encoder))


@contextmanager
def dropping(encoder: Encoder, edit: Edit) -> Iterator[None]:
    """Within this context, every block attends with the probabilities that `edit` returns; always undone.

    Of nested contexts, only the inner one acts.

    Raises:
        AttentionError: in a forward pass, not every block showed its probabilities.
    """
    depth = encoder.under_way.attention_edits + 1
    seen: dict[int, int] = {}
    real: list[Tensor | None] = []

    def begin(_model: nn.Module, _args: Any, options: dict[str, Any]) -> None:
        seen.clear()
        real[:] = [options.get("attention_mask")]

    def end(*_: Any) -> None:
        if encoder.under_way.attention_edits == depth:
            check_blocks(encoder, sum(seen.values()))

    def change(block: int, _module: nn.Module, _inputs: Any, output: Tensor) -> Tensor | None:
        # XLNet drops out what it adds to the residual stream by the same module.
        if output.dim() != 4 or encoder.under_way.attention_edits != depth:
            return None
        seen[block] = seen.get(block, 0) + 1
        return edit(block, output, _mask(output, real[0])).to(output)

    base = encoder.model.base_model
    with ExitStack() as stack:
        stack.callback(base.register_forward_pre_hook(begin, with_kwargs=True).remove)
        for block, module in enumerate(_dropouts(encoder)):
            stack.callback(module.register_forward_hook(partial(change, block)).remove)
        stack.callback(base.register_forward_hook(end).remove)
        yield


def _dropouts(encoder: Encoder) -> list[nn.Module]:
    """The dropout of each block; none where there is none of a known name."""
    for found in encoder.model.base_model.modules():
        if isinstance(found, nn.ModuleList) and len(found) == encoder.blocks:
            for path in _DROPOUTS:
                try:
                    return [block.get_submodule(path) for block in found]
                except AttributeError:
                    continue
    return []


def _mask(probabilities: Tensor, real: Tensor | None) -> Tensor:
    """(sentences or 1, 1, positions, positions) bool: true where a query may look, at least once in every row.

    A model that looks at nothing that follows, with no head and in no sentence, may not. Where padding looks is of no
    consequence, and differs by family.

    Args:
        probabilities: (sentences, heads, positions, positions).
        real: (sentences, positions) what the model was given as its mask.
    """
    allowed = torch.ones_like(probabilities[:1, :1], dtype=torch.bool)
    if not bool(probabilities.triu(1).any()):
        allowed = allowed.tril()
    if real is not None:
        held = real.to(probabilities.device).bool()
        allowed = allowed & held[:, None, None] | ~held[:, None, :, None]
    return allowed | ~allowed.any(-1, keepdim=True)
