"""What the families that predict tree distances share: Hewitt & Manning's loss over any geometry."""

from abc import abstractmethod
from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from probes.batches import Batch, Group
from probes.families.gradient import GradientProbe, Parameters
from probes.states import States
from probes.targets import GoldTargets, PackedTargets


class GeometryProbe(GradientProbe):
    """A probe that predicts tree distances by `distances`, fitted on one (words, words) array a sentence."""

    @abstractmethod
    def distances(self, parameters: Parameters, words: Tensor) -> Tensor:
        """Predicted tree distance of every two words: (..., words, dim) to (..., words, words)."""

    def gold(self, targets: Any, states: States) -> PackedTargets:
        """Gold distances, packed."""
        return PackedTargets("distance", GoldTargets(distances=targets), states)

    def batch_gold(self, packed: PackedTargets, batch: Batch) -> list[Tensor]:
        """Padded gold distances by group."""
        return packed.padded(batch)

    def loss(self, parameters: Parameters, words: Tensor, gold: Tensor, group: Group) -> Tensor:
        """Hewitt & Manning (2019), equation 2."""
        return absolute_error(self.distances(parameters, words), gold, group)

    def read_off(self, parameters: Parameters, words: Tensor) -> NDArray[np.float32]:
        """Predicted distances of one sentence, (words, words)."""
        return self.distances(parameters, words).numpy()


def absolute_error(predicted: Tensor, gold: Tensor, group: Group) -> Tensor:
    """Σ |gold - predicted| / words² (pairs) or / words (depths), summed over the sentences of a group."""
    weights = group.pair_weights if predicted.ndim == 3 else group.word_weights
    return ((predicted - gold).abs() * weights).sum()
