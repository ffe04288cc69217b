"""What is lost without a head: any measurement with heads cut out of the running model."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Literal

import pandas as pd
from torch import Tensor
from tqdm import tqdm

from treeprobe.extraction import Encoder, edit_attention

Cut = Literal["zero", "uniform"]
"""What a cut head does: nothing at all, or look everywhere alike (which keeps the mean of its values)."""


@contextmanager
def ablated_heads(encoder: Encoder, heads: Iterable[tuple[int, int]], *, cut: Cut = "zero") -> Iterator[None]:
    """Within this context, heads (block, head), both from 0, are cut; the model is whole again on leaving.

    Raises:
        ValueError: there is no such head, or the model's attention cannot be edited.
    """
    by_block: dict[int, list[int]] = {}
    for block, head in heads:
        if not (0 <= block < encoder.blocks and 0 <= head < encoder.heads):
            raise ValueError(
                f"there is no head {block + 1}-{head + 1}; {encoder.name} has {encoder.blocks} blocks of "
                f"{encoder.heads} heads"
            )
        by_block.setdefault(block, []).append(head)
    if cut not in ("zero", "uniform"):
        raise ValueError(f"cut must be 'zero' or 'uniform', found {cut!r}")

    def edit(block: int, weights: Tensor, mask: Tensor) -> Tensor:
        if block not in by_block:
            return weights
        edited = weights.clone()
        even = mask / mask.sum(-1, keepdim=True)
        edited[:, by_block[block]] = 0.0 if cut == "zero" else even.to(weights.dtype)
        return edited

    with edit_attention(encoder, edit):
        yield


def ablation_effects(
    encoder: Encoder,
    measure: Callable[[], float],
    *,
    heads: Sequence[tuple[int, int]] | None = None,
    cut: Cut = "zero",
    progress: bool = False,
) -> pd.DataFrame:
    """A measurement without each head, one at a time: layer and head from 1, value, difference to the whole model.

    Args:
        measure: anything that runs the encoder: `lambda: masked_lm_loss(encoder, words)`, or a probe's UUAS on states
            extracted anew.
        heads: (block, head) from 0; all of them where None.
    """
    if heads is None:
        heads = [(block, head) for block in range(encoder.blocks) for head in range(encoder.heads)]
    whole = measure()
    rows = []
    for block, head in tqdm(heads, desc="heads cut", disable=not progress):
        with ablated_heads(encoder, [(block, head)], cut=cut):
            value = measure()
        rows.append((block + 1, head + 1, value, value - whole))
    return pd.DataFrame(rows, columns=["layer", "head", "value", "difference"])
