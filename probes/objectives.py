"""What the two structural probes predict from projected words, their losses, and the losses' gradients.

The gradients are written out, because an L1 loss has a simple one and autograd would keep every intermediate. Probes of
one rank on one layer stand side by side in the columns of `projected` (words, probes · rank).
"""

import torch
from torch import Tensor

from treeprobe.probes.batches import Batch, Group


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


def distance_loss(projected: Tensor, gold: list[Tensor], batch: Batch, *, rank: int, pulls: Tensor | None) -> Tensor:
    """Hewitt & Manning (2019), section 2.1: Σ |d(i, j) - ‖B(hᵢ - hⱼ)‖²| / words², over ordered pairs of a sentence.

    Args:
        projected: the batch's words under each probe, (words, probes · rank).
        gold: tree distances by group, (sentences, words, words), padded.
        pulls: takes the gradient at `projected`, where it is wanted.

    Returns:
        The loss of each probe, summed over sentences, (probes,).
    """
    total = projected.new_zeros(projected.shape[1] // rank)
    for group, distances in zip(batch.groups, gold):
        total += group_distance_loss(projected, distances, group, rank=rank, pulls=pulls)
    return total


def group_distance_loss(projected: Tensor, gold: Tensor, group: Group, *, rank: int, pulls: Tensor | None) -> Tensor:
    """`distance_loss` of one group.

    With g the signs of the errors over words², the gradient at word i is 4 Σⱼ gᵢⱼ (Bhᵢ - Bhⱼ): each pair stands twice
    in the sum, and each time pulls on both of its words. What is computed is -½ times the error, which the Gram matrix
    becomes by three subtractions in place; its diagonal comes out exactly 0.
    """
    sentences, longest = group.mask.shape
    probes = projected.shape[1] // rank
    padded = projected.new_empty(probes, sentences, longest, rank)
    for probe, columns in zip(padded, projected.split(rank, dim=1)):
        torch.index_select(columns, 0, group.index.view(-1), out=probe.view(-1, rank))
    errors = padded @ padded.mT
    halves = errors.diagonal(dim1=-2, dim2=-1) / 2
    errors.sub_(halves[..., :, None]).sub_(halves[..., None, :]).add_(gold, alpha=0.5)
    signs = torch.sign(errors).mul_(group.pair_weights)
    sums = 2 * torch.linalg.vecdot(errors.flatten(1), signs.flatten(1))
    if pulls is not None:
        signs.diagonal(dim1=-2, dim2=-1).sub_(signs.sum(dim=-1))
        gradients = (signs @ padded).view(probes, -1, rank)
        for columns, gradient in zip(pulls.split(rank, dim=1), gradients):
            torch.mul(gradient.index_select(0, group.real), 4, out=columns[group.rows])
    return sums


def depth_loss(projected: Tensor, gold: Tensor, batch: Batch, *, rank: int, pulls: Tensor | None) -> Tensor:
    """Hewitt & Manning (2019): Σ |depth(i) - ‖Bhᵢ‖²| / words, over the words of a sentence.

    As `distance_loss`, but `gold` is one tensor, (words,), packed as the words are.
    """
    placed = projected.unflatten(1, (-1, rank))
    errors = squared_norms(placed) - gold[:, None]
    signs = torch.sign(errors).mul_(batch.word_weights[:, None])
    if pulls is not None:
        torch.mul(placed, 2 * signs[..., None], out=pulls.unflatten(1, (-1, rank)))
    return torch.linalg.vecdot(errors, signs, dim=0)
