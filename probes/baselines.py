"""Vectors as they are, and uncontextual ones mixed by a fixed or random context: what word vectors and order explain.

Decay0 and Proj0 of Hewitt & Manning (2019). Each wraps a layer of some states and is computed as it is read, so that
nothing of the size of the corpus is held in memory.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.spatial.distance import pdist, squareform
from torch.nn.utils.rnn import pack_sequence, unpack_sequence

from treeprobe.devices import seeded
from treeprobe.probes.states import Vectors, as_states, evenly_spaced

SCALE_SENTENCES = 100  # sentences on which the scale of the vectors is estimated


class DerivedStates(ABC):
    """States computed from one layer of others, sentence by sentence, under the same layer number."""

    name: str

    def __init__(self, states: Vectors, *, layer: int = 0) -> None:
        """Wrap one layer of the states. Raises ValueError where they do not hold it."""
        self._source = as_states(states, layer=layer)
        if layer not in self._source.layers:
            raise ValueError(f"no layer {layer} in the states; they hold layers {list(self._source.layers)}")
        self.layers = (layer,)
        self.lengths = np.asarray(self._source.lengths)
        self.dim = self._source.dim
        self.identity = {**getattr(self._source, "identity", {}), "baseline": self.describe()}

    def __len__(self) -> int:
        """The number of sentences."""
        return len(self.lengths)

    def read(self, sentences: Any, layers: Iterable[int] | None = None) -> NDArray[np.float32]:
        """The words of those sentences back to back, (1, words, dim)."""
        wanted = np.arange(len(self))[sentences]
        words = self._source.read(wanted, self.layers)[0]
        parts = np.split(words, np.cumsum(self.lengths[wanted])[:-1])
        return np.concatenate(self.derive(parts))[None].astype(np.float32)

    @abstractmethod
    def derive(self, sentences: Sequence[NDArray[np.float32]]) -> list[NDArray[np.float32]]:
        """New vectors for some sentences, (words, dim) each."""

    @abstractmethod
    def describe(self) -> dict[str, Any]:
        """How the vectors were derived, for their identity."""


class DecayStates(DerivedStates):
    """Each word as the weighted mean of its sentence, the weight halving with each word of distance (Decay0).

    h'ᵢ = Σⱼ 2^-|i - j| hⱼ / Σⱼ 2^-|i - j|
    """

    def derive(self, sentences: Sequence[NDArray[np.float32]]) -> list[NDArray[np.float32]]:
        """Weighted means, by one matrix product a sentence."""
        return [_decay_weights(len(words)) @ words for words in sentences]

    def describe(self) -> dict[str, Any]:
        """The name of the baseline."""
        return {"name": "decay"}


class RandomLstmStates(DerivedStates):
    """Each word as a random bidirectional LSTM reads it in its sentence, untrained (Proj0).

    The two directions have half the width each; weights are drawn from `seed` as PyTorch initialises an LSTM. Vectors
    are divided by their standard deviation first, so that the gates work in the same range whatever the model.
    """

    def __init__(self, states: Vectors, *, layer: int = 0, seed: int = 0) -> None:
        """Wrap one layer of the states. Raises ValueError where they do not hold it, or their width is odd."""
        self.seed = seed
        super().__init__(states, layer=layer)
        half, rest = divmod(self.dim, 2)
        if rest:
            raise ValueError(f"vectors of width {self.dim}; expected an even width, half of it for each direction")
        with seeded(torch, seed):
            self._lstm = torch.nn.LSTM(self.dim, half, bidirectional=True).requires_grad_(False)
        sample = evenly_spaced(len(self), most=SCALE_SENTENCES)
        self._deviation = float(self._source.read(sample, self.layers).std()) or 1.0

    @torch.inference_mode()
    def derive(self, sentences: Sequence[NDArray[np.float32]]) -> list[NDArray[np.float32]]:
        """Outputs of the LSTM, all sentences at once."""
        packed = pack_sequence([torch.from_numpy(words) / self._deviation for words in sentences], enforce_sorted=False)
        return [words.numpy() for words in unpack_sequence(self._lstm(packed)[0])]

    def describe(self) -> dict[str, Any]:
        """The name of the baseline and its seed."""
        return {"name": "random BiLSTM", "seed": self.seed}


def untransformed_distances(states: Vectors, *, layer: int | None = None) -> list[NDArray[np.float32]]:
    """The squared L2 distances between the words of each sentence as they are: a distance probe with B = I.

    Args:
        states: of the sentences.
        layer: the layer that is read; None for the only one there is.

    Returns:
        (words, words) for each sentence.
    """
    source = as_states(states, layer=layer)
    wanted = [source.layers[0] if layer is None else layer]
    vectors = (source.read([sentence], wanted)[0] for sentence in range(len(source.lengths)))
    return [squareform(pdist(words, "sqeuclidean"), checks=False).astype(np.float32) for words in vectors]


def _decay_weights(words: int) -> NDArray[np.float32]:
    """Weights that halve with each step from the diagonal, rows summing to 1, (words, words)."""
    places = np.arange(words)
    weights = 0.5 ** np.abs(places[:, None] - places)
    return (weights / weights.sum(axis=1, keepdims=True)).astype(np.float32)
