"""What all interventions share: the layer they belong to, and how they are saved."""

import os
from abc import abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_is_fitted

from treeprobe.errors import TreeprobeError
from treeprobe.probes.saving import SavedForm, read_arrays, read_sealed, write_saved
from treeprobe.probes.states import Vectors, as_states

BATCH = 256
"""Sentences that are read at once."""


class InterventionError(TreeprobeError, ValueError):
    """An intervention that cannot be made, or a folder that does not hold the one that was asked for."""


SAVED = SavedForm("intervention", InterventionError, "fit it again, or copy its folder again from where it is whole")


class Intervention(BaseEstimator):
    """A change of the states of words of one layer.

    Parameters:
        layer: the layer of the states that it is fitted on and may be applied to; None for vectors given as arrays.

    Attributes after `fit`:
        identity_: record of the checkpoint and settings that the vectors came from; {} for plain arrays.
    """

    kind: ClassVar[str]

    identity_: dict[str, Any]

    def __init__(self, layer: int | None = None) -> None:
        self.layer = layer

    @abstractmethod
    def arrays(self) -> dict[str, NDArray[Any]]:
        """What was fitted, by name, as `save_pretrained` writes it."""

    @abstractmethod
    def restore(self, arrays: Mapping[str, NDArray[Any]]) -> None:
        """Take back what `arrays` gave. Raises KeyError or ValueError where it does not fit."""

    def check_layer(self, layer: int) -> None:
        """Raises InterventionError where a layer other than the intervention's own is to be edited."""
        if self.layer is not None and layer != self.layer:
            raise InterventionError(f"an intervention fitted on layer {self.layer} was applied to layer {layer}")

    def save_pretrained(self, folder: str | os.PathLike[str]) -> None:
        """Write `intervention.safetensors` and a readable `intervention.json`, each whole or not at all."""
        check_is_fitted(self, "identity_")
        record = {"kind": self.kind, "parameters": self.get_params(), "identity": self.identity_}
        write_saved(Path(folder), self.arrays(), record, SAVED)

    @classmethod
    def from_pretrained(cls, folder: str | os.PathLike[str]) -> Self:
        """Read what `save_pretrained` wrote, bit by bit.

        Raises:
            InterventionError: the folder holds no intervention of this kind, or a damaged one.
        """
        place = Path(folder)
        record = read_sealed(place, SAVED)
        if (kind := record.text("kind")) != cls.kind:
            raise InterventionError(f"{place}: holds a {kind} intervention; expected {cls.kind}")
        arrays = read_arrays(place, record, SAVED)
        try:
            found = cls(**record.content["parameters"])
            found.identity_ = record.content["identity"]
            found.restore(arrays)
        except (LookupError, TypeError, ValueError, AttributeError) as error:
            raise InterventionError(
                f"{place}: cannot be read: {type(error).__name__}: {error}; {SAVED.remedy}"
            ) from error
        return found


def batches_of(states: Vectors, layer: int | None) -> Iterator[tuple[Sequence[int], NDArray[np.float32]]]:
    """The words of `BATCH` sentences after the other: the sentences' numbers and their (words, dim) vectors.

    Raises:
        InterventionError: the layer is not in the states, or a value is not finite.
    """
    source = as_states(states, layer=layer)
    if layer is None and len(source.layers) > 1:
        raise InterventionError(
            f"the states hold layers {list(source.layers)}; expected an intervention of one of them"
        )
    wanted = int(source.layers[0]) if layer is None else layer
    if wanted not in source.layers:
        raise InterventionError(f"layer {wanted} is not in the states, which hold {list(source.layers)}")
    sentences = len(source.lengths)
    for first in range(0, sentences, BATCH):
        numbers = range(first, min(first + BATCH, sentences))
        words = source.read(list(numbers), [wanted])[0]
        if not np.isfinite(words).all():
            row = int(np.flatnonzero(~np.isfinite(words).all(1))[0])
            bounds = np.cumsum(np.asarray(source.lengths)[list(numbers)])
            sentence = first + int(np.searchsorted(bounds, row, "right"))
            raise InterventionError(f"layer {wanted} of sentence {sentence + 1} is not finite; expected numbers")
        yield numbers, words


def identity_of(states: Vectors) -> dict[str, Any]:
    """The record of where vectors came from; {} for plain arrays."""
    return dict(getattr(states, "identity", {}))
