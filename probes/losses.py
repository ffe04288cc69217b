"""The losses of Hewitt & Manning (2019) over the geometry that a probe predicts.

The gradients for linear maps are written out: that of an L1 loss is simple, and autograd would keep every intermediate.
Linear probes of one rank on a layer stand side by side in the columns of `projected`, (layers, words, probes · rank).
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from treeprobe.probes.data import Batch, Group
from treeprobe.probes.targets import Quantity, checked_values


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


def distance_loss(projected: Tensor, gold: list[Tensor], batch: Batch, *, rank: int, grad: Tensor | None) -> Tensor:
    """Loss of distances: Σ |d(i, j) - ‖B(hᵢ - hⱼ)‖²| / words², over the ordered pairs of a sentence.

    Hewitt & Manning (2019), section 2.1.

    Args:
        projected: the batch's words under each layer's probes, (layers, words, probes · rank).
        gold: tree distances by group, padded, (sentences, words, words) each.
        batch: the batch that they belong to.
        rank: columns of a probe.
        grad: where given, the gradient with respect to `projected` is written to it, in its shape.

    Returns:
        The loss of each probe, summed over sentences, (layers, probes).
    """
    placed, slopes = _by_probe(projected, rank), None if grad is None else _by_probe(grad, rank)
    parts = [_group_distance_loss(placed, one, group, slopes) for group, one in zip(batch.groups, gold)]
    return parts[0] if len(parts) == 1 else torch.stack(parts).sum(dim=0)


def _group_distance_loss(placed: Tensor, gold: Tensor, group: Group, slopes: Tensor | None) -> Tensor:
    """`distance_loss` of one group, given the words and their gradients by probe, (layers, probes, words, rank).

    With g the signs of the errors over words², the gradient at word i is 4 Σⱼ gᵢⱼ (Bhᵢ - Bhⱼ): each pair stands twice
    in the sum, and either term depends on both words. What is computed is -½ times the error, which the Gram matrix
    becomes by three subtractions in place; its diagonal comes out exactly 0.
    """
    padded = placed.index_select(2, group.index.view(-1)).unflatten(2, group.mask.shape)
    errors = padded @ padded.mT
    halves = errors.diagonal(dim1=-2, dim2=-1) / 2
    errors.sub_(halves[..., :, None]).sub_(halves[..., None, :]).add_(gold, alpha=0.5)
    signs = torch.sign(errors).mul_(group.pair_weights)
    sums = 2 * torch.linalg.vecdot(errors.flatten(2), signs.flatten(2))
    if slopes is not None:
        signs.diagonal(dim1=-2, dim2=-1).sub_(signs.sum(dim=-1))
        gradients = (signs @ padded).flatten(2, 3)
        torch.mul(gradients.index_select(2, group.real), 4, out=slopes[:, :, group.rows])
    return sums


def depth_loss(projected: Tensor, gold: Tensor, batch: Batch, *, rank: int, grad: Tensor | None) -> Tensor:
    """Loss of depths: Σ |depth(i) - ‖Bhᵢ‖²| / words, over the words of a sentence.

    Hewitt & Manning (2019). As `distance_loss`, but `gold` is one tensor, (words,), packed as the words are.
    """
    placed = _by_probe(projected, rank)
    errors = squared_norms(placed) - gold
    signs = torch.sign(errors).mul_(batch.word_weights)
    if grad is not None:
        torch.mul(placed, 2 * signs[..., None], out=_by_probe(grad, rank))
    return torch.linalg.vecdot(errors, signs)


def _by_probe(columns: Tensor, rank: int) -> Tensor:
    """A view of (layers, words, probes · rank) as (layers, probes, words, rank)."""
    return columns.unflatten(-1, (-1, rank)).transpose(1, 2)


def absolute_error(predicted: Tensor, gold: Tensor, group: Group) -> Tensor:
    """The same losses of any predictions: Σ |gold - predicted| / words² (pairs) or / words (words), over a group."""
    weights = group.pair_weights if predicted.ndim == 3 else group.word_weights
    return ((predicted - gold).abs() * weights).sum()


def mean_loss(quantity: Quantity, predicted: Sequence[NDArray[Any]], column: Sequence[NDArray[Any]]) -> float:
    """The same losses of finished predictions: the mean over sentences of the mean absolute error of their entries.

    Entries are the ordered pairs of words, each with itself included, or the words.

    Raises:
        ValueError: the gold values do not fit the predictions.
    """
    gold = checked_values(quantity, column, [len(each) for each in predicted])
    return float(np.mean([np.abs(one.ravel() - other).mean() for one, other in zip(predicted, gold)]))
