"""Changing a model's attention probabilities while it runs, through transformers' interface or at its dropouts."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

from torch import Tensor, nn

from treeprobe.extraction.attention_dropout import dropping, has_dropouts
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
_AT_DROPOUTS = "DeBERTa, XLNet, MPNet and BLOOM"

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
        AttentionError: the model has no heads, or shows its probabilities neither to transformers' attention interface
            nor to a dropout (XLM, MPT); in a forward pass, not every block did.
        ValueError: `edit` returned probabilities of another shape.
    """
    _ = encoder.heads  # a model without heads is refused here
    through = goes_through_interface(encoder)
    if not through and not has_dropouts(encoder):
        raise AttentionError(
            f"the attention of {type(encoder.model).__name__} cannot be edited: it goes neither through transformers' "
            f"attention interface, as that of {_EDITABLE} does, nor through a dropout that is known here, as that of "
            f"{_AT_DROPOUTS} does"
        )

    def checked(block: int, probabilities: Tensor, mask: Tensor) -> Tensor:
        changed = edit(block, probabilities, mask)
        if changed.shape != probabilities.shape:
            raise ValueError(
                f"an edit of attention returned shape {tuple(changed.shape)}, expected {tuple(probabilities.shape)}"
            )
        return changed

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
        changed = checked(block, probabilities, allowed_pairs(attention_mask, probabilities))
        # Grouped-query attention: several heads of queries share one of values.
        shared = changed.shape[1] // value.shape[1]
        values = value.repeat_interleave(shared, dim=1) if shared > 1 else value
        return (changed.to(values.dtype) @ values).transpose(1, 2).contiguous(), changed

    with ExitStack() as stack:
        if through:
            stack.enter_context(attending(encoder, attend, purpose=_EDIT, masks="eager"))
        else:
            stack.enter_context(reported_attention(encoder))
            stack.enter_context(dropping(encoder, checked))
        encoder.under_way.attention_edits += 1
        try:
            yield
        finally:
            encoder.under_way.attention_edits -= 1


def edited(encoder: Encoder) -> bool:
    """Whether an edit of the encoder's attention is active."""
    return encoder.under_way.attention_edits > 0 or attends_for(encoder, _EDIT)


@contextmanager
def reported_attention(encoder: Encoder) -> Iterator[None]:
    """Within this context the model can report its attention probabilities; active edits stay active."""
    model = encoder.model
    before = model.config._attn_implementation
    if before != "eager" and not goes_through_interface(encoder):
        raise AttentionError(
            f"{type(model).__name__} attends by {before} and cannot be switched to eager attention, which alone "
            'reports its probabilities: load it with attn_implementation="eager", as Encoder.from_pretrained does'
        )
    if before == "eager" or edited(encoder):
        yield
        return
    model.set_attn_implementation("eager")
    try:
        yield
    finally:
        model.set_attn_implementation(before)
