"""A model's attention computed by a function of ours, through transformers' attention interface."""

import itertools
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn
from transformers import AttentionMaskInterface
from transformers.masking_utils import ALL_MASK_ATTENTION_FUNCTIONS
from transformers.modeling_utils import ALL_ATTENTION_FUNCTIONS

from treeprobe.extraction.checkpoint import AttentionError
from treeprobe.extraction.encoder import Encoder

_PREFIX = "treeprobe_"

Heads = Callable[..., tuple[Tensor, Tensor | None]]
"""An attention function of transformers: (module, query, key, value, mask, **options) -> (output, probabilities)."""

Attend = Callable[..., tuple[Tensor, Tensor | None]]
"""The same with the number of the block, from 0, before its arguments."""


@contextmanager
def attending(encoder: Encoder, attend: Attend, *, purpose: str, masks: str) -> Iterator[None]:
    """Within this context, every block of the encoder attends by `attend`; it is switched back whatever happens.

    Args:
        encoder: the model.
        attend: called for each block in every forward pass. Blocks that share their weights are told apart.
        purpose: a word in the name under which transformers knows it (`attends_for`).
        masks: the implementation whose masks are made for it.

    Raises:
        AttentionError: the model does not go through the attention interface; in a forward pass, some of its blocks
            did not.
    """
    model: Any = encoder.model
    counter = _Counter()
    name = _free_name(purpose)
    before = model.config._attn_implementation

    def numbered(module: nn.Module, *tensors: Tensor | None, **options: Any) -> tuple[Tensor, Tensor | None]:
        return attend(counter.next(), module, *tensors, **options)

    ALL_ATTENTION_FUNCTIONS[name] = numbered
    # Models make masks only for names that are registered for good, so names are few and used again.
    AttentionMaskInterface.register(name, ALL_MASK_ATTENTION_FUNCTIONS[masks])

    def check(*_: Any) -> None:
        if model.config._attn_implementation == name:  # and not that of a context inside this one
            check_blocks(encoder, counter.count)

    hooks = [
        model.base_model.register_forward_pre_hook(lambda *_: counter.reset()),
        model.base_model.register_forward_hook(check),
    ]
    try:
        if not goes_through_interface(encoder) or not _switched(model, name):
            raise AttentionError(
                f"{type(model).__name__} does not compute its attention through transformers' attention interface"
            )
        yield
    finally:
        for hook in hooks:
            hook.remove()
        model.set_attn_implementation(before)
        del ALL_ATTENTION_FUNCTIONS[name]


def goes_through_interface(encoder: Encoder) -> bool:
    """Whether the model computes its attention through transformers' attention interface (not DeBERTa, XLNet)."""
    return bool(encoder.model._can_set_attn_implementation())


def check_blocks(encoder: Encoder, attended: int) -> None:
    """Refuse a forward pass in which not every block attended where it could be seen. Raises AttentionError."""
    if attended != encoder.blocks:
        raise AttentionError(
            f"{type(encoder.model).__name__} showed its attention {attended} times in a pass, expected once in each of "
            f"{encoder.blocks} blocks: some of them have none, or compute it in a way of their own, so that it can "
            "neither be edited nor told which block it is of"
        )


def attends_for(encoder: Encoder, purpose: str) -> bool:
    """Whether the encoder attends by a function that was given for this purpose."""
    return str(encoder.model.config._attn_implementation).startswith(f"{_PREFIX}{purpose}_")


def heads_of_family(module: nn.Module) -> Heads:
    """The eager attention of the family of a module, which shows its probabilities."""
    eager: Heads | None = getattr(sys.modules[type(module).__module__], "eager_attention_forward", None)
    if eager is None:
        raise AttentionError(f"{type(module).__name__} has no eager attention that shows its probabilities")
    return eager


def heads_named(implementation: str, module: nn.Module) -> Heads:
    """The attention function that a model of this implementation uses in a module."""
    return heads_of_family(module) if implementation == "eager" else ALL_ATTENTION_FUNCTIONS[implementation]


def allowed_pairs(attention_mask: Tensor | None, probabilities: Tensor) -> Tensor:
    """(sentences or 1, 1, positions, positions) bool: true where a query may look, at least once in every row."""
    if attention_mask is None:
        return torch.ones_like(probabilities[:1, :1], dtype=torch.bool)
    # The interface's mask is additive: 0 where a query may look, the lowest number elsewhere.
    allowed = attention_mask if attention_mask.dtype == torch.bool else attention_mask > -1.0
    # Under local attention a query in the padding may have nothing to look at; softmax then looks everywhere.
    return allowed | ~allowed.any(-1, keepdim=True)


class _Counter:
    """Numbers the blocks in the order in which they attend."""

    def __init__(self) -> None:
        self.count = 0

    def reset(self) -> None:
        self.count = 0

    def next(self) -> int:
        self.count += 1
        return self.count - 1


def _free_name(purpose: str) -> str:
    taken = set(ALL_ATTENTION_FUNCTIONS)
    return next(name for number in itertools.count() if (name := f"{_PREFIX}{purpose}_{number}") not in taken)


def _switched(model: Any, name: str) -> bool:
    model.set_attn_implementation(name)
    return bool(model.config._attn_implementation == name)
