"""A model's table of position embeddings: reading it, and running the model with another one."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray

from treeprobe.errors import TreeprobeError
from treeprobe.extraction.alignment import Aligner
from treeprobe.extraction.encoder import Encoder
from treeprobe.extraction.text import Text

_NAMES = ("position_embeddings", "wpe")
_FAMILIES = "BERT, RoBERTa, DistilBERT, ELECTRA, ALBERT, GPT-2"


class PositionError(TreeprobeError, ValueError):
    """A model without a table of positions, or a table that does not fit into it."""


def position_embeddings(encoder: Encoder) -> NDArray[np.float64]:
    """The learned position embeddings of a checkpoint, without rows that no position uses.

    Returns:
        (positions, dim).

    Raises:
        PositionError: the model has none; models with rotary or relative positions do not.
    """
    return _used_rows(encoder).detach().double().cpu().numpy()


def positions_used(
    encoder: Encoder, words: Sequence[Sequence[str]], *, space_after: Sequence[Sequence[bool]] | None = None
) -> int:
    """How many positions the longest sentence of a text takes, special tokens counted; at most what the model takes."""
    text = Text.checked(words, space_after)
    aligner = Aligner(encoder.tokenizer)
    subwords = np.diff(aligner(text.words, text.space_after).subword_bounds)
    longest = int(subwords.max(initial=0)) + len(aligner.specials)
    return longest if encoder.max_subwords is None else min(longest, encoder.max_subwords)


@contextmanager
def edit_positions(encoder: Encoder, table: ArrayLike) -> Iterator[None]:
    """Within this context, the model numbers positions by another table; its own is back on leaving, bit by bit.

    It acts on all that runs the encoder, and on encoders with a head that share its modules (`language_model`). Edits
    may be nested: the inner table replaces the outer one.

    Args:
        encoder: the model.
        table: (positions, dim), the shape of `position_embeddings(encoder)`; row i is added at position i.

    Raises:
        PositionError: the model has no table of positions, or `table` has another shape or is not finite.
    """
    rows = _used_rows(encoder)
    found = np.array(table, dtype=np.float64)  # a copy, for views that torch cannot hold
    if found.shape != tuple(rows.shape):
        raise PositionError(
            f"a table of positions of shape {found.shape}; {encoder.name} has (positions, dim) = {tuple(rows.shape)}"
        )
    if not np.isfinite(found).all():
        row = int(np.flatnonzero(~np.isfinite(found).all(1))[0])
        raise PositionError(f"a table of positions with NaN or infinity in row {row}; expected finite numbers")
    before = rows.detach().clone()
    encoder.under_way.edits += 1
    try:
        with torch.no_grad():
            rows.copy_(torch.from_numpy(found))
        yield
    finally:
        with torch.no_grad():
            rows.copy_(before)
        encoder.under_way.edits -= 1


def _used_rows(encoder: Encoder) -> torch.Tensor:
    """(positions, dim) the rows of the table that positions use, a view of the model's own parameter."""
    for name, module in encoder.model.named_modules():
        if name.endswith(_NAMES) and isinstance(module, torch.nn.Embedding):
            # RoBERTa numbers positions from just after its padding index.
            return module.weight[0 if module.padding_idx is None else module.padding_idx + 1 :]
    raise PositionError(
        f"{type(encoder.model).__name__} has no table of learned position embeddings; its positions enter by rotation "
        f"or bias. Supported: models with absolute position embeddings ({_FAMILIES})"
    )
