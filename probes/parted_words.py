"""The matrix products of words whose vectors may have a part that all layers share: that part is multiplied once."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

from torch import Tensor

from treeprobe.probes.data import Batch
from treeprobe.probes.precision import Precision, product
from treeprobe.probes.states import ALONE


@dataclass(frozen=True)
class PartedWords:
    """The words of a batch on some layers.

    Attributes:
        own: each layer's own vectors, (layers, words, dim); where the first of the layers is `ALONE`, without it.
        beside: what stands beside them on every layer, (words, dim); None for most states.
        lacking: how many of the layers have no vectors of their own, 0 or 1.
    """

    own: Tensor
    beside: Tensor | None
    lacking: int

    @classmethod
    def of(cls, batch: Batch, layers: Sequence[int]) -> Self:
        """The words on some layers, in ascending order."""
        lacking = int(layers[0] == ALONE)
        return cls(batch.own(layers[lacking:]), batch.beside, lacking)

    def project(self, maps: Tensor, *, precision: Precision) -> Tensor:
        """The words under each layer's maps, (layers, dim, columns) to (layers, words, columns).

        The shared part is projected by the maps of all layers in one product, and the layers' own are added to it.
        """
        if self.beside is None:
            return product(self.own, maps, precision=precision)
        layers, _, columns = maps.shape
        width = maps.shape[1] - self.beside.shape[1]
        shared = maps[:, width:].transpose(0, 1).flatten(1)
        projected = product(self.beside[None], shared[None], precision=precision)[0]
        placed = projected.unflatten(1, (layers, columns)).transpose(0, 1)
        if len(self.own):
            placed[self.lacking :] += product(self.own, maps[self.lacking :, :width], precision=precision)
        return placed

    def gradient(self, grad: Tensor, *, precision: Precision) -> Tensor:
        """The gradient with respect to the maps, (layers, dim, columns), given that of the projected words."""
        if self.beside is None:
            return product(self.own.mT, grad, precision=precision)
        layers, _, columns = grad.shape
        width = self.own.shape[2]
        found = grad.new_zeros(layers, width + self.beside.shape[1], columns)
        shared = product(self.beside.T[None], grad.transpose(0, 1).flatten(1)[None], precision=precision)[0]
        found[:, width:] = shared.unflatten(1, (layers, columns)).transpose(0, 1)
        if len(self.own):
            found[self.lacking :, :width] = product(self.own.mT, grad[self.lacking :], precision=precision)
        return found
