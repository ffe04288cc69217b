"""The structural probes of Hewitt & Manning (2019): linear maps whose geometry is the tree's."""

from collections.abc import Iterator, Sequence
from typing import Any, ClassVar, Self

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.utils.validation import check_is_fitted
from torch import Tensor

from probes.artefacts import Arrays, SavedProbe
from probes.batches import Group, ordered_batches, read_batches
from probes.maps import layer_of
from probes.objectives import Loss, depth_loss, distance_loss, squared_distances, squared_norms
from probes.states import States, as_states
from probes.targets import GoldTargets, Kind
from probes.training import fit_all

PREDICTION_BATCH = 64


class LinearProbe(SavedProbe):
    """What the two probes share: a matrix B of shape (rank, dim), found by gradient descent on an L1 loss.

    Parameters:
        layer: which layer's vectors are read; None for vectors given as plain arrays.
        rank: rows of B, the dimension of the probe's space.
        seed: draws B's first values; the order of the sentences is the same for every seed, so that probes trained
            together see the same batches.
        epochs: passes over the data at most; None for 5, or on a small treebank as many as make 300 steps.
        patience: training ends when the validation loss has not fallen for so many epochs; None to train to the end.
            A small one cuts off the fall that only the last, small steps bring.
        batch_size, learning_rate: sentences a step, and Adam's first step size, which falls to zero along a half
            cosine.
        device: where to train, "cpu" or "cuda".

    Attributes after `fit`:
        matrix_: B, float32 (rank, dim). history_: loss on training and validation data after each epoch.
        best_epoch_: the epoch, from 1, whose matrix was kept. identity_: which checkpoint the vectors came from.
    """

    kind: ClassVar[Kind]

    matrix_: NDArray[np.float32]

    def __init__(
        self,
        layer: int | None = None,
        rank: int = 128,
        seed: int = 0,
        *,
        epochs: int | None = None,
        patience: int | None = 10,
        batch_size: int = 32,
        learning_rate: float = 0.0005,
        device: str = "cpu",
    ) -> None:
        self.layer = layer
        self.rank = rank
        self.seed = seed
        self.epochs = epochs
        self.patience = patience
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.device = device

    @staticmethod
    def objective(projected: Tensor, targets: Tensor, group: Group) -> Loss:
        """Loss and gradient at projected words, (probes, sentences, words, rank)."""
        raise NotImplementedError

    @staticmethod
    def read_off(projected: Tensor) -> Tensor:
        """What the probe predicts of projected words, (..., words, rank)."""
        raise NotImplementedError

    @staticmethod
    def columns(targets: Sequence[NDArray[Any]]) -> GoldTargets:
        """One array of gold values a sentence, as the targets of this kind of probe."""
        raise NotImplementedError

    def fit(
        self,
        states: States | Sequence[NDArray[Any]],
        targets: Sequence[NDArray[Any]],
        *,
        validation: tuple[States | Sequence[NDArray[Any]], Sequence[NDArray[Any]]] | None = None,
        progress: bool = False,
    ) -> Self:
        """Train on one array of gold values a sentence; the epoch with the least validation loss is kept.

        Raises ValueError when states and targets do not fit each other, or hold values that are not finite.
        """
        held_out = None if validation is None else (validation[0], self.columns(validation[1]))
        fit_all([self], states, self.columns(targets), validation=held_out, progress=progress)
        return self

    def transform(self, states: States | Sequence[NDArray[Any]]) -> list[NDArray[np.float32]]:
        """The words in the probe's space, one (words, rank) array a sentence."""
        check_is_fitted(self, "matrix_")
        found = {sentence: projected.numpy() for sentence, projected in self._projected(states)}
        return [found[sentence] for sentence in range(len(found))]

    def predict(self, states: States | Sequence[NDArray[Any]]) -> list[NDArray[np.float32]]:
        """What the probe says of each sentence: squared distances (words, words), or squared norms (words,)."""
        check_is_fitted(self, "matrix_")
        found = {sentence: self.read_off(projected).numpy() for sentence, projected in self._projected(states)}
        return [found[sentence] for sentence in range(len(found))]

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

    def _projected(self, states: States | Sequence[NDArray[Any]]) -> Iterator[tuple[int, Tensor]]:
        """Each sentence's number and its words in the probe's space, shortest sentences first."""
        source = as_states(states, layer=self.layer)
        if source.dim != self.matrix_.shape[1]:
            raise ValueError(f"vectors of width {source.dim}; the probe reads vectors of width {self.matrix_.shape[1]}")
        matrix = torch.from_numpy(self.matrix_.T.copy())
        batches = ordered_batches(np.asarray(source.lengths), size=PREDICTION_BATCH)
        for batch in read_batches(source, batches, layers=[layer_of(self, source)], device=torch.device("cpu")):
            sizes = np.asarray(source.lengths)[batch.sentences].tolist()
            yield from zip(batch.sentences.tolist(), (batch.words[0] @ matrix).split(sizes))


class DistanceProbe(LinearProbe):
    """Squared L2 distance of two words under B, ‖B(hᵢ - hⱼ)‖², trained to be their distance in the tree.

    Hewitt & Manning (2019), "A Structural Probe for Finding Syntax in Word Representations", equations 1 and 2.
    """

    kind = "distance"
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

    Hewitt & Manning (2019), section 3.
    """

    kind = "depth"
    objective = staticmethod(depth_loss)
    read_off = staticmethod(squared_norms)

    @staticmethod
    def columns(targets: Sequence[NDArray[Any]]) -> GoldTargets:
        """Gold depths as targets."""
        return GoldTargets(depths=targets)
