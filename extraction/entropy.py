"""Entropy of attention."""

import torch
from torch import Tensor


def entropies(attention: Tensor) -> Tensor:
    """Entropy of each row of probabilities in nats, (..., queries) of (..., queries, keys).

    `torch.special.entr` would take the logarithms one number after the other on a CPU.
    """
    logarithms = attention.clamp_min(torch.finfo(attention.dtype).tiny).log_()
    return logarithms.mul_(attention).sum(-1).neg_()
