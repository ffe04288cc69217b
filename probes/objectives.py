"""What the two structural probes predict from projected words, their losses, and the losses' gradients.

Projected words come as (probes, sentences, words, rank), padded with zeros; targets and masks have no axis of probes.
The gradients are written out, because an L1 loss has a simple one and autograd would keep every intermediate.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from probes.batches import Group


@dataclass(frozen=True)
class Loss:
    """Sums over sentences for each probe, (probes,), and the gradient with respect to the projected words."""

    sums: Tensor
    gradient: Tensor


def squared_distances(projected: Tensor) -> Tensor:
    """Squared L2 distance of every two words, (..., words, words), from the Gram matrix; never below 0."""
    gram = projected @ projected.mT
    norms = gram.diagonal(dim1=-2, dim2=-1)
    distances = norms[..., :, None] + norms[..., None, :] - 2 * gram
    distances.diagonal(dim1=-2, dim2=-1).zero_()
    return distances.clamp_(min=0)


def squared_norms(projected: Tensor) -> Tensor:
    """Squared L2 norm of every word, (..., words)."""
    return projected.square().sum(dim=-1)


def distance_loss(projected: Tensor, targets: Tensor, group: Group) -> Loss:
    """Hewitt & Manning (2019), equation 2: Σ |d(i, j) - ‖B(hᵢ - hⱼ)‖²| / words², over ordered pairs of a sentence.

    With g the signs of the errors divided by words², the gradient at word i is 4 Σⱼ gᵢⱼ (Bhᵢ - Bhⱼ): each pair stands
    twice in the sum, and each time pulls on both of its words.
    """
    errors = squared_distances(projected) - targets
    weights = (group.mask[:, :, None] * group.mask[:, None, :]) / group.lengths[:, None, None].square()
    signs = torch.sign(errors).mul_(weights)
    sums = errors.abs_().mul_(weights).sum(dim=(1, 2, 3))
    pulls = signs.sum(dim=-1, keepdim=True) * projected - signs @ projected
    return Loss(sums, pulls.mul_(4))


def depth_loss(projected: Tensor, targets: Tensor, group: Group) -> Loss:
    """Hewitt & Manning (2019), section 3: Σ |depth(i) - ‖Bhᵢ‖²| / words, over the words of a sentence."""
    errors = squared_norms(projected) - targets
    weights = group.mask / group.lengths[:, None]
    sums = (errors.abs() * weights).sum(dim=(1, 2))
    return Loss(sums, (2 * torch.sign(errors) * weights)[..., None] * projected)
