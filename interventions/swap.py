"""Swaps: a sentence's words given the states of another sentence of the same length."""

from collections.abc import Mapping
from typing import Any, Self

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.utils.validation import check_is_fitted
from torch import Tensor

from treeprobe.extraction import StateEdit, on_words
from treeprobe.interventions.intervention import Intervention, InterventionError, identity_of
from treeprobe.probes.states import Vectors, as_states


class Swap(Intervention):
    """The states of another sentence with as many words, word by word.

    Partners are drawn by shuffling the sentences of each length and giving each the next one's states, so that no
    sentence has its own. A sentence whose length no other has keeps its states.

    Parameters:
        layer: as in `Intervention`.
        seed: draws the partners.

    Attributes after `fit`:
        partners_: (sentences,) number of the sentence whose states each takes; its own where there is no other.
    """

    kind = "swap"

    partners_: NDArray[np.int64]

    def __init__(self, layer: int | None = None, *, seed: int = 0) -> None:
        super().__init__(layer)
        self.seed = seed

    def fit(self, states: Vectors) -> Self:
        """Draw partners among the sentences."""
        lengths = np.asarray(as_states(states, layer=self.layer).lengths)
        partners, draw = np.arange(len(lengths)), np.random.default_rng(self.seed)
        for length in np.unique(lengths):
            shuffled = draw.permutation(np.flatnonzero(lengths == length))
            partners[shuffled] = np.roll(shuffled, -1)
        self.partners_, self.identity_ = partners, identity_of(states)
        return self

    def apply(self, states: Vectors, sentence: int) -> NDArray[np.float32]:
        """(words, dim) what the words of a sentence are given: its partner's states.

        Args:
            states: of the text that was fitted on, with the intervention's layer.
        """
        check_is_fitted(self, "partners_")
        source = as_states(states, layer=self.layer)
        if len(source.lengths) != len(self.partners_):
            raise InterventionError(
                f"states of {len(source.lengths)} sentences; partners were drawn among {len(self.partners_)}"
            )
        layer = int(source.layers[0]) if self.layer is None else self.layer
        return source.read([int(self.partners_[sentence])], [layer])[0]

    def edit(self, states: Vectors) -> StateEdit:
        """An edit for `edit_states`, which reads the partners' states as they are needed.

        Args:
            states: unedited, of the text that is run under the edit, with the intervention's layer.

        Raises:
            InterventionError: in a forward pass, the states are not of that text.
        """
        check_is_fitted(self, "partners_")

        def swap(layer: int, vectors: Tensor, sentences: Tensor, words: Tensor) -> Tensor:
            self.check_layer(layer)
            taken = vectors.clone()
            for sentence in sentences.unique().tolist():
                if sentence >= len(self.partners_):
                    raise InterventionError(
                        f"sentence {sentence + 1} has no partner; they were drawn among {len(self.partners_)} sentences"
                    )
                if self.partners_[sentence] == sentence:
                    continue
                here, given = sentences == sentence, self.apply(states, sentence)
                if int(words[here].max()) >= len(given):
                    raise InterventionError(
                        f"sentence {sentence + 1} has at least {int(words[here].max()) + 1} words, its partner "
                        f"{len(given)}; expected the text that partners were drawn in"
                    )
                taken[here] = torch.from_numpy(given).to(vectors)[words[here]]
            return taken

        return on_words(swap)

    def arrays(self) -> dict[str, NDArray[Any]]:
        """The partners."""
        return {"partners": self.partners_}

    def restore(self, arrays: Mapping[str, NDArray[Any]]) -> None:
        """Take them back."""
        partners = arrays["partners"]
        if partners.ndim != 1 or not np.array_equal(np.sort(partners), np.arange(len(partners))):
            raise ValueError("partners are no permutation of the sentences")
        self.partners_ = partners
