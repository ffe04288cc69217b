"""Erasure: affine maps of word vectors after which something cannot be read from them linearly."""

from collections.abc import Mapping, Sequence
from typing import Any, Self

import numpy as np
import torch
from concept_erasure import LeaceFitter
from numpy.typing import NDArray
from sklearn.utils.validation import check_is_fitted
from torch import Tensor

from treeprobe.extraction import Places, StateEdit
from treeprobe.interventions.intervention import Intervention, InterventionError, batches_of, identity_of
from treeprobe.probes.states import Vectors
from treeprobe.probes.structural import LinearProbe

ROUNDING = 1e-12
"""Share of the largest variance below which a direction's is taken for rounding: the square of ten times float32's."""

Labels = Sequence[Sequence[str]] | Sequence[NDArray[np.floating[Any]]]
"""One entry a sentence: a label a word, or a (words, features) array of numbers."""


class AffineEraser(Intervention):
    """x - L R (x - m): what all erasers are once fitted.

    Attributes after `fit`:
        left_: L, (dim, rank).
        right_: R, (rank, dim).
        mean_: m, (dim,), which stays where it is.
    """

    left_: NDArray[np.float64]
    right_: NDArray[np.float64]
    mean_: NDArray[np.float64]

    @property
    def rank_(self) -> int:
        """How many dimensions are changed."""
        return int(self.left_.shape[1])

    def apply(self, vectors: Tensor | NDArray[Any]) -> Any:
        """The vectors with what was fitted erased, (..., dim), in the same number format.

        Raises:
            InterventionError: they are of another width.
        """
        check_is_fitted(self, "left_")
        if vectors.shape[-1] != len(self.mean_):
            raise InterventionError(f"vectors of width {vectors.shape[-1]}; the eraser is of width {len(self.mean_)}")
        if not isinstance(vectors, Tensor):
            return self.apply(torch.from_numpy(np.asarray(vectors))).numpy()
        # Half precision would lose what is left of a class's mean; a product of float32 keeps it.
        wide = vectors if vectors.dtype == torch.float64 else vectors.float()
        left, right, mean = (torch.from_numpy(one).to(wide) for one in (self.left_, self.right_, self.mean_))
        return (wide - (wide - mean) @ right.T @ left.T).to(vectors.dtype)

    def edit(self) -> StateEdit:
        """An edit for `edit_states`: every subword on its own, so that the mean of a word's subwords is erased too."""
        check_is_fitted(self, "left_")

        def erase(layer: int, states: Tensor, _places: Places) -> Tensor:
            self.check_layer(layer)
            return self.apply(states)

        return erase

    def removed_variance(self, covariance: NDArray[np.float64]) -> float:
        """E‖x - x′‖² for vectors of a covariance matrix: what is taken from the sum of its diagonal at most."""
        change = self.left_ @ self.right_
        return float(np.trace(change @ covariance @ change.T))

    def arrays(self) -> dict[str, NDArray[Any]]:
        """L, R and m."""
        return {"left": self.left_, "right": self.right_, "mean": self.mean_}

    def restore(self, arrays: Mapping[str, NDArray[Any]]) -> None:
        """Take them back."""
        left, right, mean = arrays["left"], arrays["right"], arrays["mean"]
        if left.ndim != 2 or right.shape != left.shape[::-1] or mean.shape != left.shape[:1]:
            raise ValueError(f"maps of shapes {left.shape}, {right.shape} and {mean.shape} do not fit each other")
        self.left_, self.right_, self.mean_ = left, right, mean


