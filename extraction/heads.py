"""Some of a model's heads: their attention edited while the others keep theirs, and tables with a row for each head.

A head is (block, head), indices from 0; tables count layers and heads from 1.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from torch import Tensor

from treeprobe.extraction.editing_attention import edit_attention
from treeprobe.extraction.encoder import Encoder

Head = tuple[int, int]
"""Block and head, indices from 0."""

HeadAttention = Callable[[int, list[int], Tensor, int], Tensor]
"""attention(block, heads, mask, sentences) -> what these heads of the block are to attend with.

`mask` is bool (sentences or 1, 1, subwords, subwords), true where a query may attend. What is returned broadcasts to
(sentences, heads, subwords, subwords).
"""


@contextmanager
def edit_heads(encoder: Encoder, attention: HeadAttention, *, heads: Iterable[Head] | None = None) -> Iterator[None]:
    """Within this context, some heads attend as `attention` says, and all others as they did.

    Args:
        encoder: the model.
        attention: called for each block that has such heads, in every forward pass.
        heads: those to edit; all of them where None.

    Raises:
        ValueError: the model has no such head.
        AttentionError: the model's attention cannot be edited.
    """
    chosen = _heads_by_block(encoder, heads)

    def edit(block: int, probabilities: Tensor, mask: Tensor) -> Tensor:
        if not chosen[block]:
            return probabilities
        edited = probabilities.clone()
        edited[:, chosen[block]] = attention(block, chosen[block], mask, len(probabilities)).to(probabilities)
        return edited

    with edit_attention(encoder, edit):
        yield


def head_table(columns: Mapping[str, NDArray]) -> pd.DataFrame:
    """One row per head, layer by layer: layer and head from 1, then a column of each (layers, heads) array."""
    layers, heads = next(iter(columns.values())).shape
    layer, head = np.indices((layers, heads)).reshape(2, -1) + 1
    return pd.DataFrame({"layer": layer, "head": head} | {name: values.ravel() for name, values in columns.items()})


def _heads_by_block(encoder: Encoder, heads: Iterable[Head] | None) -> list[list[int]]:
    """The chosen heads of each block, ascending."""
    chosen = np.zeros((encoder.blocks, encoder.heads), bool)
    for block, head in np.ndindex(*chosen.shape) if heads is None else heads:
        if not (0 <= block < encoder.blocks and 0 <= head < encoder.heads):
            raise ValueError(
                f"there is no head {block + 1}-{head + 1}; {encoder.name} has {encoder.blocks} blocks of "
                f"{encoder.heads} heads"
            )
        chosen[block, head] = True
    return [np.flatnonzero(row).tolist() for row in chosen]
