"""The structural probes of Hewitt & Manning (2019): linear maps whose geometry is the tree's."""

import os
from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar, Self

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.utils.validation import check_is_fitted
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence

from treeprobe.probes.data import GROUP_SENTENCES, Batch
from treeprobe.probes.estimator import Probe
from treeprobe.probes.linear_learner import LinearLearner
from treeprobe.probes.losses import depth_loss, distance_loss, mean_loss, squared_distances, squared_norms
from treeprobe.probes.migration import read_predictor_params, write_predictor_params
from treeprobe.probes.precision import Precision
from treeprobe.probes.saving import Arrays
from treeprobe.probes.states import Vectors
from treeprobe.probes.targets import GoldTargets
from treeprobe.probes.training import Learner


class LinearProbe(Probe):
    """What the two structural probes share: a matrix B, kept as `matrix_`, (rank, dim). For parameters see `Probe`."""

    learner: ClassVar[type[Learner]] = LinearLearner
    precisions: ClassVar[tuple[Precision, ...]] = ("float32", "bfloat16")

    matrix_: NDArray[np.float32]

    @staticmethod
    def loss(projected: Tensor, gold: Any, batch: Batch, *, rank: int, grad: Tensor | None) -> Tensor:
        """Losses of probes side by side, (layers, probes), their gradient written to `grad`; see `distance_loss`."""
        raise NotImplementedError

    @staticmethod
    def decode(projected: Tensor) -> Tensor:
        """Predictions for projected words, (..., words, rank)."""
        raise NotImplementedError

    def transform(self, states: Vectors) -> list[NDArray[np.float32]]:
        """Project words into the probe's space, one (words, rank) array a sentence."""
        return self._decoded(states, lambda sentences: [words.numpy() for words in sentences])

    def predict(self, states: Vectors) -> list[NDArray[np.float32]]:
        """Squared distances (words, words), or squared norms (words,), of each sentence."""
        return self._decoded(states, self._values)

    def score(self, states: Vectors, targets: Sequence[NDArray[Any]]) -> float:
        """Minus Hewitt & Manning's loss on some sentences: what `fit` minimises, so 0 is best and higher is better.

        scikit-learn's searches compare by it; `treeprobe.parsing.score_distances` and `score_depths` give the scores
        that papers report.

        Raises:
            ValueError: the targets, as in `fit`, do not fit the states.
        """
        return -mean_loss(self.quantities[0], self.predict(states), targets)

    def parameter_count(self, dim: int) -> int:
        """How many numbers are learned on vectors of width `dim`."""
        return dim * self.rank

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

    def keep(self, learned: NDArray[np.float32]) -> None:
        """Take B."""
        self.matrix_ = learned

    def arrays(self) -> Arrays:
        """B, as `matrix`."""
        return {"matrix": self.matrix_}

    def restore(self, arrays: Arrays, record: Mapping[str, Any]) -> None:
        """Take B back."""
        matrix = arrays["matrix"]
        if matrix.ndim != 2 or len(matrix) != self.rank:
            raise ValueError(f"the matrix is {matrix.shape}; expected ({self.rank}, dim)")
        self.matrix_ = matrix.astype(np.float32)

    def _values(self, sentences: Sequence[Tensor]) -> list[NDArray[np.float32]]:
        """Predictions of sentences sorted by length, padded among neighbours: many small operations take longer."""
        found: list[NDArray[np.float32]] = []
        for start in range(0, len(sentences), GROUP_SENTENCES):
            group = sentences[start : start + GROUP_SENTENCES]
            values = self.decode(pad_sequence(list(group), batch_first=True)).numpy()
            found += [each[(slice(len(words)),) * each.ndim].copy() for each, words in zip(values, group)]
        return found

    def _decoded(
        self, states: Vectors, decode: Callable[[Sequence[Tensor]], list[NDArray[np.float32]]]
    ) -> list[NDArray[np.float32]]:
        check_is_fitted(self, "matrix_")
        matrix = torch.from_numpy(self.matrix_.T.copy())
        return self._by_sentence(states, lambda words: words @ matrix, decode, width=len(matrix))


class DistanceProbe(LinearProbe):
    """Squared L2 distance of two words under B, ‖B(hᵢ - hⱼ)‖², trained to be their distance in the tree.

    Fitted on one (words, words) array of gold distances a sentence.

    Hewitt & Manning (2019), "A Structural Probe for Finding Syntax in Word Representations", section 2.1.
    """

    kind = "distance"
    quantities = ("distance",)
    loss = staticmethod(distance_loss)

    @staticmethod
    def as_targets(targets: Sequence[NDArray[Any]]) -> GoldTargets:
        """Gold distances as targets."""
        return GoldTargets(distances=targets)

    @staticmethod
    def decode(projected: Tensor) -> Tensor:
        """Squared distances, relative to the first word: words that are nearly alike keep their digits."""
        return squared_distances(projected - projected[..., :1, :])


class DepthProbe(LinearProbe):
    """Squared L2 norm of a word under B, ‖Bhᵢ‖², trained to be its depth in the tree.

    Fitted on one (words,) array of gold depths a sentence.

    Hewitt & Manning (2019), as above.
    """

    kind = "depth"
    quantities = ("depth",)
    loss = staticmethod(depth_loss)
    decode = staticmethod(squared_norms)

    @staticmethod
    def as_targets(targets: Sequence[NDArray[Any]]) -> GoldTargets:
        """Gold depths as targets."""
        return GoldTargets(depths=targets)
