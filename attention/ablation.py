"""What a model loses without a head: any measurement with heads ablated in the running model."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Literal

import pandas as pd
import torch
from torch import Tensor
from tqdm import tqdm

from treeprobe.extraction import Encoder
from treeprobe.extraction.heads import Head, edit_heads

Ablation = Literal["zero", "uniform"]
"""What an ablated head does: output nothing, or attend uniformly (which keeps the mean of its values)."""


@contextmanager
def ablated_heads(encoder: Encoder, heads: Iterable[Head], *, ablation: Ablation = "zero") -> Iterator[None]:
    """Within this context some heads are ablated; the model is whole again on leaving.

    Args:
        encoder: the model.
        heads: (block, head), from 0.
        ablation: what the heads do instead.

    Raises:
        ValueError: there is no such head, or no such ablation.
        AttentionError: the model's attention cannot be edited.
    """
    if ablation not in ("zero", "uniform"):
        raise ValueError(f"ablation must be 'zero' or 'uniform', found {ablation!r}")

    def attention(_block: int, _heads: list[int], mask: Tensor, _sentences: int) -> Tensor:
        return mask / mask.sum(-1, keepdim=True) if ablation == "uniform" else torch.zeros(1, device=mask.device)

    with edit_heads(encoder, attention, heads=heads):
        yield


def ablation_effects(
    encoder: Encoder,
    measure: Callable[[], float],
    *,
    heads: Sequence[Head] | None = None,
    ablation: Ablation = "zero",
    progress: bool = False,
) -> pd.DataFrame:
    """A measurement without each head, one at a time.

    Args:
        encoder: the model.
        measure: anything that runs the encoder: `lambda: masked_lm_loss(encoder, words)`, or a probe's UUAS on newly
            extracted states.
        heads: (block, head), from 0; all of them where None.
        ablation: what the heads do instead.
        progress: whether to show a progress bar.

    Returns:
        One row per head: layer and head from 1, value, and its difference from the whole model's.
    """
    if heads is None:
        heads = [(block, head) for block in range(encoder.blocks) for head in range(encoder.heads)]
    whole = measure()
    rows = []
    for block, head in tqdm(heads, desc="heads ablated", disable=not progress):
        with ablated_heads(encoder, [(block, head)], ablation=ablation):
            value = measure()
        rows.append((block + 1, head + 1, value, value - whole))
    return pd.DataFrame(rows, columns=["layer", "head", "value", "difference"])
