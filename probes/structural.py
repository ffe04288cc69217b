"""The structural probes of Hewitt & Manning (2019): linear maps whose geometry is the tree's."""

import os
from collections.abc import Sequence
from typing import Any, ClassVar, Self

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.utils.validation import check_is_fitted
from torch import Tensor

from treeprobe.probes.artefacts import Arrays
from treeprobe.probes.batches import Batch
from treeprobe.probes.maps import LayerMaps
from treeprobe.probes.migration import read_predictor_params, write_predictor_params
from treeprobe.probes.objectives import depth_loss, distance_loss, squared_distances, squared_norms
from treeprobe.probes.probe import Probe, Vectors, in_order
from treeprobe.probes.targets import GoldTargets, Kind, mean_loss
from treeprobe.probes.trainable import Learner


class LinearProbe(Probe):
    """What the two probes share: a matrix B of shape (rank, dim), kept as `matrix_`. For the parameters see `Probe`."""

    kind: ClassVar[Kind]
    learner: ClassVar[type[Learner]] = LayerMaps

    matrix_: NDArray[np.float32]

    @staticmethod
    def objective(projected: Tensor, gold: Any, batch: Batch, *, rank: int, pulls: Tensor | None) -> Tensor:
        """Losses of probes of this kind side by side, (probes,); their gradient goes to `pulls`."""
        raise NotImplementedError

    @staticmethod
    def read_off(projected: Tensor) -> Tensor:
        """What the probe predicts of projected words, (..., words, rank)."""
        raise NotImplementedError

    def keep(self, learned: NDArray[np.float32]) -> None:
        """Take B."""
        self.matrix_ = learned

    def transform(self, states: Vectors) -> list[NDArray[np.float32]]:
        """The words in the probe's space, one (words, rank) array a sentence."""
        return in_order({sentence: projected.numpy() for sentence, projected in self._projected(states)})

    def predict(self, states: Vectors) -> list[NDArray[np.float32]]:
        """What the probe says of each sentence: squared distances (words, words), or squared norms (words,)."""
        return in_order({sentence: self.read_off(each).numpy() for sentence, each in self._projected(states)})

    def score(self, states: Vectors, targets: Sequence[NDArray[Any]]) -> float:
        """Minus Hewitt & Manning's loss on some sentences: what `fit` minimises, so 0 is best and higher is better.

        It is what scikit-learn's searches compare by; `parsing.score_distances` and `parsing.score_depths` give the
        scores that papers report. Raises ValueError where the targets, as in `fit`, do not fit the states.
        """
        return -mean_loss(self.kind, self.predict(states), targets)

    @classmethod
    def from_predictor_params(cls, path: str | os.PathLike[str], *, layer: int | None = None) -> Self:
        """A probe trained by the scripts of Hewitt & Manning (2019), from its `predictor.params`.

        The file says neither what the probe predicts nor which vectors it reads: choose the class and the layer as it
        was trained. Its training is unknown, so `history_` and `identity_` are empty and `best_epoch_` is 0.

        Args:
            path: the file; no code in it is run.
            layer: layer that the probe reads; None for vectors given as plain arrays. The scripts leave the embedding
                output out, so their layer index i is layer i + 1.

        Raises:
            ProbeError: the file cannot be read, or holds anything but a matrix `proj`.
        """
        matrix = np.ascontiguousarray(read_predictor_params(path).T)
        probe = cls(layer, rank=len(matrix))
        probe.matrix_, probe.best_epoch_, probe.history_, probe.identity_ = matrix, 0, [], {}
        return probe

    def to_predictor_params(self, path: str | os.PathLike[str]) -> None:
        """Write B as the scripts of 2019 read it: a PyTorch file of one matrix `proj`, (dim, rank)."""
        check_is_fitted(self, "matrix_")
        write_predictor_params(self.matrix_.T, path)

    @classmethod
    def parameter_count(cls, dim: int, rank: int) -> int:
        """How many numbers are learned on vectors of width `dim`."""
        return dim * rank

    def _arrays(self) -> Arrays:
        return {"matrix": self.matrix_}

    def _restore(self, arrays: Arrays) -> None:
        matrix = arrays["matrix"]
        if matrix.ndim != 2 or len(matrix) != self.rank:
            raise ValueError(f"the matrix is {matrix.shape}; expected ({self.rank}, dim)")
        self.matrix_ = matrix.astype(np.float32)

    def _projected(self, states: Vectors) -> Any:
        check_is_fitted(self, "matrix_")
        matrix = torch.from_numpy(self.matrix_.T.copy())
        return self._sentences(states, lambda words: words @ matrix, width=len(matrix))


class DistanceProbe(LinearProbe):
    """Squared L2 distance of two words under B, ‖B(hᵢ - hⱼ)‖², trained to be their distance in the tree.

    Hewitt & Manning (2019), "A Structural Probe for Finding Syntax in Word Representations", section 2.1.
    """

    kind = "distance"
    needs = ("distance",)
    objective = staticmethod(distance_loss)

    @staticmethod
    def read_off(projected: Tensor) -> Tensor:
        """Squared distances, seen from the first word: their digits are kept where all words are nearly alike."""
        return squared_distances(projected - projected[..., :1, :])

    @staticmethod
    def columns(targets: Sequence[NDArray[Any]]) -> GoldTargets:
        """Gold distances as targets."""
        return GoldTargets(distances=targets)


class DepthProbe(LinearProbe):
    """Squared L2 norm of a word under B, ‖Bhᵢ‖², trained to be its depth in the tree.

    Hewitt & Manning (2019).
    """

    kind = "depth"
    needs = ("depth",)
    objective = staticmethod(depth_loss)
    read_off = staticmethod(squared_norms)

    @staticmethod
    def columns(targets: Sequence[NDArray[Any]]) -> GoldTargets:
        """Gold depths as targets."""
        return GoldTargets(depths=targets)