class Eraser(AffineEraser):
    """LEACE: the least change of the vectors after which no linear classifier tells the labels (Belrose et al. 2023).

    After it, the mean vector of every class is the mean of all words, on the words that it was fitted on; by their
    section 3 no linear classifier with a convex loss does better than one that knows only how frequent the labels
    are. Among all affine maps with that guarantee it moves the vectors least in mean square (section 4). It says
    nothing about what can be read otherwise than linearly, nor about words of other texts.

    Computed by the package `concept-erasure` in float64, without shrinkage of the covariance, so that the guarantee
    holds on the sample, and with all singular values above rounding kept, so that rare labels are erased too.

    Parameters:
        layer: as in `Intervention`.
        tolerance: singular values of the whitened cross-covariance below it count as zero.

    Attributes after `fit`, beside those of `AffineEraser`:
        classes_: the labels; those of the columns where these were numbers are their positions.
    """

    kind = "leace"

    classes_: list[str]

    def __init__(self, layer: int | None = None, *, tolerance: float = 1e-8) -> None:
        super().__init__(layer)
        self.tolerance = tolerance

    def fit(self, states: Vectors, labels: Labels) -> Self:
        """Read states batch by batch; memory does not grow with the text.

        Args:
            states: vectors of the sentences.
            labels: a label for each of their words, or a row of numbers (see `Labels`).

        Raises:
            InterventionError: labels and states do not fit each other, or there are fewer than two words.
        """
        self.classes_ = _classes(labels)
        column = {name: number for number, name in enumerate(self.classes_)}
        fitter: LeaceFitter | None = None
        for numbers, words in batches_of(states, self.layer):
            features = np.concatenate([_features(labels[number], column) for number in numbers])
            if len(features) != len(words):
                raise InterventionError(
                    f"sentences {numbers[0] + 1} to {numbers[-1] + 1} have {len(words)} words and {len(features)} "
                    "labels; expected as many of each"
                )
            if fitter is None:
                fitter = LeaceFitter(
                    words.shape[1],
                    features.shape[1],
                    dtype=torch.float64,
                    shrinkage=False,
                    constrain_cov_trace=False,  # without shrinkage, LEACE never adds variance
                    svd_tol=self.tolerance,
                )
            fitter.update(torch.from_numpy(words).double(), torch.from_numpy(features))
        if fitter is None or int(fitter.n) < 2:
            raise InterventionError("fewer than two words to fit on")
        assert fitter.sigma_xx_ is not None
        fitter.sigma_xx_ = without_rounding(fitter.sigma_xx_)
        eraser = fitter.eraser
        kept = eraser.proj_right.abs().sum(1) > 0
        self.left_, self.right_ = eraser.proj_left[:, kept].numpy(), eraser.proj_right[kept].numpy()
        self.mean_ = fitter.mean_x.numpy()
        self.identity_ = identity_of(states)
        return self

    def arrays(self) -> dict[str, NDArray[Any]]:
        """L, R, m, and the labels as bytes of UTF-8 joined by line breaks."""
        return super().arrays() | {"classes": np.frombuffer("\n".join(self.classes_).encode(), np.uint8)}

    def restore(self, arrays: Mapping[str, NDArray[Any]]) -> None:
        """Take them back."""
        super().restore(arrays)
        self.classes_ = arrays["classes"].tobytes().decode().split("\n")


class ProbeEraser(AffineEraser):
    """Orthogonal removal of everything that linear probes read: the row space of their matrices.

    After it every distance that they predict is 0, on any text. It is the erasure of one set of probes, not of what
    they were trained on: another probe may find the same in other directions (Ravfogel et al. 2020 repeat it for that
    reason), and everything else that these directions carry goes too.
    """

    kind = "probe-erasure"

    def fit(self, probes: Sequence[LinearProbe], states: Vectors | None = None) -> Self:
        """Take the row space of the probes; with `states`, their mean stays where it is, else the origin does.

        Raises:
            InterventionError: there are no probes, or they read vectors of different widths.
        """
        matrices = [probe.matrix_.astype(np.float64) for probe in probes]
        if not matrices or len({matrix.shape[1] for matrix in matrices}) != 1:
            raise InterventionError(f"probes of matrices {[one.shape for one in matrices]}; expected some of one width")
        basis = row_space(np.concatenate(matrices))
        self.left_, self.right_ = basis.T.copy(), basis
        self.mean_ = np.zeros(basis.shape[1]) if states is None else mean_and_covariance(states, self.layer)[0]
        self.identity_ = probes[0].identity_
        return self


def without_rounding(covariance: Tensor) -> Tensor:
    """A covariance matrix without the directions in which vectors of float32 vary by rounding alone.

    The output of a LayerNorm lies in a plane, up to rounding. Whitening would make that rounding a direction as good as
    any, and erasure would depend on it.
    """
    values, basis = torch.linalg.eigh(covariance)
    return (basis * values.where(values > ROUNDING * values[-1], 0.0)) @ basis.T


def row_space(matrix: NDArray[np.float64]) -> NDArray[np.float64]:
    """Orthonormal rows with the same span as a matrix's rows, (rank, dim)."""
    _, values, rows = np.linalg.svd(matrix, full_matrices=False)
    return rows[values > values.max(initial=0) * 1e-7].copy()


def mean_and_covariance(states: Vectors, layer: int | None) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Mean (dim,) and covariance (dim, dim) of all words, read batch by batch."""
    count, total, products = 0, np.zeros(1), np.zeros(1)
    shift: NDArray[np.float64] | None = None
    for _, words in batches_of(states, layer):
        wide = words.astype(np.float64)
        # Relative to some word near the mean, or the products would swallow small variances.
        shift = wide.mean(0) if shift is None else shift
        wide -= shift
        count, total, products = count + len(wide), total + wide.sum(0), products + wide.T @ wide
    if shift is None:
        raise InterventionError("no words to fit on")
    mean = total / count
    return mean + shift, products / count - np.outer(mean, mean)


def _classes(labels: Labels) -> list[str]:
    """The distinct labels, sorted; the numbers of the columns where labels are numbers."""
    if not len(labels):
        raise InterventionError("no labels to fit on")
    if isinstance(labels[0], np.ndarray) and labels[0].dtype.kind == "f":
        return [str(number) for number in range(labels[0].shape[1])]
    return sorted({str(label) for sentence in labels for label in sentence})


def _features(labels: Any, column: Mapping[str, int]) -> NDArray[np.float64]:
    """(words, features) the labels of a sentence as numbers: one-hot where they are names."""
    if isinstance(labels, np.ndarray) and labels.dtype.kind == "f":
        return labels.astype(np.float64)
    features = np.zeros((len(labels), len(column)))
    features[np.arange(len(labels)), [column[str(label)] for label in labels]] = 1.0
    return features
