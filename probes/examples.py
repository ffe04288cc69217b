"""Vectors and gold values of some sentences, found to belong together and read batch by batch."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
import torch
from numpy.typing import NDArray

from treeprobe.probes.batches import Batch, ahead, read_batch
from treeprobe.probes.states import States
from treeprobe.probes.targets import BatchGold, Kind, PackedTargets, Targets
from treeprobe.probes.trainable import Trainable


@dataclass(frozen=True)
class Examples:
    """The states of some sentences, and the gold values that some probes are trained on."""

    states: States
    targets: dict[Kind, PackedTargets]
    lengths: NDArray[np.int64]

    @classmethod
    def of(cls, probes: Sequence[Trainable], states: States, targets: Targets) -> "Examples":
        """Pack what these probes need. Raises ValueError where layers, ranks, lengths or values do not fit."""
        lengths = np.asarray(states.lengths)
        if not len(lengths) or lengths.min() < 1:
            raise ValueError("expected at least one sentence, and at least one word in every sentence")
        for probe in probes:
            if probe.layer is not None and probe.layer not in states.layers:
                raise ValueError(f"no layer {probe.layer} in the states; they hold layers {list(states.layers)}")
            if not 1 <= probe.rank <= states.dim:
                raise ValueError(f"rank {probe.rank}; expected 1 to {states.dim}, the width of the vectors")
        kinds = {kind for probe in probes for kind in probe.needs}
        known = next((probe.relations for probe in probes if probe.relations), ())
        return cls(states, {kind: PackedTargets(kind, targets, states, relations=known) for kind in kinds}, lengths)

    def __len__(self) -> int:
        """The number of sentences."""
        return len(self.lengths)

    def batches(
        self, order: Sequence[NDArray[np.int64]], *, layers: Sequence[int], device: torch.device
    ) -> Iterator[tuple[Batch, BatchGold]]:
        """The batches of `order` with those layers and the gold values, each read while its forerunner is worked on."""
        return ahead(partial(self._read, sentences, layers, device) for sentences in order)

    def _read(
        self, sentences: NDArray[np.int64], layers: Sequence[int], device: torch.device
    ) -> tuple[Batch, BatchGold]:
        batch = read_batch(self.states, sentences, layers).to(device)
        return batch, {kind: packed.of(batch) for kind, packed in self.targets.items()}
