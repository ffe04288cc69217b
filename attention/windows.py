"""Local attention: a model whose words attend to a window around them alone."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor

from treeprobe.extraction import Encoder, edit_attention
from treeprobe.extraction.places import NO_WORD


@contextmanager
def local_attention(encoder: Encoder, window: int, *, specials: bool = True) -> Iterator[None]:
    """Within this context, every position attends to those at most `window` subwords away, in every block and head.

    Attention outside the window is removed and the rest divided by its sum, which is what a mask of minus infinity
    before the softmax gives. After n blocks a word has seen n · window subwords to each side (Beltagy et al. 2020,
    section 3.1).

    Args:
        encoder: the model.
        window: subwords to each side; 0 leaves each position itself.
        specials: whether special tokens stay in sight of all, and see all, as global attention there.

    Raises:
        ValueError: a window below 0.
        AttentionError: the model's attention cannot be edited.
    """
    if window < 0:
        raise ValueError(f"a window of {window} subwords to each side; expected 0 or more")

    def edit(_block: int, probabilities: Tensor, mask: Tensor) -> Tensor:
        position = torch.arange(probabilities.shape[-1], device=probabilities.device)
        seen = ((position - position[:, None]).abs() <= window)[None, None]
        places = encoder.under_way.places
        if specials and places is not None:
            special = (places.words == NO_WORD).to(probabilities.device)[:, None]
            seen = seen | special[:, :, None, :] | special[:, :, :, None]
        inside = (seen & mask).to(probabilities.dtype)
        kept = probabilities * inside
        total = kept.sum(-1, keepdim=True)
        # A row whose whole attention lay outside the window attends to it uniformly.
        uniform = inside / inside.sum(-1, keepdim=True).clamp(min=1)
        return torch.where(total > 0, kept / total.clamp(min=1e-30), uniform)

    with edit_attention(encoder, edit):
        yield
