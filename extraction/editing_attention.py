"""Changing a model's attention probabilities while it runs, through transformers' attention interface."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from torch import Tensor, nn

from treeprobe.extraction.attention_interface import (
    allowed_pairs,
    attending,
    attends_for,
    goes_through_interface,
    heads_of_family,
)
from treeprobe.extraction.checkpoint import AttentionError
from treeprobe.extraction.encoder import Encoder

_EDIT = "edit"
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
    if not goes_through_interface(encoder):
        raise AttentionError(
            f"the attention of {type(encoder.model).__name__} cannot be edited: it does not go through transformers' "
            f"attention interface, as that of {_EDITABLE} does"
        )

    def attend(
        block: int,
        module: nn.Module,
        query: Tensor,
        key: Tensor,
        value: Tensor,
        attention_mask: Tensor | None,
        **options: Any,
    ) -> tuple[Tensor, Tensor]:
        _, probabilities = heads_of_family(module)(module, query, key, value, attention_mask, **options)
        assert probabilities is not None
        changed = edit(block, probabilities, allowed_pairs(attention_mask, probabilities))
        if changed.shape != probabilities.shape:
            raise ValueError(
                f"an edit of attention returned shape {tuple(changed.shape)}, expected {tuple(probabilities.shape)}"
            )
        # Grouped-query attention: several heads of queries share one of values.
        shared = changed.shape[1] // value.shape[1]
        values = value.repeat_interleave(shared, dim=1) if shared > 1 else value
        return (changed.to(values.dtype) @ values).transpose(1, 2).contiguous(), changed

    with attending(encoder, attend, purpose=_EDIT, masks="eager"):
        yield


def edited(encoder: Encoder) -> bool:
    """Whether an edit of the encoder's attention is active."""
    return attends_for(encoder, _EDIT)


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
