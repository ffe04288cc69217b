"""Word vectors as the probes read them: any object with the interface of `States`, or plain arrays."""

from collections.abc import Iterable, Sequence
from typing import Any, Protocol, runtime_checkable

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor


@runtime_checkable
class States(Protocol):
    """Word-aligned vectors of many sentences on several layers, read a few sentences at a time."""

    @property
    def layers(self) -> Sequence[int]:
        """The layers that can be read."""

    @property
    def lengths(self) -> NDArray[np.int64]:
        """Words in each sentence, (sentences,)."""

    @property
    def dim(self) -> int:
        """Width of a vector."""

    def read(self, sentences: Any, layers: Iterable[int] | None = None) -> NDArray[np.float32]:
        """The words of those sentences back to back, (layers, words, dim)."""


Vectors = States | Sequence[NDArray[Any]]

ALONE = -1
"""The layer of `ConditionalStates` whose own vectors are zeros, so that probes read the baseline alone."""


class ArrayStates:
    """Vectors in memory, one (words, dim) array a sentence, as layer `layer`."""

    def __init__(self, arrays: Sequence[NDArray[Any]], *, layer: int = 0) -> None:
        """Keep the arrays, not copies. Raises ValueError where there are none, or not all are (words, dim)."""
        _check_arrays(arrays)
        self.layers = (layer,)
        self.lengths = np.array([len(array) for array in arrays], dtype=np.int64)
        self.dim = int(arrays[0].shape[1])
        self._arrays = arrays

    def __len__(self) -> int:
        """The number of sentences."""
        return len(self._arrays)

    def read(self, sentences: Any, layers: Iterable[int] | None = None) -> NDArray[np.float32]:
        """The words of those sentences back to back, (1, words, dim)."""
        wanted = np.arange(len(self))[sentences] if isinstance(sentences, slice) else sentences
        return np.concatenate([np.asarray(self._arrays[i], dtype=np.float32) for i in wanted])[None]


class SomeStates:
    """Some sentences of other states, chosen by number or as a slice; read from where they are, without a copy."""

    def __init__(self, states: States, rows: NDArray[np.int64] | slice) -> None:
        self._states, self._rows = states, np.arange(len(states.lengths))[rows]
        self.layers, self.dim = tuple(states.layers), states.dim
        self.lengths = np.asarray(states.lengths)[self._rows]
        self.identity = dict(getattr(states, "identity", {}))

    def __len__(self) -> int:
        """The number of sentences."""
        return len(self._rows)

    def read(self, sentences: Any, layers: Iterable[int] | None = None) -> NDArray[np.float32]:
        """The words of those sentences back to back, (layers, words, dim)."""
        return self._states.read(self._rows[sentences], layers)

    def read_stored(self, sentences: Any, layers: Iterable[int] | None = None) -> Tensor:
        """What `read` returns, in the number format in which it is stored where the states have it so."""
        return read_stored(self._states, self._rows[sentences], layers)

    def read_apart(
        self, sentences: Any, layers: Iterable[int]
    ) -> tuple[NDArray[np.float32], NDArray[np.float32] | None]:
        """What `read` returns in its parts, where the states have a part that all layers share."""
        return read_apart(self._states, self._rows[sentences], layers)


def read_stored(states: States, sentences: Any, layers: Iterable[int] | None = None) -> Tensor:
    """What `states.read` returns, in the number format in which it is stored where they have it so, else float32."""
    stored = getattr(states, "read_stored", None)
    return torch.from_numpy(states.read(sentences, layers)) if stored is None else stored(sentences, layers)


def read_apart(
    states: States, sentences: Any, layers: Iterable[int]
) -> tuple[NDArray[np.float32], NDArray[np.float32] | None]:
    """What `states.read` returns, (layers, words, dim), without the part that all layers share; and that part, once.

    The second, (words, dim), is None for states without such a part: `ConditionalStates` alone have one.
    """
    apart = getattr(states, "read_apart", None)
    return (states.read(sentences, layers), None) if apart is None else apart(sentences, layers)


def evenly_spaced(sentences: int, *, most: int) -> NDArray[np.int64]:
    """Numbers of at most `most` sentences, spread evenly through the corpus, which may be ordered by genre."""
    return np.unique(np.linspace(0, sentences - 1, most).astype(np.int64))


def _check_arrays(arrays: Sequence[NDArray[Any]]) -> None:
    """Raises ValueError where they are not (words, dim) arrays of one width, or there are none."""
    if not len(arrays):
        raise ValueError("no sentences; expected at least one (words, dim) array")
    shapes = [np.shape(array) for array in arrays]
    for number, shape in enumerate(shapes, start=1):
        if len(shape) != 2 or shape[1] != shapes[0][-1]:
            raise ValueError(f"sentence {number} has shape {shape}; expected (words, {shapes[0][-1]})")


def as_states(states: Vectors, *, layer: int | None = None) -> States:
    """The argument itself where it has the interface of `States`; a list of arrays wrapped as the given layer."""
    if isinstance(states, States):
        return states
    return ArrayStates(states, layer=0 if layer is None else layer)
