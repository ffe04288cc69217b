"""What the families that predict tree distances share: Hewitt & Manning's loss over any geometry."""

from abc import abstractmethod
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from treeprobe.probes.data import Group, GroupGold
from treeprobe.probes.families.gradient import GradientProbe, Parameters
from treeprobe.probes.losses import absolute_error, mean_loss
from treeprobe.probes.states import Vectors
from treeprobe.probes.targets import GoldTargets


class GeometryProbe(GradientProbe):
    """A probe that predicts tree distances by `distances`, fitted on one (words, words) array a sentence."""

    quantities = ("distance",)

    @abstractmethod
    def distances(self, parameters: Parameters, words: Tensor) -> Tensor:
        """Predicted tree distance of every two words: (..., words, dim) to (..., words, words).

        `words` are divided by their scale, so that most dimensions have a deviation of about 1. The gradient must be
        finite where two words are equal: a word is paired with itself, and padding is words of zeros.
        """

    @staticmethod
    def as_targets(targets: Sequence[NDArray[Any]]) -> GoldTargets:
        """Gold distances as targets."""
        return GoldTargets(distances=targets)

    def loss(self, parameters: Parameters, words: Tensor, gold: GroupGold, group: Group) -> Tensor:
        """Hewitt & Manning's loss (2019, section 2.1), (1,).

        Raises:
            ValueError: `distances` gives another shape than (sentences, words, words).
        """
        predicted = self.distances(parameters, words)
        # Torch would broadcast some shapes, and the loss be of something else.
        if predicted.shape != gold["distance"].shape:
            raise ValueError(
                f"{type(self).__name__}.distances: words {tuple(words.shape)} became {tuple(predicted.shape)}; "
                f"expected {tuple(gold['distance'].shape)}, a distance for every two words"
            )
        return absolute_error(predicted, gold["distance"], group)[None]

    def decode(self, parameters: Parameters, words: Tensor) -> NDArray[np.float32]:
        """Predicted distances of one sentence, (words, words)."""
        return self.distances(parameters, words).numpy()

    def score(self, states: Vectors, targets: Sequence[NDArray[Any]]) -> float:
        """Minus Hewitt & Manning's loss on some sentences, as `DistanceProbe.score`: 0 is best."""
        return -mean_loss("distance", self.predict(states), targets)
