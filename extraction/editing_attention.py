"""Changing a model's attention probabilities while it runs, through transformers' attention interface."""

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

_PREFIX = "treeprobe_edit_"
_EDITABLE = "BERT, RoBERTa, DistilBERT, ELECTRA, ALBERT, ModernBERT, GPT-2, Llama and T5"
"""Families whose attention the tests edit; others that go through the interface work too."""

AttentionEdit = Callable[[int, Tensor, Tensor], Tensor]
"""edit(block, probabilities, mask) -> probabilities.

`block` is 0-based; `probabilities` (sentences, heads, subwords, subwords), rows are queries; `mask` bool
(sentences or 1, 1, subwords, subwords), true where a query may look, at least once in every row. What it returns
replaces the probabilities.
"""


@contextmanager
def edit_attention(encoder: Encoder, edit: AttentionEdit) -> Iterator[None]:
    """Within this context, every block of the encoder attends with the probabilities that `edit` returns.

    The probabilities come from the model family's own eager attention, after its softmax, so scaling, position
    biases and masks are the model's. Attention read meanwhile (`stream_attention`,
    `output_attentions=True`) is the edited one. The model is switched back on leaving, whatever happens. Of two
    nested edits of one encoder, only the inner one acts.

    Raises:
        AttentionError: the model does not go through transformers' attention interface (DeBERTa, XLNet).
        ValueError: `edit` returned probabilities of another shape.
    """
    model = encoder.model
    name = _free_name()
    before = model.config._attn_implementation
    counter = _Counter()

    def attend(
        module: nn.Module, query: Tensor, key: Tensor, value: Tensor, attention_mask: Tensor | None, **options: Any
    ) -> tuple[Tensor, Tensor]:
        eager = _eager_attention(module)
        _, probabilities = eager(module, query, key, value, attention_mask, **options)
        changed = edit(counter.next(), probabilities, _allowed(attention_mask, probabilities))
        if changed.shape != probabilities.shape:
            raise ValueError(
                f"an edit of attention returned shape {tuple(changed.shape)}, expected {tuple(probabilities.shape)}"
            )
        # Grouped-query attention: several heads of queries share one of values.
        shared = changed.shape[1] // value.shape[1]
        values = value.repeat_interleave(shared, dim=1) if shared > 1 else value
        return (changed.to(values.dtype) @ values).transpose(1, 2).contiguous(), changed

    ALL_ATTENTION_FUNCTIONS[name] = attend
    # Models make masks only for names that are registered for good, so names are few and used again.
    AttentionMaskInterface.register(name, ALL_MASK_ATTENTION_FUNCTIONS["eager"])
    hook = model.register_forward_pre_hook(lambda *_: counter.reset())
    try:
        if not _switched(model, name):
            raise AttentionError(
                f"the attention of {type(model).__name__} cannot be edited: it does not go through transformers' "
                f"attention interface, as that of {_EDITABLE} does"
            )
        yield
    finally:
        hook.remove()
        model.set_attn_implementation(before)
        del ALL_ATTENTION_FUNCTIONS[name]


def edited(encoder: Encoder) -> bool:
    """Whether an edit of the encoder's attention is active."""
    return str(encoder.model.config._attn_implementation).startswith(_PREFIX)


@contextmanager
def reported_attention(encoder: Encoder) -> Iterator[None]:
    """Within this context the model can report its attention probabilities; active edits stay active."""
    model = encoder.model
    before = model.config._attn_implementation
    if before == "eager" or edited(encoder):
        yield
        return
    model.set_attn_implementation("eager")
    try:
        yield
    finally:
        model.set_attn_implementation(before)


class _Counter:
    """Numbers the blocks in the order in which they attend; blocks that share their weights are told apart."""

    def __init__(self) -> None:
        self._next = 0

    def reset(self) -> None:
        self._next = 0

    def next(self) -> int:
        self._next += 1
        return self._next - 1


def _free_name() -> str:
    taken = set(ALL_ATTENTION_FUNCTIONS)
    return next(name for number in itertools.count() if (name := f"{_PREFIX}{number}") not in taken)


def _switched(model: Any, name: str) -> bool:
    if not model._can_set_attn_implementation():
        return False
    model.set_attn_implementation(name)
    return bool(model.config._attn_implementation == name)


def _eager_attention(module: nn.Module) -> Callable[..., tuple[Tensor, Tensor]]:
    family = sys.modules[type(module).__module__]
    eager: Callable[..., tuple[Tensor, Tensor]] | None = getattr(family, "eager_attention_forward", None)
    if eager is None:
        raise AttentionError(f"{type(module).__name__} has no eager attention whose probabilities could be edited")
    return eager


def _allowed(attention_mask: Tensor | None, probabilities: Tensor) -> Tensor:
    if attention_mask is None:
        return torch.ones_like(probabilities[:1, :1], dtype=torch.bool)
    # The interface's mask is additive: 0 where a query may look, the lowest number elsewhere.
    allowed = attention_mask if attention_mask.dtype == torch.bool else attention_mask > -1.0
    # Under local attention a query in the padding may have nothing to look at; softmax then looks everywhere.
    return allowed | ~allowed.any(-1, keepdim=True)
