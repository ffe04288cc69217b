"""Counterfactual labels: words moved from the mean of their own label to that of another."""

from collections.abc import Mapping, Sequence
from typing import Any, Self

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.utils.validation import check_is_fitted
from torch import Tensor

from treeprobe.extraction import StateEdit, on_words
from treeprobe.interventions.intervention import Intervention, InterventionError, batches_of, identity_of
from treeprobe.probes.states import Vectors

WordLabels = Sequence[Sequence[str]]
"""One label a word, for every sentence."""


class LabelShift(Intervention):
    """Adds to a word's vector the mean of an asked label less the mean of its own.

    What all words of a label share is exchanged, and everything else that a vector holds stays. It is the simplest of
    the edits by which a word's vector is made to look like one of another class (AlterRep: Ravfogel et al. 2021,
    section 3, reflects it across the boundary of a classifier instead).

    Parameters:
        layer: as in `Intervention`.

    Attributes after `fit`:
        classes_: the labels, sorted.
        means_: (labels, dim) mean vector of the words of each.
    """

    kind = "label-shift"

    classes_: list[str]
    means_: NDArray[np.float64]

    def fit(self, states: Vectors, labels: WordLabels) -> Self:
        """Take the mean of every label's words.

        Raises:
            InterventionError: labels and states do not fit each other.
        """
        self.classes_ = sorted({label for sentence in labels for label in sentence})
        column = {name: number for number, name in enumerate(self.classes_)}
        sums, counts = np.zeros(()), np.zeros(len(self.classes_))
        for numbers, words in batches_of(states, self.layer):
            here = np.array([column[label] for number in numbers for label in labels[number]], dtype=np.int64)
            if len(here) != len(words):
                raise InterventionError(
                    f"sentences {numbers[0] + 1} to {numbers[-1] + 1} have {len(words)} words and {len(here)} labels; "
                    "expected as many of each"
                )
            one_hot = np.eye(len(counts))[here]
            sums, counts = sums + one_hot.T @ words.astype(np.float64), counts + one_hot.sum(axis=0)
        if not counts.sum():
            raise InterventionError("no words to fit on")
        self.means_, self.identity_ = sums / counts[:, None], identity_of(states)
        return self

    def shifts(self, own: Sequence[str], asked: Sequence[str]) -> NDArray[np.float64]:
        """What is added to each word, (words, dim); zeros where either label was not seen, or both are one."""
        check_is_fitted(self, "means_")
        column = {name: number for number, name in enumerate(self.classes_)}
        found = np.zeros((len(own), self.means_.shape[1]))
        for place, (one, other) in enumerate(zip(own, asked, strict=True)):
            if one in column and other in column:
                found[place] = self.means_[column[other]] - self.means_[column[one]]
        return found

    def edit(self, own: WordLabels, asked: WordLabels, *, random_directions: int | None = None) -> StateEdit:
        """An edit for `edit_states`.

        Args:
            own, asked: the labels of each sentence of the text, as they are and as they are to look.
            random_directions: a seed: the control, in which every word moves as far in a direction drawn evenly from
                all. The same for a word whatever its batch.

        Raises:
            InterventionError: in a forward pass, a sentence has no labels for one of its words.
        """
        check_is_fitted(self, "means_")

        def shift(layer: int, vectors: Tensor, sentences: Tensor, words: Tensor) -> Tensor:
            self.check_layer(layer)
            moved = vectors.clone()
            for sentence in sentences.unique().tolist():
                here = (sentences == sentence).nonzero()[:, 0]
                place = words[here].cpu().numpy()
                if sentence >= len(own) or place.max() >= len(own[sentence]):
                    raise InterventionError(
                        f"sentence {sentence + 1} has no label for word {place.max() + 1}; expected one for every word"
                    )
                added = self.shifts(own[sentence], asked[sentence])
                if random_directions is not None:
                    added = _as_far(added, seed=(random_directions, sentence))
                moved[here] += torch.from_numpy(added[place]).to(vectors)
            return moved

        return on_words(shift)

    def arrays(self) -> dict[str, NDArray[Any]]:
        """The means, and the labels as bytes of UTF-8 joined by line breaks."""
        return {"means": self.means_, "classes": np.frombuffer("\n".join(self.classes_).encode(), np.uint8)}

    def restore(self, arrays: Mapping[str, NDArray[Any]]) -> None:
        """Take them back."""
        means, classes = arrays["means"], arrays["classes"].tobytes().decode().split("\n")
        if means.ndim != 2 or len(means) != len(classes):
            raise ValueError(f"means of shape {means.shape} for {len(classes)} labels")
        self.means_, self.classes_ = means, classes


def _as_far(vectors: NDArray[np.float64], *, seed: tuple[int, int]) -> NDArray[np.float64]:
    """Vectors of the same lengths, in directions drawn evenly from all."""
    drawn = np.random.default_rng(seed).normal(size=vectors.shape)
    drawn /= np.linalg.norm(drawn, axis=1, keepdims=True)
    return drawn * np.linalg.norm(vectors, axis=1, keepdims=True)
