"""What a representation adds to a baseline: probes of both side by side, less probes of the baseline alone.

Hewitt et al. (2021), "Conditional probing: measuring usable information beyond a baseline". The value of a layer given
a baseline is the score of a probe of [layer; baseline] less that of a probe of the same family of [zeros; baseline]. A
layer is not charged for what it lacks of the baseline, nor credited with what the baseline has already.
"""

from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from treeprobe.probes.states import ALONE, States
from treeprobe.probes.structural import LinearProbe


class ConditionalStates:
    """Each layer's vectors with those of a baseline beside them, (words, dim of the layer + dim of the baseline).

    The layers have the numbers that they have in the states; layer `ALONE` is the baseline beside zeros, so that every
    probe has as many parameters. Where the baseline is one of the layers, that layer stands beside itself: it adds
    nothing, by construction.
    """

    def __init__(self, states: States, baseline: int | States = 0) -> None:
        """Put a baseline beside all layers: one of the layers, or other states of one layer for the same words.

        Raises:
            ValueError: the states hold no such layer, or the baseline has several layers or other words.
        """
        if isinstance(baseline, int):
            if baseline not in states.layers:
                raise ValueError(f"baseline: found layer {baseline}; expected one of {list(states.layers)}")
            width = states.dim
        else:
            if len(baseline.layers) != 1:
                raise ValueError(f"baseline: found states of layers {list(baseline.layers)}; expected those of one")
            if not np.array_equal(baseline.lengths, states.lengths):
                raise ValueError(
                    f"baseline: found {len(baseline.lengths)} sentences of {np.sum(baseline.lengths)} words; expected "
                    f"those of the states, {len(states.lengths)} of {np.sum(states.lengths)}"
                )
            width = baseline.dim
        self._states, self._baseline = states, baseline
        self.layers = (ALONE, *states.layers)
        self.lengths = np.asarray(states.lengths)
        self.dim = states.dim + width
        self.identity = _identity(states, baseline)

    def __len__(self) -> int:
        """The number of sentences."""
        return len(self.lengths)

    def read(self, sentences: Any, layers: Iterable[int] | None = None) -> NDArray[np.float32]:
        """The words of those sentences back to back, (layers, words, dim)."""
        asked = np.array(self.layers if layers is None else list(layers))
        own, beside = self.read_apart(sentences, asked.tolist())
        found = np.zeros((len(asked), len(beside), self.dim), dtype=np.float32)
        found[asked != ALONE, :, : self._states.dim] = own
        found[:, :, self._states.dim :] = beside
        return found

    def read_apart(self, sentences: Any, layers: Iterable[int]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """The two parts: own vectors, (layers without `ALONE`, words, dim), and the baseline's, (words, dim)."""
        present = [layer for layer in layers if layer != ALONE]
        if isinstance(self._baseline, int):
            read = self._states.read(sentences, [*present, self._baseline])
            return read[:-1], read[-1]
        beside = self._baseline.read(sentences)[0]
        empty = np.empty((0, len(beside), self._states.dim), dtype=np.float32)
        return self._states.read(sentences, present) if present else empty, beside


class ProjectedStates:
    """The words of a probe's layer under its map, (words, rank), as the only layer there is.

    As a baseline it stands for what the probe reads off its layer, and probes beside it cost little more than without
    it. Directions of the baseline that matter only together with a layer are lost: they are not counted as added.
    """

    def __init__(self, states: States, probe: LinearProbe) -> None:
        """Read the states through a fitted probe."""
        self._states, self._layer = states, int(states.layers[0]) if probe.layer is None else probe.layer
        self._map = np.ascontiguousarray(probe.matrix_.T)
        self.layers = (0,)
        self.lengths = np.asarray(states.lengths)
        self.dim = self._map.shape[1]
        self.identity = {**getattr(states, "identity", {}), "projected": [probe.kind, self._layer, probe.rank]}

    def __len__(self) -> int:
        """The number of sentences."""
        return len(self.lengths)

    def read(self, sentences: Any, layers: Iterable[int] | None = None) -> NDArray[np.float32]:
        """The words of those sentences back to back, (1, words, rank)."""
        return self._states.read(sentences, [self._layer]) @ self._map


def _identity(states: States, baseline: int | States) -> dict[str, Any]:
    """The states' own record, with what stands beside them; the format of storage only where it is that of both."""
    own: dict[str, Any] = dict(getattr(states, "identity", {}))
    if isinstance(baseline, int):
        return {**own, "beside": baseline}
    theirs: dict[str, Any] = dict(getattr(baseline, "identity", {}))
    formats = {one.get("settings", {}).get("storage") for one in (own, theirs)}
    if len(formats) > 1 and "settings" in own:
        own["settings"] = {**own["settings"], "storage": "float32"}
    return {**own, "beside": theirs}
