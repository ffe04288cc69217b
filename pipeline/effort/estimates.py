"""Numbers with what they are on each bootstrap sample, so that anything computed of them has a paired interval."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from treeprobe.parsing import Tally
from treeprobe.parsing.scores import resample
from treeprobe.parsing.scores.resampling import interval
from treeprobe.probes import hypervolume, pareto_front


@dataclass(frozen=True)
class Estimate:
    """A number, its values on bootstrap samples, (samples,), and how many units it averages over.

    `clusters` are the documents or sentences that a sample draws.
    """

    value: float
    samples: NDArray[np.float64]
    n: int
    clusters: int

    def __sub__(self, other: "Estimate") -> "Estimate":
        """The difference, on the same samples."""
        return Estimate(self.value - other.value, self.samples - other.samples, self.n, self.clusters)

    @property
    def interval(self) -> tuple[float, float]:
        """Its 95 % interval."""
        return interval(self.samples, clusters=self.clusters)


def estimates(tallies: Sequence[Tally]) -> list[Estimate]:
    """Micro averages over the same sentences, all on the same samples of them."""
    found = resample(tallies)
    return [Estimate(tally.value, samples, tally.n, found.clusters) for tally, samples in zip(tallies, found.values)]


def volume(complexity: Sequence[float], accuracy: Sequence[Estimate], *, least: float, most: float) -> Estimate:
    """The hypervolume below the front of some points (`probes.hypervolume`).

    On each sample it is that of the probes that are on the front of all sentences: were the front drawn anew, the best
    of several noisy numbers would make every sample's hypervolume too large.
    """
    costs, gains = np.array(complexity), np.array([one.value for one in accuracy])
    front = pareto_front(costs, gains)
    order = np.flatnonzero(front)[np.argsort(costs[front], kind="stable")]
    widths = np.diff(np.clip(costs[order], least, most), append=most) / (most - least)
    samples = widths @ np.stack([accuracy[place].samples for place in order])
    value = float(hypervolume(costs, gains, least=least, most=most))
    return Estimate(value, samples, accuracy[0].n, accuracy[0].clusters)
