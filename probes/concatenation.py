"""Several layers of states side by side, for probes of all of them at once."""

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from treeprobe.probes.states import States


class ConcatenatedStates:
    """The vectors of some layers joined end to end, (words, layers · dim), as the only layer there is.

    A linear probe of these, B = [B₁ … Bₖ], maps a word to Σ Bᵢhᵢ. The learnt weighted sum of layers (the scalar mix of
    Peters et al. 2018, equation 1) is the case Bᵢ = sᵢB; so whatever linear map of a mixture finds, this can find.
    Give probes no layer (`layer=None`).
    """

    def __init__(self, states: States, layers: Sequence[int] | None = None) -> None:
        """Wrap some layers of the states, or all. Raises ValueError for a layer that they do not hold, or twice."""
        self.joined = tuple(states.layers if layers is None else layers)
        if not self.joined or len(set(self.joined)) < len(self.joined) or set(self.joined) - set(states.layers):
            raise ValueError(
                f"layers: found {list(self.joined)}; expected one or more of {list(states.layers)}, each once"
            )
        self._source = states
        self.layers = (0,)
        self.lengths = np.asarray(states.lengths)
        self.dim = len(self.joined) * states.dim
        self.identity = {**getattr(states, "identity", {}), "concatenated": list(self.joined)}

    def __len__(self) -> int:
        """The number of sentences."""
        return len(self.lengths)

    def read(self, sentences: Any, layers: Iterable[int] | None = None) -> NDArray[np.float32]:
        """The words of those sentences back to back, (1, words, layers · dim)."""
        return np.concatenate(list(self._source.read(sentences, self.joined)), axis=1)[None]
