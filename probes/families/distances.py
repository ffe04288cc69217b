"""What the families that predict tree distances share: Hewitt & Manning's loss over any geometry."""

from abc import abstractmethod
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from treeprobe.probes.batches import Group
from treeprobe.probes.families.gradient import GradientProbe, GroupGold, Parameters
from treeprobe.probes.probe import Vectors
from treeprobe.probes.targets import GoldTargets, mean_loss


class GeometryProbe(GradientProbe):
    """A probe that predicts tree distances by `distances`, fitted on one (words, words) array a sentence."""

    needs = ("distance",)

    @abstractmethod
    def distances(self, parameters: Parameters, words: Tensor) -> Tensor:
        """Predicted tree distance of every two words: (..., words, dim) to (..., words, words).

        `words` are divided by their typical size, so that most of their numbers deviate by about 1. The gradient must
        be finite where two words are equal: a word is paired with itself, and padding is words of zeros.
        """

    @staticmethod
    def columns(targets: Sequence[NDArray[Any]]) -> GoldTargets:
        """Gold distances as targets."""
        return GoldTargets(distances=targets)

    def loss(self, parameters: Parameters, words: Tensor, gold: GroupGold, group: Group) -> Tensor:
        """Hewitt & Manning's loss (2019, section 2.1), (1,).

        Raises ValueError where `distances` gives another shape than (sentences, words, words).
        """
        predicted = self.distances(parameters, words)
        # Torch would stretch some shapes to fit, and the loss be of something else.
        if predicted.shape != gold["distance"].shape:
            raise ValueError(
                f"{type(self).__name__}.distances: words {tuple(words.shape)} became {tuple(predicted.shape)}; "
                f"expected {tuple(gold['distance'].shape)}, a distance for every two words"
            )
        return absolute_error(predicted, gold["distance"], group)[None]

    def score(self, states: Vectors, targets: Sequence[NDArray[Any]]) -> float:
        """Minus Hewitt & Manning's loss on some sentences, as `DistanceProbe.score`: 0 is best."""
        return -mean_loss("distance", self.predict(states), targets)

    def read_off(self, parameters: Parameters, words: Tensor) -> NDArray[np.float32]:
        """Predicted distances of one sentence, (words, words)."""
        return self.distances(parameters, words).numpy()


def absolute_error(predicted: Tensor, gold: Tensor, group: Group) -> Tensor:
    """Σ |gold - predicted| / words² (pairs) or / words (depths), summed over the sentences of a group."""
    weights = group.pair_weights if predicted.ndim == 3 else group.word_weights
    return ((predicted - gold).abs() * weights).sum()
