"""Where training starts: the scale of a layer's vectors, and random linear maps that suit it."""

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from treeprobe.probes.states import ALONE, States, evenly_spaced, read_apart

SCALE_SENTENCES = 300  # sentences on which the scale of the vectors is estimated
OUTLIER = 3.0  # a dimension that varies more than this many times the median is scaled down to it
TYPICAL_DISTANCE = 4.0  # initial distance of two words, in edges


def layer_scales(states: States, layers: Sequence[int]) -> list[Tensor]:
    """Divisor of each dimension of a layer's vectors, estimated on sentences spread evenly through the data.

    It is the median over dimensions of their standard deviation; a dimension that varies more than `OUTLIER` times as
    much, as a few do in GPT-2, is brought down to that.

    A part of the vectors that all layers share is scaled by itself; a layer without vectors of its own is divided by 1.

    Returns:
        One (dim, 1) tensor a layer.
    """
    own, beside = read_apart(states, evenly_spaced(len(states.lengths), most=SCALE_SENTENCES), layers)
    scales = iter(_scales(own) if len(own) else ())
    if beside is None:
        return list(scales)
    shared, absent = _scales(beside[None])[0], torch.ones(own.shape[2], 1)
    return [torch.cat([absent if layer == ALONE else next(scales), shared]) for layer in layers]


def _scales(words: NDArray[np.float32]) -> Tensor:
    """Divisors of the dimensions of some layers' words, (layers, words, dim) to (layers, dim, 1)."""
    deviations = torch.from_numpy(words).std(dim=1, correction=0)
    typical = deviations.median(dim=1, keepdim=True).values
    # Vectors that hardly ever change still need a divisor that is not zero.
    typical = torch.where(typical > 0, typical, deviations.mean(dim=1, keepdim=True)).clamp_min(1e-12)
    return torch.maximum(typical, deviations / OUTLIER)[..., None]


def initial_map(dim: int, rank: int, *, seed: int) -> Tensor:
    """A random map under which two vectors of unit variance are a typical tree distance apart, (dim, rank)."""
    generator = torch.Generator().manual_seed(seed)
    deviation = (TYPICAL_DISTANCE / (2 * dim * rank)) ** 0.5
    return torch.randn(dim, rank, generator=generator) * deviation
